import assert from 'node:assert/strict'
import { once } from 'node:events'
import { join } from 'node:path'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { ConfigError } from '../src/config/config-error.ts'
import { loadConfig } from '../src/config/load.ts'
import { openSqliteStore } from '../src/store/sqlite/open.ts'
import { StoreUnavailableError } from '../src/store/store.ts'
import type { Store } from '../src/store/store.ts'
import type { Answer } from './support/answer.ts'
import { PASSWORD, claimsOf, login, refresh, register, signUp, tokensOf } from './support/people.ts'
import { startServer } from './support/server.ts'
import type { Call, TestServer } from './support/server.ts'
import { listen, open, send, statuses, untilClosed } from './support/socket.ts'

const HOST = 'Host: auth.example.com\r\n'

test('TR-01: plain http outside this machine does not start, and over https HSTS is sent for a year', async (t) => {
  assert.throws(() => loadConfig({ env: { SIGNET_ISSUER: 'http://auth.example.com' } }), ConfigError)
  const secure = await startServer(t)
  assert.equal((await secure.call('/livez')).headers['strict-transport-security'], 'max-age=31536000')
  const local = await startServer(t, { settings: { issuer: 'http://localhost:4747' } })
  assert.equal((await local.call('/livez')).headers['strict-transport-security'], undefined)
})

const FORWARDED: readonly {
  readonly name: string
  readonly proxies: readonly string[]
  readonly header: string
  readonly seen: string
}[] = [
  { name: 'nobody is trusted', proxies: [], header: '203.0.113.9', seen: '10.0.0.1' },
  { name: 'another is trusted', proxies: ['10.0.0.2'], header: '203.0.113.9', seen: '10.0.0.1' },
  { name: 'the proxy is trusted', proxies: ['10.0.0.1'], header: '203.0.113.9', seen: '203.0.113.9' },
  { name: 'its network is trusted', proxies: ['10.0.0.0/8'], header: '203.0.113.9', seen: '203.0.113.9' },
  {
    name: 'the client made up a first entry',
    proxies: ['10.0.0.1'],
    header: '198.51.100.1, 203.0.113.9',
    seen: '203.0.113.9',
  },
  { name: 'two proxies are trusted', proxies: ['10.0.0.0/8'], header: '203.0.113.9, 10.0.0.7', seen: '203.0.113.9' },
  { name: 'what it passes on is no address', proxies: ['10.0.0.1'], header: '<script>', seen: '10.0.0.1' },
]

