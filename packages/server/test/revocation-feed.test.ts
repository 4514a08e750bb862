import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import type { Revocation } from '@signet/protocol'
import { createGuardCredential } from '../src/flows/create-guard-credential.ts'
import { openSqliteStore } from '../src/store/sqlite/open.ts'
import { claimsOf, signUp } from './support/people.ts'
import { startResourceServer } from './support/resource-server.ts'
import { ISSUER, START, startServer } from './support/server.ts'
import type { TestServer } from './support/server.ts'

const PATH = '/auth/revocations'
const OPEN = { settings: { port: 0, revocationFeed: 'open' } }
const SOURCE = { address: 'local', userAgent: 'test', requestId: 'test' }

const aSession = (sid: string): Revocation => ({ kind: 'session', sid, until: START + 960 })

function add(server: TestServer, ...entries: readonly Revocation[]): Promise<void> {
  return server.context.store.revocations.add({ at: START, entries }, [])
}

describe('access', () => {
  test('RV-05: the feed of a public issuer is for guards with a credential, the stream and its head too', async (t) => {
    const server = await startServer(t)
    const { accessToken } = await signUp(server, 'ada@example.com')
    const { stored, credential } = await createGuardCredential(
      server.context,
      { name: 'orders', audience: null },
      SOURCE,
    )
    for (const headers of [{}, { accept: 'text/event-stream' }]) {
      for (const method of ['GET', 'HEAD'] as const) {
        assert.equal((await server.call(PATH, { method, headers })).status, 401)
        assert.equal((await server.call(PATH, { method, headers, token: accessToken })).status, 401)
      }
    }
    assert.equal((await server.call(PATH)).code, 'guard_credential_invalid')
    assert.equal((await server.call(PATH, { token: credential })).status, 200)
    assert.equal((await server.call(PATH, { token: credential })).headers['cache-control'], 'private, max-age=1')
    await server.context.store.guardCredentials.revoke(stored.id, START, [])
    assert.equal((await server.call(PATH, { token: credential })).status, 401)
  })

  test('the feed of this machine alone is open, unless it is configured otherwise', async (t) => {
    const issuer = 'http://localhost:4747'
    const open = await startServer(t, { settings: { issuer, allowedOrigins: [] } })
    assert.equal((await open.call(PATH)).status, 200)
    const closed = await startServer(t, { settings: { issuer, allowedOrigins: [], revocationFeed: 'credential' } })
    assert.equal((await closed.call(PATH)).status, 401)
  })

  test('RV-05: a day of the feed names nobody: ids and instants, no token, address or client', async (t) => {
    const server = await startServer(t, OPEN)
    const { url } = await server.listen()
    const guard = await startResourceServer(t, server, url)
    const people = []
    for (const email of ['ada@example.com', 'eve@example.com']) people.push(await signUp(server, email))
    for (const { refreshToken } of people) await server.call('/auth/logout', { body: { refresh_token: refreshToken } })
    await guard.caughtUp()
    const told = JSON.stringify(guard.entries) + (await server.call(PATH)).text
    for (const { email, accessToken, refreshToken } of people) {
      assert.ok(told.includes(String(claimsOf(accessToken)['sid'])))
      for (const secret of [email, accessToken, refreshToken, '192.0.2.1', 'signet"']) assert.ok(!told.includes(secret))
    }
  })
})

describe('the snapshot', () => {
  test('holds what was revoked before it was asked for, and is not sent again while nothing comes', async (t) => {
    const server = await startServer(t, OPEN)
    await add(server, aSession('ses_1'))
    const first = await server.call(PATH)
    assert.deepEqual(first.json['sessions'], { [START + 960]: ['ses_1'] })
    assert.equal(first.json['cursor'], '1.1')
    assert.equal(first.headers['cache-control'], 'public, max-age=1')
    assert.match(String(first.headers['vary']), /accept-encoding/)
    const etag = String(first.headers['etag'])
    const again = await server.call(PATH, { headers: { 'if-none-match': etag } })
    assert.deepEqual([again.status, again.text, again.headers['etag']], [304, '', etag])
    await add(server, aSession('ses_2'))
    assert.equal((await server.call(PATH, { headers: { 'if-none-match': etag } })).json['cursor'], '1.2')
    const head = await server.call(PATH, { method: 'HEAD' })
    assert.deepEqual([head.status, head.text, head.headers['etag']], [200, '', 'W/"1.2"'])
  })

  test('comes compressed as it is asked for', async (t) => {
    const server = await startServer(t, OPEN)
    await add(server, ...Array.from({ length: 200 }, (_, index) => aSession(`ses_${index}`)))
    const plain = (await server.call(PATH)).text
    for (const [accepted, encoding, decode] of [
      ['gzip, deflate, br', 'br', brotliDecompressSync],
      ['gzip', 'gzip', gunzipSync],
      ['br;q=0, *', 'gzip', gunzipSync],
    ] as const) {
      const response = await server.fastify.inject({ url: PATH, headers: { host: 'x', 'accept-encoding': accepted } })
      assert.equal(response.headers['content-encoding'], encoding, accepted)
      assert.equal(decode(response.rawPayload).toString(), plain)
    }
  })

  test('is named in the metadata, with the endpoints for services without a guard', async (t) => {
    const { json } = await (await startServer(t)).call('/.well-known/oauth-authorization-server')
    assert.equal(json['signet_revocation_feed'], ISSUER + PATH)
    assert.equal(json['revocation_endpoint'], `${ISSUER}/oauth/revoke`)
    assert.equal(json['introspection_endpoint'], `${ISSUER}/oauth/introspect`)
  })

  test('takes no query and no other method', async (t) => {
    const server = await startServer(t, OPEN)
    assert.equal((await server.call(`${PATH}?access_token=x`)).status, 400)
    assert.equal((await server.call(PATH, { method: 'POST', body: {} })).status, 405)
  })
})

