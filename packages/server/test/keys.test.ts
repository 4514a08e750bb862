import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { Timers } from '../src/feed/timers.ts'
import { createAccount } from '../src/flows/create-account.ts'
import { createKeySchedule } from '../src/flows/key-schedule.ts'
import { PASSWORD, claimsOf, headerOf, login, refresh, signUp } from './support/people.ts'
import { START, startServer } from './support/server.ts'
import type { ServerOptions, TestServer } from './support/server.ts'

const SOURCE = { address: 'local', userAgent: 'test', requestId: 'test' }
const DAY = 86_400
/** 300 s of JWKS max-age and 10 s of margin. */
const LEAD = 310

/** A server whose schedule moves only when a test says so. */
interface ScheduledServer extends TestServer {
  tick(): Promise<void>
}

const STOPPED: Timers = { every: () => () => {}, after: () => () => {}, pause: async () => {} }

async function startScheduled(t: TestContext, options: ServerOptions = {}): Promise<ScheduledServer> {
  const server = await startServer(t, { timers: STOPPED, ...options })
  return { ...server, tick: () => server.keySchedule.tick() }
}

async function published(server: TestServer): Promise<readonly string[]> {
  const { json } = await server.call('/.well-known/jwks.json')
  return (json['keys'] as readonly { readonly kid: string }[]).map(({ kid }) => kid)
}

async function keyEvents(server: TestServer): Promise<readonly string[]> {
  const events = await server.context.store.events.list({ limit: 1000 })
  return events.map(({ type }) => type).filter((type) => type.startsWith('key.'))
}

async function administrator(server: TestServer): Promise<string> {
  await createAccount(
    server.context,
    { email: 'root@example.com', password: PASSWORD, name: null, roles: ['admin'] },
    SOURCE,
  )
  return (await login(server, 'root@example.com')).accessToken
}

async function isAccepted(server: TestServer, token: string): Promise<boolean> {
  return (await server.call('/auth/me', { token })).status === 200
}

test('KY-03: a scheduled rotation publishes, waits, signs, retires and drops, and every token passes all along', async (t) => {
  const server = await startScheduled(t)
  const [first = ''] = await published(server)
  await server.tick()
  assert.deepEqual(await published(server), [first])

  server.clock.now = START + 30 * DAY - LEAD
  await server.tick()
  const [, second = ''] = await published(server)
  const ann = await signUp(server, 'ann@example.com')
  assert.equal(headerOf(ann.accessToken)['kid'], first, 'the next key is published and does not sign')

  server.clock.now += LEAD - 1
  await server.tick()
  const late = await login(server, 'ann@example.com')
  assert.equal(headerOf(late.accessToken)['kid'], first)

  server.clock.now += 1
  await server.tick()
  assert.deepEqual(await published(server), [second, first])
  const next = await login(server, 'ann@example.com')
  assert.equal(headerOf(next.accessToken)['kid'], second)
  assert.ok(await isAccepted(server, late.accessToken), 'the old key’s tokens pass')
  assert.ok(await isAccepted(server, next.accessToken))

  server.clock.now += 898
  assert.ok(await isAccepted(server, late.accessToken), 'to the last second')
  server.clock.now += 67
  await server.tick()
  assert.deepEqual(await published(server), [second])
  assert.equal((await server.context.store.signingKeys.list()).length, 1, 'its private half is gone')
  assert.deepEqual(await keyEvents(server), [
    'key.created',
    'key.published',
    'key.activated',
    'key.retired',
    'key.dropped',
  ])
})

test('KY-03: published keys were once cacheable for a day: a new key waits a day, whatever is configured now', async (t) => {
  const before = await startServer(t, { settings: { jwksMaxAgeSeconds: DAY } })
  await before.close()
  const server = await startScheduled(t, { directory: before.directory, settings: { adminApi: true } })
  const token = await administrator(server)
  const { json } = await server.call('/admin/keys/rotate', { method: 'POST', token })
  assert.equal(json['not_before'], START + DAY + 10)
  server.clock.now = START + DAY + 9
  await server.tick()
  const [first] = await published(server)
  server.clock.now += 1
  await server.tick()
  const [second] = await published(server)
  assert.notEqual(second, first)
  assert.equal(second, json['pending'])
})

