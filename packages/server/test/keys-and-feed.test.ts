import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { GuardError, createGuard } from '@signet/guard'
import { GUARD_NAME_HEADER, HELD_KEYS_HEADER, REVOCATION_FEED_PATH } from '@signet/protocol'
import { openCore } from '../src/app.ts'
import { createAccount } from '../src/flows/create-account.ts'
import { listKeys } from '../src/flows/list-keys.ts'
import { revokeKey } from '../src/flows/revoke-key.ts'
import { foreseeRotation } from '../src/flows/rotate-keys.ts'
import { PASSWORD, login, refresh, signUp } from './support/people.ts'
import { START, startServer } from './support/server.ts'
import type { TestServer } from './support/server.ts'

const SOURCE = { address: 'local', userAgent: 'test', requestId: 'test' }
const LEAD = 310

/** One open stream of the feed. */
interface FollowedFeed {
  /** Reads on until `pattern` has been heard. */
  until(pattern: RegExp): Promise<void>
  close(): void
}

/** Follows the feed as a guard that holds these keys. */
async function follow(url: string, kids: readonly string[]): Promise<FollowedFeed> {
  const closing = new AbortController()
  const headers = { accept: 'text/event-stream', [HELD_KEYS_HEADER]: kids.join(), [GUARD_NAME_HEADER]: 'orders-api' }
  const { status, body } = await fetch(`${url}${REVOCATION_FEED_PATH}`, { headers, signal: closing.signal })
  assert.equal(status, 200)
  assert.ok(body !== null)
  const reader = body.getReader()
  let heard = ''
  return {
    async until(pattern) {
      while (!pattern.test(heard)) {
        const { value, done } = await reader.read()
        assert.equal(done, false, heard)
        heard += Buffer.from(value ?? []).toString('utf8')
      }
    },
    close: () => closing.abort(),
  }
}

async function administrator(server: TestServer): Promise<string> {
  const account = { email: 'root@example.com', password: PASSWORD, name: null, roles: ['admin'] }
  await createAccount(server.context, account, SOURCE)
  return (await login(server, account.email)).accessToken
}

async function published(server: TestServer): Promise<readonly string[]> {
  const { json } = await server.call('/.well-known/jwks.json')
  return (json['keys'] as readonly { readonly kid: string }[]).map(({ kid }) => kid)
}

test('KY-03, KY-04: a guard on the feed says which keys it holds: a rotation waits for it, a revocation reaches it', async (t) => {
  const server = await startServer(t, { settings: { adminApi: true, revocationFeed: 'open', port: 0 } })
  const { url } = await server.listen()
  const token = await administrator(server)
  const [first = ''] = await published(server)

  const before = await follow(url, [first])
  const { json } = await server.call('/admin/keys/rotate', { method: 'POST', token })
  const second = String(json['pending'])
  server.clock.now = START + LEAD
  await server.keySchedule.tick()
  const { json: waiting } = await server.call('/admin/keys', { token })
  assert.deepEqual(waiting['rotation'], { pending: second, not_before: START + LEAD, waits_for: ['orders-api'] })

  const after = await follow(url, [first, second])
  before.close()
  while (server.feed.connectedGuards().length > 1) await setImmediate()
  await server.keySchedule.tick()
  assert.equal((await published(server))[0], second)

  const fresh = await login(server, 'root@example.com')
  await server.call(`/admin/keys/${first}/revoke`, { method: 'POST', token: fresh.accessToken })
  await after.until(new RegExp(`event: revoke\ndata: .*"kind":"key","kid":"${first}"`))
  after.close()
})

test('KY-03: another process that looks ahead knows the guards of this one, and changes nothing', async (t) => {
  const server = await startServer(t, { settings: { revocationFeed: 'open', port: 0 } })
  const { url } = await server.listen()
  const [first = ''] = await published(server)
  const feed = await follow(url, [first])
  await server.keySchedule.tick()
  const beside = await openCore(server.config, { now: () => server.clock.now })
  t.after(() => beside.close())
  const before = await listKeys(beside.context)
  assert.deepEqual(await foreseeRotation(beside.context), {
    pending: null,
    notBefore: START + LEAD,
    waitsFor: ['orders-api'],
  })
  assert.deepEqual(await listKeys(beside.context), before)
  feed.close()
})

test('KY-04: a guard refuses the tokens of a revoked key as soon as it hears of it, and takes those of the next one', async (t) => {
  const server = await startServer(t, { settings: { issuer: null, port: 0 } })
  await server.listen()
  const { issuer } = server.config
  const guard = createGuard({ issuer, audience: issuer, now: () => server.clock.now })
  t.after(() => guard.close())
  await guard.ready()
  const ann = await signUp(server, 'ann@example.com')
  const verdict = async (token: string): Promise<string> => {
    try {
      await guard.authenticate({ method: 'GET', url: '/', header: bearer(token) })
      return 'admitted'
    } catch (error) {
      return error instanceof GuardError ? error.code : 'unexpected'
    }
  }
  assert.equal(await verdict(ann.accessToken), 'admitted')

  const [stolen = ''] = await published(server)
  await revokeKey(server.context, stolen, SOURCE)
  let refused = await verdict(ann.accessToken)
  for (; refused === 'admitted'; refused = await verdict(ann.accessToken)) await setImmediate()
  assert.equal(refused, 'token_revoked')
  const renewed = await refresh(server, ann.refreshToken)
  assert.equal(await verdict(String(renewed.json['access_token'])), 'admitted')
  // by now the guard has fetched the published set again, and the key is not in it
  assert.equal(await verdict(ann.accessToken), 'token_invalid')
})

function bearer(token: string): (name: string) => string | undefined {
  return (name) => (name === 'authorization' ? `Bearer ${token}` : undefined)
}

test('whoever follows the feed without naming keys verifies nothing, and is not waited for', async (t) => {
  const server = await startServer(t, { settings: { adminApi: true, revocationFeed: 'open', port: 0 } })
  const { url } = await server.listen()
  const token = await administrator(server)
  const [first = ''] = await published(server)
  const feed = await follow(url, [])
  await server.call('/admin/keys/rotate', { method: 'POST', token })
  server.clock.now = START + LEAD
  await server.keySchedule.tick()
  assert.notEqual((await published(server))[0], first)
  feed.close()
})