describe('the stream', () => {
  test('RV-06: goes on from the last event id, and resets what is not of this history', async (t) => {
    const server = await startServer(t, OPEN)
    const { url } = await server.listen()
    await add(server, aSession('ses_1'), aSession('ses_2'), aSession('ses_3'))
    const guard = await startResourceServer(t, server, url, { 'last-event-id': '1.1' })
    await guard.caughtUp()
    assert.deepEqual(guard.entries, [aSession('ses_2'), aSession('ses_3')])
    for (const cursor of ['2.1', '1.4', '0.0', 'nonsense', '1.2 ']) {
      const lost = await startResourceServer(t, server, url, { 'last-event-id': cursor })
      if (cursor === '1.2 ') continue // white space around a header's value is not part of it
      await lost.ended()
      assert.deepEqual(lost.events, ['reset'], cursor)
    }
  })

  test('RV-06: readers that come and go while entries are written have each entry, at the end', async (t) => {
    const server = await startServer(t, OPEN)
    const { url } = await server.listen()
    const expected = Array.from({ length: 200 }, (_, index) => aSession(`ses_${index}`))
    const seen = new Set<string>()
    let cursor = '1.0'
    const writing = (async () => {
      for (const entry of expected) await add(server, entry)
    })()
    for (let connection = 0; seen.size < expected.length; connection++) {
      const leaving = new AbortController()
      const headers = { accept: 'text/event-stream', 'last-event-id': cursor }
      const response = await fetch(url + PATH, { headers, signal: leaving.signal })
      let text = ''
      // cut off in the middle of whatever it is
      for await (const chunk of response.body ?? []) {
        text += Buffer.from(chunk).toString()
        if (text.length > 60 + ((connection * 37) % 500)) break
      }
      leaving.abort()
      for (const block of text.slice(0, text.lastIndexOf('\n\n') + 1).split('\n\n')) {
        const data = /^data: (.*)$/m.exec(block)?.[1]
        const id = /^id: (.*)$/m.exec(block)?.[1]
        if (id === undefined || data === undefined) continue
        for (const entry of (JSON.parse(data) as { entries: Revocation[] }).entries) seen.add(JSON.stringify(entry))
        cursor = id
      }
    }
    await writing
    assert.deepEqual([...seen].toSorted(), expected.map((entry) => JSON.stringify(entry)).toSorted())
    assert.equal(cursor, '1.200')
  })

  test('what a command does beside the server reaches the guards within a second', async (t) => {
    const server = await startServer(t, OPEN)
    const { url } = await server.listen()
    const guard = await startResourceServer(t, server, url)
    const beside = await openSqliteStore({ path: `${server.directory}/signet.db` })
    await beside.revocations.add({ at: START, entries: [aSession('ses_1')] }, [])
    await beside.close()
    await guard.caughtUp()
    assert.deepEqual(guard.entries, [aSession('ses_1')])
  })

  test('RV-06: twenty guards hold exactly what the server has listed, entry by entry, after 300 commits at once', async (t) => {
    const server = await startServer(t, OPEN)
    const { url } = await server.listen()
    const early = await Promise.all(Array.from({ length: 10 }, () => startResourceServer(t, server, url)))
    const writes = Array.from({ length: 300 }, (_, index) => add(server, aSession(`ses_${index}`)))
    const late = await Promise.all(Array.from({ length: 10 }, () => startResourceServer(t, server, url)))
    await Promise.all(writes)
    const listed = (await server.context.store.revocations.since(0, 1000)).map(({ entry }) => entry)
    assert.equal(listed.length, 300)
    for (const guard of [...early, ...late]) {
      await guard.caughtUp()
      assert.deepEqual(guard.entries, listed)
    }
  })

  test('a guard says who it is and which keys it holds', async (t) => {
    const server = await startServer(t, OPEN)
    const { url } = await server.listen()
    const names = { 'signet-guard-name': 'orders\u00ad', 'signet-held-keys': 'k1, k2,,' }
    await startResourceServer(t, server, url, names)
    const [guard] = server.feed.connectedGuards()
    assert.deepEqual([guard?.name, guard?.kids, guard?.since], ['orders', ['k1', 'k2'], START])
  })

  test('RV-07: no more readers than allowed, and a closed connection makes room', async (t) => {
    const server = await startServer(t, { settings: { ...OPEN.settings, revocationFeedMaxReaders: 1 } })
    const { url } = await server.listen()
    const leaving = new AbortController()
    const headers = { accept: 'text/event-stream' }
    await fetch(url + PATH, { headers, signal: leaving.signal })
    const refused = await fetch(url + PATH, { headers })
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [503, '5'])
    assert.equal(((await refused.json()) as { code: string }).code, 'overloaded')
    leaving.abort()
    while (server.feed.connectedGuards().length > 0) await new Promise(setImmediate)
    await startResourceServer(t, server, url)
  })

  test('a server that stops ends the streams, and does not wait for them', async (t) => {
    const server = await startServer(t, OPEN)
    const { url } = await server.listen()
    const guard = await startResourceServer(t, server, url)
    await Promise.all([server.close(), guard.ended()])
    assert.deepEqual(guard.events, ['heartbeat'])
  })

  test('a HEAD of the stream has its type and opens none', async (t) => {
    const server = await startServer(t, OPEN)
    const head = await server.call(PATH, { method: 'HEAD', headers: { accept: 'text/event-stream' } })
    assert.deepEqual([head.status, head.headers['content-type']], [200, 'text/event-stream'])
    assert.deepEqual(server.feed.connectedGuards(), [])
  })
})