test('KY-03: a rotation waits for a connected guard that lacks the key, says for whom, and goes on when it has it', async (t) => {
  const server = await startScheduled(t, { settings: { adminApi: true } })
  const token = await administrator(server)
  const [first = ''] = await published(server)
  const report = (kids: readonly string[]) =>
    server.context.store.connections.report('another node', [{ name: 'orders-api', kids }], server.clock.now)
  await report([first])
  const { json } = await server.call('/admin/keys/rotate', { method: 'POST', token })
  const second = String(json['pending'])
  assert.deepEqual(json, { started: true, pending: second, not_before: START + LEAD, waits_for: ['orders-api'] })

  server.clock.now = START + LEAD
  await report([first])
  await server.tick()
  assert.equal((await published(server))[0], first)
  assert.ok(server.logged.some((line) => line.includes('waits for guards') && line.includes('orders-api')))
  const listed = await server.call('/admin/keys', { token })
  assert.deepEqual(listed.json['rotation'], { pending: second, not_before: START + LEAD, waits_for: ['orders-api'] })

  await report([first, second])
  await server.tick()
  assert.equal((await published(server))[0], second)
})

test('a node that died does not hold a rotation up for ever', async (t) => {
  const server = await startScheduled(t, { settings: { adminApi: true } })
  const token = await administrator(server)
  const [first = ''] = await published(server)
  await server.context.store.connections.report('dead node', [{ name: 'orders-api', kids: [first] }], START)
  await server.call('/admin/keys/rotate', { method: 'POST', token })
  server.clock.now = START + LEAD
  await server.tick()
  assert.notEqual((await published(server))[0], first)
})

test('KY-03: two servers on one database rotate once, and each accepts what the other signs', async (t) => {
  const one = await startScheduled(t)
  const two = await startScheduled(t, { directory: one.directory })
  const both = [one, two]
  for (const now of [START + 30 * DAY - LEAD, START + 30 * DAY, START + 30 * DAY + 2000]) {
    for (const server of both) server.clock.now = now
    await Promise.all(both.map((server) => server.tick()))
    for (const server of both) await server.tick()
    const { accessToken } = await signUp(one, `at-${now}@example.com`)
    for (const server of both) assert.ok(await isAccepted(server, accessToken))
    assert.deepEqual(await published(one), await published(two))
  }
  assert.deepEqual(await keyEvents(one), [
    'key.created',
    'key.published',
    'key.activated',
    'key.retired',
    'key.dropped',
  ])
})

test('KY-04: a revoked key leaves the published set at once, its tokens are refused, and sessions go on with the next key', async (t) => {
  const server = await startScheduled(t, { settings: { adminApi: true } })
  const ann = await signUp(server, 'ann@example.com')
  const token = await administrator(server)
  const [stolen = ''] = await published(server)
  const answer = await server.call(`/admin/keys/${stolen}/revoke`, { method: 'POST', token })
  assert.equal(answer.status, 200, answer.text)
  const { successor } = answer.json

  assert.deepEqual(await published(server), [successor])
  assert.deepEqual([await isAccepted(server, ann.accessToken), await isAccepted(server, token)], [false, false])
  const renewed = await refresh(server, ann.refreshToken)
  assert.equal(renewed.status, 200)
  const accessToken = String(renewed.json['access_token'])
  assert.equal(headerOf(accessToken)['kid'], successor)
  assert.ok(await isAccepted(server, accessToken))

  const entries = (await server.context.store.revocations.since(0, 100)).map(({ entry }) => entry)
  assert.deepEqual(entries, [{ kind: 'key', kid: stolen, until: START + 5 + 300 + DAY + 60 }])
  const row = (await server.context.store.signingKeys.list()).find(({ kid }) => kid === stolen)
  assert.equal(row?.sealedPrivateJwk, '')
  assert.deepEqual(await keyEvents(server), ['key.created', 'key.revoked', 'key.created'])
})