for (const { name, proxies, header, seen } of FORWARDED) {
  test(`TR-02: X-Forwarded-For when ${name}`, async (t) => {
    const server = await startServer(t, { settings: { trustedProxies: proxies } })
    const call = {
      from: '10.0.0.1',
      headers: { 'x-forwarded-for': header, 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http' },
    }
    await register(server, 'ann@example.com')
    const { accessToken } = await login(server, 'ann@example.com', {}, call)
    const session = await server.context.store.sessions.get(String(claimsOf(accessToken)['sid']))
    assert.equal(session?.session.address, seen)
    const { json } = await server.call('/.well-known/oauth-authorization-server', call)
    assert.equal(json['issuer'], 'https://auth.example.com')
  })
}

test('TR-04: a head that does not arrive in time is answered 408, and the connection closed', async (t) => {
  const port = await listen(await startServer(t, { settings: { headersTimeoutSeconds: 1 } }))
  const received = await send(port, 'GET /livez HTTP/1.1\r\nHost: a\r\nX-Slow: ')
  assert.deepEqual(statuses(received), [408])
  assert.match(received, /content-type: application\/problem\+json/)
})

test('TR-04: a body that does not arrive in time is answered, and the connection closed', async (t) => {
  const settings = { headersTimeoutSeconds: 1, requestTimeoutSeconds: 1 }
  const port = await listen(await startServer(t, { settings }))
  const head = `POST /auth/login HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{`
  const [status] = statuses(await send(port, head))
  assert.ok(status === undefined || status === 408 || status === 400, String(status))
})

test('TR-04: an idle connection is closed', async (t) => {
  const port = await listen(await startServer(t, { settings: { keepAliveTimeoutSeconds: 1 } }))
  assert.deepEqual(statuses(await send(port, `GET /livez HTTP/1.1\r\n${HOST}\r\n`)), [200])
})

test('TR-04: a header of 1 MB is answered 431, a body of 10 MB 413, without reading it all', async (t) => {
  const port = await listen(await startServer(t))
  const large = await send(port, `GET /livez HTTP/1.1\r\n${HOST}X-Large: ${'x'.repeat(1_000_000)}\r\n\r\n`)
  if (large !== '') assert.deepEqual(statuses(large), [431])
  const head = `POST /auth/login HTTP/1.1\r\n${HOST}Content-Type: application/json\r\n`
  const announced = await send(port, `${head}Content-Length: 10000000\r\n\r\n`)
  assert.deepEqual(statuses(announced), [413])
  const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`
  const chunked = await send(
    port,
    `${head}Transfer-Encoding: chunked\r\n\r\n`,
    ...Array.from({ length: 8 }, () => chunk),
  )
  assert.deepEqual(statuses(chunked), [413])
})

test('TR-04: connections beyond the limit are closed at once, and those open are served', async (t) => {
  const port = await listen(await startServer(t, { settings: { maxConnections: 2 } }))
  const [first, second] = [await open(port), await open(port)]
  const third = await open(port)
  assert.equal(await untilClosed(third), '')
  first.write(`GET /livez HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`)
  assert.deepEqual(statuses(await untilClosed(first)), [200])
  second.destroy()
})

const MEDIA_TYPES: readonly (readonly [string, number])[] = [
  ['application/json', 401],
  ['application/json; charset=utf-8', 401],
  ['Application/JSON;charset="UTF-8"', 401],
  ['application/json; charset=utf-16', 415],
  ['application/json; charset=iso-8859-1', 415],
  ['application/json; boundary=x', 415],
  ['application/json, text/plain', 415],
  ['application/jsonx', 415],
  ['application/problem+json', 415],
  ['text/json', 415],
  ['text/plain', 415],
  ['application/x-www-form-urlencoded', 415],
  ['multipart/form-data; boundary=x', 415],
  ['application/xml', 415],
  ['*/*', 415],
  ['application', 415],
  ['', 415],
]

test('TR-05: only JSON in UTF-8 is parsed', async (t) => {
  const server = await startServer(t)
  const body = JSON.stringify({ email: 'nobody@example.com', password: 'x' })
  for (const [type, status] of MEDIA_TYPES) {
    await t.test(`"${type}" gets ${status}`, async () => {
      assert.equal((await server.call('/auth/login', { body, type })).status, status)
    })
  }
})

test('TR-05: compressed bodies are refused before they are unpacked, UTF-16 and invalid UTF-8 before they are read', async (t) => {
  const server = await startServer(t)
  const bomb = gzipSync(Buffer.alloc(10_000_000, 0x20))
  for (const encoding of ['gzip', 'deflate', 'br', 'x-unknown', 'identity, gzip']) {
    const call: Call = { body: bomb, type: 'application/json', headers: { 'content-encoding': encoding } }
    assert.equal((await server.call('/auth/login', call)).code, 'content_type_unsupported', encoding)
  }
  const text = '{"email":"nobody@example.com","password":"x"}'
  const plain = { type: 'application/json', headers: { 'content-encoding': 'identity' } }
  assert.equal((await server.call('/auth/login', { ...plain, body: text })).status, 401)
  for (const body of [Buffer.from(text, 'utf16le'), Buffer.from(`\uFEFF${text}`), Buffer.from([0x22, 0xff, 0x22])]) {
    assert.equal((await server.call('/auth/login', { body, type: 'application/json' })).code, 'request_invalid')
  }
})

const SMUGGLING: readonly (readonly [string, string])[] = [
  ['two lengths', 'Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}'],
  ['two lengths in one line', 'Content-Length: 2, 3\r\n\r\n{}'],
  ['a length and chunks', 'Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['chunks and a length', 'Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n'],
  ['an unknown transfer encoding', 'Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n'],
  ['chunked, not last', 'Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n'],
  ['a negative length', 'Content-Length: -1\r\n\r\n{}'],
  ['a signed length', 'Content-Length: +2\r\n\r\n{}'],
  ['a hexadecimal length', 'Content-Length: 0x2\r\n\r\n{}'],
  ['a folded header', 'X-A: a\r\n b\r\nContent-Length: 2\r\n\r\n{}'],
  ['a blank before the colon', 'Content-Length : 2\r\n\r\n{}'],
  ['a NUL in a value', 'X-A: a\u0000b\r\nContent-Length: 2\r\n\r\n{}'],
  ['a bare CR in a value', 'X-A: a\rb\r\nContent-Length: 2\r\n\r\n{}'],
  ['a chunk size that is none', 'Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n'],
  ['two hosts', 'Host: evil.example\r\nContent-Length: 2\r\n\r\n{}'],
  ['two content types', 'Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}'],
]

test('TR-06: conflicting lengths, folding and their kin are refused, and the connection closes', async (t) => {
  const port = await listen(await startServer(t, { settings: { keepAliveTimeoutSeconds: 1 } }))
  for (const [name, rest] of SMUGGLING) {
    const received = await send(port, `POST /auth/refresh HTTP/1.1\r\n${HOST}Content-Type: application/json\r\n${rest}`)
    assert.deepEqual(statuses(received), [400], name)
    assert.match(received, /connection: close/i, name)
    assert.match(received, /application\/problem\+json/, name)
  }
  assert.deepEqual(statuses(await send(port, 'GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n')), [400], 'no host')
})

test('TR-08: while the database is away answers are 503 and readiness fails; liveness and keys stay; it heals by itself', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'signet-test-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const outage = { on: false }
  const store = unreliable(await openSqliteStore({ path: join(directory, 'signet.db') }), outage)
  const server = await startServer(t, { store })
  const { accessToken: token, refreshToken } = await signUp(server, 'ann@example.com')
  outage.on = true
  const answers = [
    await server.call('/readyz'),
    await server.call('/auth/login', { body: { email: 'ann@example.com', password: PASSWORD } }),
    await server.call('/auth/register', { body: { email: 'b@example.com', password: PASSWORD } }),
    await refresh(server, refreshToken),
    await server.call('/auth/logout', { body: { refresh_token: refreshToken } }),
    await server.call('/auth/me', { token }),
  ]
  for (const { status, code, headers, text } of answers) {
    assert.deepEqual([status, code, headers['retry-after']], [503, 'unavailable', '5'])
    assert.doesNotMatch(text, /sqlite|signet\.db|disk/i)
  }
  for (const path of ['/livez', '/.well-known/jwks.json']) assert.equal((await server.call(path)).status, 200)
  outage.on = false
  assert.equal((await server.call('/readyz')).status, 200)
  assert.equal((await refresh(server, refreshToken)).status, 200, 'the outage spent nothing')
})

test('TR-09: quotes, NULs and long texts in every field are values, never code', async (t) => {
  const server = await startServer(t)
  const { accessToken: token } = await signUp(server, 'ann@example.com')
  const texts = [
    "'; drop table accounts; --",
    '" or 1=1 --',
    '\\',
    '%_%',
    'a\u0000b',
    '${7*7}',
    '<svg/onload=x>',
    'x'.repeat(15_000),
  ]
  const codes = new Set<number>()
  for (const text of texts) {
    const answers: readonly Promise<Answer>[] = [
      server.call('/auth/login', { body: { email: text, password: text } }),
      server.call('/auth/login', { body: { email: 'ann@example.com', password: PASSWORD, scope: text } }),
      server.call('/auth/login', { body: { email: 'ann@example.com', password: PASSWORD, client_id: text } }),
      server.call('/auth/login', { body: { email: 'ann@example.com', password: PASSWORD, resource: text } }),
      server.call('/auth/register', { body: { email: text, password: text } }),
      server.call('/auth/refresh', { body: { refresh_token: text, client_id: text } }),
      server.call('/auth/logout', { body: { refresh_token: text } }),
      server.call('/auth/me', { method: 'PATCH', token, body: { name: text } }),
      server.call(`/auth/sessions/${encodeURIComponent(text)}`, { method: 'DELETE', token }),
    ]
    for (const { status } of await Promise.all(answers)) codes.add(status)
    server.clock.now += 3600
  }
  assert.deepEqual(
    [...codes].filter((status) => status >= 500),
    [],
  )
  const { json } = await server.call('/auth/me', { token: tokensOf(await loginAgain(server)).accessToken })
  assert.equal(json['email'], 'ann@example.com')
})

test('errors show neither stack, path, version nor the query', async (t) => {
  const server = await startServer(t)
  Object.assign(server.context.store.accounts, {
    findByEmail: () => Promise.reject(new RangeError('column secret_column in /srv/app/store.ts')),
  })
  const failed = await server.call('/auth/login', { body: { email: 'ann@example.com', password: PASSWORD } })
  assert.deepEqual([failed.status, failed.code], [500, 'internal'])
  assert.equal(failed.json['requestId'], failed.headers['x-request-id'])
  assert.deepEqual(Object.keys(failed.json).sort(), ['code', 'error', 'requestId', 'status', 'title', 'type'])
  const missing = await server.call('/no/such/path?token=abc')
  for (const { text } of [failed, missing])
    assert.doesNotMatch(text, /secret_column|store\.ts|\bat |node|fastify|\d+\.\d+\.\d+|abc/i)
  const line = server.logged.find((found) => found.includes(String(failed.headers['x-request-id'])))
  assert.match(line ?? '', /"level":50.*RangeError/, 'the operator sees it')
})

test('request ids are ours, whatever the client sends', async (t) => {
  const server = await startServer(t)
  const headers = { 'x-request-id': 'forged', 'request-id': 'forged' }
  const ids = await Promise.all(Array.from({ length: 20 }, () => server.call('/livez', { headers })))
  const seen = new Set(ids.map((answer) => String(answer.headers['x-request-id'])))
  assert.equal(seen.size, 20)
  for (const id of seen) assert.match(id, /^[A-Za-z0-9_-]{22}$/)
})

test('a closing server finishes what is under way, refuses what is new, and ends', async (t) => {
  const server = await startServer(t)
  const port = await listen(server)
  await register(server, 'ann@example.com')
  const gate = Promise.withResolvers<void>()
  const began = Promise.withResolvers<void>()
  const { passwords } = server.context
  const verify = passwords.verify.bind(passwords)
  const slowly = async (...given: Parameters<typeof verify>): ReturnType<typeof verify> => {
    began.resolve()
    await gate.promise
    return verify(...given)
  }
  Object.assign(passwords, { verify: slowly })
  // Half a request head, so that the connection is not idle when the server closes those that are.
  const newcomer = await open(port)
  newcomer.write(`GET /readyz HTTP/1.1\r\n${HOST}`)
  const socket = await open(port)
  const received = untilClosed(socket)
  const body = JSON.stringify({ email: 'ann@example.com', password: PASSWORD })
  const head = `POST /auth/login HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`
  socket.write(head + body)
  await began.promise
  const closed = server.close()
  await untilRefused(port)
  newcomer.write('\r\n')
  const refused = await untilClosed(newcomer)
  assert.deepEqual(statuses(refused), [503])
  assert.match(refused, /retry-after: 5\r\n/i)
  gate.resolve()
  assert.deepEqual(statuses(await received), [200])
  await closed
})

test('a closing server waits no longer than the grace', async (t) => {
  const server = await startServer(t, { settings: { shutdownGraceSeconds: 0 } })
  const port = await listen(server)
  const socket = await open(port)
  socket.write(`POST /auth/login HTTP/1.1\r\n${HOST}Content-Length: 10\r\nContent-Type: application/json\r\n\r\n`)
  await once(server.fastify.server, 'request')
  const received = untilClosed(socket)
  await server.close()
  await received
})

async function untilRefused(port: number): Promise<void> {
  const isRefused = (error: NodeJS.ErrnoException): boolean => error.code === 'ECONNREFUSED'
  while (!(await open(port).then((socket) => socket.destroy() === undefined, isRefused)));
}

async function loginAgain(server: TestServer): Promise<Answer> {
  server.clock.now += 86_400
  return server.call('/auth/login', { body: { email: 'ann@example.com', password: PASSWORD } })
}

/** A store whose every method fails while the outage lasts. */
function unreliable(store: Store, outage: { readonly on: boolean }): Store {
  const wrap = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(from, name) {
        const member: unknown = Reflect.get(from, name)
        if (typeof member === 'object' && member !== null) return wrap(member)
        if (typeof member !== 'function' || name === 'close') return member
        return (...given: unknown[]): unknown =>
          outage.on
            ? Promise.reject(new StoreUnavailableError('disk I/O error in signet.db'))
            : Reflect.apply(member, from, given)
      },
    })
  return wrap(store)
}

test('TR-02: requests through a proxy nobody named are warned of once', async (t) => {
  const server = await startServer(t)
  for (const header of ['203.0.113.1', '203.0.113.2']) {
    await server.call('/livez', { headers: { 'x-forwarded-for': header } })
  }
  assert.equal(server.logged.filter((line) => line.includes('SIGNET_TRUSTED_PROXIES')).length, 1)
  const named = await startServer(t, { settings: { trustedProxies: ['192.0.2.1'] } })
  await named.call('/livez', { headers: { 'x-forwarded-for': '203.0.113.1' } })
  assert.equal(named.logged.filter((line) => line.includes('SIGNET_TRUSTED_PROXIES')).length, 0)
})