test('KY-04: a pending key takes over from a revoked one; revoking again changes nothing', async (t) => {
  const server = await startScheduled(t, { settings: { adminApi: true } })
  const token = await administrator(server)
  const [stolen = ''] = await published(server)
  const { json } = await server.call('/admin/keys/rotate', { method: 'POST', token })
  const first = await server.call(`/admin/keys/${stolen}/revoke`, { method: 'POST', token })
  assert.equal(first.json['successor'], json['pending'])
  const again = await login(server, 'root@example.com')
  const second = await server.call(`/admin/keys/${stolen}/revoke`, { method: 'POST', token: again.accessToken })
  assert.deepEqual(second.json, { kid: stolen, successor: null })
  assert.equal((await server.context.store.revocations.since(0, 100)).length, 1)
  const unknown = await server.call('/admin/keys/nothing/revoke', { method: 'POST', token: again.accessToken })
  assert.deepEqual([unknown.status, unknown.code], [404, 'key_not_found'])
})

test('KY-04: a key revoked at one server is refused by the other from its next look on', async (t) => {
  const one = await startScheduled(t, { settings: { adminApi: true } })
  const two = await startScheduled(t, { directory: one.directory })
  const token = await administrator(one)
  const [stolen = ''] = await published(one)
  await one.call(`/admin/keys/${stolen}/revoke`, { method: 'POST', token })
  await two.tick()
  assert.deepEqual(await published(two), await published(one))
  assert.equal(await isAccepted(two, token), false)
})

test('a shared secret is not rotated or revoked here: it comes from the configuration', async (t) => {
  const hs256Secret = 'f3a9c1d24b7788e0915a6c3d2e4f5b60718293a4b5c6d7e8f9010a2b3c4d5e6f'
  const server = await startScheduled(t, { settings: { adminApi: true, algorithm: 'HS256', hs256Secret } })
  const token = await administrator(server)
  server.clock.now = START
  const rotated = await server.call('/admin/keys/rotate', { method: 'POST', token })
  assert.deepEqual([rotated.status, rotated.code], [409, 'keys_fixed'])
  const kid = String(headerOf(token)['kid'])
  const revoked = await server.call(`/admin/keys/${kid}/revoke`, { method: 'POST', token })
  assert.deepEqual([revoked.status, revoked.code], [409, 'keys_fixed'])
  server.clock.now = START + 400 * DAY
  await server.tick()
  assert.deepEqual(await keyEvents(server), ['key.created'])
})

const ADMIN_ROUTES = [
  { method: 'GET', path: '/admin/keys' },
  { method: 'POST', path: '/admin/keys/rotate' },
  { method: 'POST', path: '/admin/keys/x/revoke' },
] as const

for (const { method, path } of ADMIN_ROUTES) {
  test(`LA-05: ${method} ${path} is not there unless it was switched on`, async (t) => {
    const server = await startScheduled(t)
    const token = await administrator(server)
    assert.deepEqual((await server.call(path, { method, token })).code, 'not_found')
    assert.doesNotMatch((await server.call('/openapi.json')).text, /\/admin/)
  })

  test(`LA-05: ${method} ${path} wants a token, the role as it is now, and a fresh login`, async (t) => {
    const server = await startScheduled(t, { settings: { adminApi: true } })
    const codeFor = async (token?: string): Promise<unknown> =>
      (await server.call(path, { method, ...(token === undefined ? {} : { token }) })).code
    assert.equal(await codeFor(), 'token_missing')
    assert.equal(await codeFor((await signUp(server, 'ann@example.com')).accessToken), 'role_insufficient')

    const token = await administrator(server)
    server.clock.now = START + 599
    assert.ok([undefined, 'key_not_found'].includes((await codeFor(token)) as undefined))
    server.clock.now = START + 600
    assert.equal(await codeFor(token), 'login_too_old')

    const fresh = await login(server, 'root@example.com')
    server.clock.now += 600
    const renewed = await refresh(server, fresh.refreshToken)
    const stale = await server.call(path, { method, token: String(renewed.json['access_token']) })
    assert.equal(stale.code, 'login_too_old', 'a refresh is no login')
    assert.match(String(stale.headers['www-authenticate']), /error="insufficient_user_authentication"/)

    const former = await login(server, 'root@example.com')
    const { sub } = claimsOf(former.accessToken)
    await server.context.store.accounts.update(String(sub), { roles: [] }, [])
    assert.equal(await codeFor(former.accessToken), 'role_insufficient')
  })
}

test('KY-05: without its database a server goes on publishing keys, and logs the trouble once, not every second', async (t) => {
  const works: (() => void)[] = []
  const every: Timers['every'] = (_milliseconds, run) => {
    works.push(run)
    return () => {}
  }
  const server = await startServer(t, { timers: { ...STOPPED, every } })
  const keys = await published(server)
  await server.core.close()
  for (let second = 0; second < 5; second++) {
    for (const run of works) run()
    await setImmediate()
  }
  assert.deepEqual(await published(server), keys)
  assert.equal(server.logged.filter((line) => line.includes('keeping the keys failed')).length, 1)
})

test('LA-01: what an administrator did to the keys is in the log with their account and session', async (t) => {
  const server = await startScheduled(t, { settings: { adminApi: true } })
  const token = await administrator(server)
  const [kid = ''] = await published(server)
  await server.call('/admin/keys/rotate', { method: 'POST', token, from: '198.51.100.7' })
  await server.call(`/admin/keys/${kid}/revoke`, { method: 'POST', token, from: '198.51.100.7' })
  const { sub, sid } = claimsOf(token)
  const events = await server.context.store.events.list({ accountId: String(sub), limit: 100 })
  const done = events.filter(({ type }) => type.startsWith('key.'))
  assert.deepEqual(
    done.map(({ type, sessionId, source }) => [type, sessionId, source.address]),
    ['key.published', 'key.revoked', 'key.activated'].map((type) => [type, sid, '198.51.100.7']),
  )
})

test('a server that stops tells the others that its guards are gone', async (t) => {
  const kids = ['a']
  const server = await startScheduled(t)
  const schedule = createKeySchedule(server.context, {
    node: 'stopping',
    connectedGuards: () => [{ name: 'orders-api', kids }],
    source: SOURCE,
    onWait: () => {},
  })
  await schedule.tick()
  assert.deepEqual(await server.context.store.connections.list(START), [{ name: 'orders-api', kids }])
  await schedule.leave()
  assert.deepEqual(await server.context.store.connections.list(START), [])
})

test('what a node reports of its guards is written when it changes, and once a minute', async (t) => {
  const server = await startScheduled(t)
  const { connections } = server.context.store
  const reports: number[] = []
  const store = {
    ...server.context.store,
    connections: {
      ...connections,
      report: async (...report: Parameters<typeof connections.report>) => {
        reports.push(server.clock.now - START)
        return connections.report(...report)
      },
    },
  }
  let kids = ['a']
  const schedule = createKeySchedule(
    { ...server.context, store },
    { node: 'n', connectedGuards: () => [{ name: 'orders-api', kids }], source: SOURCE, onWait: () => {} },
  )
  for (const second of [0, 1, 59, 60, 61, 100, 120, 121]) {
    server.clock.now = START + second
    if (second === 100) kids = ['a', 'b']
    await schedule.tick()
  }
  assert.deepEqual(reports, [0, 60, 100])
})

test('the admin routes are in the OpenAPI when they are on, and tell no secret', async (t) => {
  const server = await startScheduled(t, { settings: { adminApi: true } })
  const { json } = await server.call('/openapi.json')
  assert.deepEqual(
    Object.keys(json['paths'] as object)
      .filter((path) => path.startsWith('/admin'))
      .toSorted(),
    ['/admin/keys', '/admin/keys/rotate', '/admin/keys/{kid}/revoke'],
  )
  const token = await administrator(server)
  const listed = await server.call('/admin/keys', { token })
  const [key, ...others] = listed.json['keys'] as readonly object[]
  assert.deepEqual(others, [])
  assert.deepEqual(Object.keys(key ?? {}).toSorted(), [
    'activated_at',
    'alg',
    'created_at',
    'kid',
    'leaves_at',
    'retired_at',
    'revoked_at',
    'state',
  ])
  assert.equal(listed.json['next_rotation_at'], START + 30 * DAY - LEAD)
})
