import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { SignetError } from '@signet/protocol'
import { loadArgon2 } from '../src/crypto/argon2.ts'
import { createPasswords } from '../src/crypto/passwords.ts'
import type { Answer } from './support/answer.ts'
import { REFRESH_COOKIE, SAME_ORIGIN } from './support/browser.ts'
import { PASSWORD, claimsOf, login, refresh, register, signUp, tokensOf } from './support/people.ts'
import { startServer } from './support/server.ts'
import type { Call, TestServer } from './support/server.ts'

function attempt(server: TestServer, email: string, password: string, call: Call = {}): Promise<Answer> {
  return server.call('/auth/login', { ...call, body: { email, password } })
}

/** Everything an observer can compare; the date and the random request id aside. */
function seen(answer: Answer): string {
  const { date: _date, 'x-request-id': id, ...headers } = answer.headers
  return JSON.stringify([answer.status, headers, String(id).length, answer.text])
}

test('LG-01: a wrong password, an unknown account and a disabled account get the same answer to the byte', async (t) => {
  const server = await startServer(t)
  await register(server, 'ann@example.com')
  await register(server, 'off@example.com')
  const off = await server.context.store.accounts.findByEmail('off@example.com')
  await server.context.store.accounts.disable(off?.id ?? '', { at: server.clock.now, revocations: () => [] }, [])
  const wrong = await attempt(server, 'ann@example.com', 'wrong password, really')
  const unknown = await attempt(server, 'nobody@example.com', 'wrong password, really')
  const disabled = await attempt(server, 'off@example.com', PASSWORD)
  const unusable = await attempt(server, 'no address at all', PASSWORD)
  assert.equal(wrong.status, 401)
  assert.equal(wrong.code, 'credentials_invalid')
  assert.equal(wrong.text, unknown.text)
  assert.equal(seen(unknown), seen(wrong))
  assert.equal(seen(disabled), seen(wrong))
  assert.equal(seen(unusable), seen(wrong))
})

test('LG-02: an unknown account costs the same hashing as a wrong password', async (t) => {
  const server = await startServer(t)
  await register(server, 'ann@example.com')
  const counted = countHashes(server)
  await attempt(server, 'ann@example.com', 'wrong password, really')
  const afterWrong = counted.length
  await attempt(server, 'nobody@example.com', 'wrong password, really')
  await attempt(server, 'no address at all', 'wrong password, really')
  assert.deepEqual([afterWrong, counted.length], [1, 3])
})

test('LG-03: 200 wrong passwords from one address reach the hash a few times only', async (t) => {
  const server = await startServer(t)
  await register(server, 'ann@example.com')
  const counted = countHashes(server)
  const codes: unknown[] = []
  let last: Answer | undefined
  for (let index = 0; index < 200; index++) {
    last = await attempt(server, 'ann@example.com', `guess number ${index}`)
    codes.push(last.code)
  }
  assert.equal(codes.at(-1), 'throttled')
  assert.ok(counted.length <= 10, `${counted.length} guesses were checked`)
  assert.equal(last?.status, 429)
  assert.ok(Number(last?.headers['retry-after']) >= 1)
})

test('LG-03: and no more from 200 addresses', async (t) => {
  const server = await startServer(t)
  await register(server, 'ann@example.com')
  const counted = countHashes(server)
  for (let index = 0; index < 200; index++) {
    await attempt(server, 'ann@example.com', `guess number ${index}`, { from: `198.51.100.${index}` })
  }
  assert.ok(counted.length <= 10, `${counted.length} guesses were checked`)
})

test('LG-03: a patient guesser has at most 100 consecutive guesses before one a day is left', async (t) => {
  const server = await startServer(t)
  await register(server, 'ann@example.com')
  const counted = countHashes(server)
  for (let index = 0; index < 200; index++) {
    const answer = await attempt(server, 'ann@example.com', `guess ${index}`, { from: `198.51.${index % 200}.1` })
    server.clock.now += Math.min(Number(answer.headers['retry-after'] ?? 0), 3600)
  }
  assert.ok(counted.length <= 100, `${counted.length} guesses were checked`)
})

test('LG-04: while an account is attacked, its owner signs in from where they did before', async (t) => {
  const server = await startServer(t)
  await register(server, 'ann@example.com')
  await login(server, 'ann@example.com', {}, { from: '203.0.113.7' })
  for (let second = 0; second < 600; second += 5) {
    await attempt(server, 'ann@example.com', `guess ${second}`, { from: `198.51.100.${second % 250}` })
    server.clock.now += 5
  }
  assert.equal((await attempt(server, 'ann@example.com', PASSWORD, { from: '198.51.100.9' })).code, 'throttled')
  await login(server, 'ann@example.com', {}, { from: '203.0.113.7' })
})

test('LG-04: a device that has signed in before is let in from a new place while strangers attack', async (t) => {
  const server = await startServer(t)
  await register(server, 'ann@example.com')
  await register(server, 'eve@example.com')
  const { refreshToken } = await login(server, 'ann@example.com', {}, { from: '203.0.113.7' })
  const foreign = await login(server, 'eve@example.com', {}, { from: '203.0.113.8' })
  await server.call('/auth/logout', { body: { refresh_token: refreshToken } })
  for (let index = 0; index < 200; index++) {
    await attempt(server, 'ann@example.com', `guess ${index}`, { from: `198.51.100.${index % 250}` })
  }
  const at = { from: '192.0.2.200' }
  const credentials = { email: 'ann@example.com', password: PASSWORD }
  const offered = (token: string) =>
    server.call('/auth/login', { ...at, body: { ...credentials, former_refresh_token: token } })
  assert.equal((await attempt(server, 'ann@example.com', PASSWORD, at)).code, 'throttled')
  assert.equal((await offered(foreign.refreshToken)).code, 'throttled')
  assert.equal((await offered(`${refreshToken.slice(0, -4)}AAAA`)).code, 'throttled')
  assert.equal((await offered(refreshToken)).status, 200)
})

test('LG-04: nothing that can be typed as an address names the counter of an owner and their place', async (t) => {
  const server = await startServer(t)
  await register(server, 'ann@example.com')
  await login(server, 'ann@example.com', {}, { from: '203.0.113.7' })
  for (const email of [
    'ann@example.com\n203.0.113.7',
    'ann@example.com","203.0.113.7',
    '203.0.113.7\nann@example.com',
  ]) {
    for (let index = 0; index < 20; index++) await attempt(server, email, 'x', { from: `198.51.100.${index}` })
  }
  await login(server, 'ann@example.com', {}, { from: '203.0.113.7' })
})

test('LG-08: an attempt that the server was too busy to look at does not count as a failure', async (t) => {
  const server = await startServer(t)
  await register(server, 'ann@example.com')
  const { passwords } = server.context
  const verify = passwords.verify.bind(passwords)
  Object.assign(passwords, { verify: () => Promise.reject(new SignetError('overloaded', { retryAfterSeconds: 2 })) })
  for (let index = 0; index < 200; index++) {
    assert.equal((await attempt(server, 'ann@example.com', PASSWORD)).code, 'overloaded')
  }
  Object.assign(passwords, { verify })
  assert.equal((await attempt(server, 'ann@example.com', PASSWORD)).status, 200)
})

test('PW-09: of logins at once that all find the hash outdated, none is refused', async (t) => {
  const first = await startServer(t)
  await register(first, 'ann@example.com')
  await first.close()
  const raised = { passwordMemoryKib: 128, passwordPasses: 1, passwordConcurrency: 4 }
  const second = await startServer(t, { directory: first.directory, unsafe: raised })
  const answers = await Promise.all(Array.from({ length: 4 }, () => attempt(second, 'ann@example.com', PASSWORD)))
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200, 200],
  )
})

test('LG-05: the count of failures survives a restart', async (t) => {
  const first = await startServer(t)
  await register(first, 'ann@example.com')
  for (let index = 0; index < 50; index++) await attempt(first, 'ann@example.com', `guess ${index}`)
  await first.close()
  const second = await startServer(t, { directory: first.directory })
  assert.equal((await attempt(second, 'ann@example.com', PASSWORD)).code, 'throttled')
})

test('LG-06: neither spelling, nor X-Forwarded-For, nor doing it all at once gets more guesses', async (t) => {
  const server = await startServer(t)
  await register(server, 'ann@example.com')
  const counted = countHashes(server)
  const spellings = [
    'ann@example.com',
    'ANN@example.com',
    ' ann@example.com',
    'ann@EXAMPLE.com',
    '\uff41nn@example.com',
  ]
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, index) =>
      attempt(server, spellings[index % spellings.length] ?? '', `guess ${index}`, {
        headers: { 'x-forwarded-for': `203.0.113.${index}`, forwarded: `for=203.0.113.${index}` },
      }),
    ),
  )
  assert.ok(counted.length <= 10, `${counted.length} guesses were checked`)
  assert.ok(answers.every(({ status }) => status === 401 || status === 429))
})

test('LG-07: one address that tries a thousand accounts is stopped on the way', async (t) => {
  const server = await startServer(t)
  const codes: unknown[] = []
  for (let index = 0; index < 1000; index++) {
    codes.push((await attempt(server, `user${index}@example.com`, 'Spring2027 is here!')).code)
  }
  assert.equal(codes.at(-1), 'throttled')
  assert.ok(codes.filter((code) => code === 'credentials_invalid').length <= 101)
  await register(server, 'ann@example.com', PASSWORD, { from: '203.0.113.9' })
  await login(server, 'ann@example.com', {}, { from: '203.0.113.9' })
})

test('LG-08, TR-07: logins beyond the capacity get 503 at once, and everything else keeps answering', async (t) => {
  const argon2 = await loadArgon2()
  let gate = Promise.resolve()
  const passwords = createPasswords({
    argon2: (...hashed) => gate.then(() => argon2(...hashed)),
    randomBytes,
    parameters: { memoryKib: 64, passes: 1, parallelism: 1 },
    concurrency: 1,
    maxWaiting: 4,
    isCommon: () => false,
  })
  const server = await startServer(t, { passwords })
  const known = await signUp(server, 'ann@example.com')
  const { promise, resolve: open } = Promise.withResolvers<void>()
  gate = promise
  const logins = Array.from({ length: 20 }, (_, index) => attempt(server, `user${index}@example.com`, 'some password'))
  // The gate is still shut: whatever is answered now was answered without waiting for a hash.
  const refused = await Promise.race(logins)
  assert.deepEqual([refused.status, refused.code], [503, 'overloaded'])
  assert.ok(Number(refused.headers['retry-after']) >= 1)
  for (const path of ['/livez', '/readyz', '/.well-known/jwks.json'])
    assert.equal((await server.call(path)).status, 200)
  assert.equal((await refresh(server, known.refreshToken)).status, 200)
  open()
  const codes = (await Promise.all(logins)).map(({ code }) => code)
  assert.equal(codes.filter((code) => code === 'credentials_invalid').length, 5)
  assert.equal(codes.filter((code) => code === 'overloaded').length, 15)
})

test('LG-08: the real queue is bounded as configured', async (t) => {
  const server = await startServer(t, {
    settings: { passwordConcurrency: 1, passwordQueue: 2, loginAddressAttempts: 1000 },
    unsafe: { passwordMemoryKib: 19_456, passwordPasses: 2 },
  })
  const logins = Array.from({ length: 20 }, (_, index) => attempt(server, `user${index}@example.com`, 'some password'))
  const codes = (await Promise.all(logins)).map(({ code }) => code)
  assert.ok(codes.includes('overloaded'))
  assert.ok(codes.filter((code) => code === 'credentials_invalid').length >= 3)
})

test('LG-09: a login opens a new session, whatever the client sends along', async (t) => {
  const server = await startServer(t)
  const old = await signUp(server, 'ann@example.com')
  const sid = claimsOf(old.accessToken)['sid']
  const answer = await server.call('/auth/login', {
    body: { email: 'ann@example.com', password: PASSWORD },
    cookies: { [REFRESH_COOKIE]: old.refreshToken, sid: String(sid) },
    token: old.accessToken,
    headers: SAME_ORIGIN,
  })
  assert.equal(answer.status, 200)
  assert.notEqual(claimsOf(String(answer.json['access_token']))['sid'], sid)
  assert.notEqual(answer.cookies.get(REFRESH_COOKIE)?.value, old.refreshToken)
  for (const member of ['sid', 'session_id', 'refresh_token']) {
    const body = { email: 'ann@example.com', password: PASSWORD, [member]: String(sid) }
    assert.equal((await server.call('/auth/login', { body })).code, 'request_invalid')
  }
})

test('LG-10: credentials count in the body of a POST only', async (t) => {
  const server = await startServer(t)
  await register(server, 'ann@example.com')
  const query = `?email=ann@example.com&password=${encodeURIComponent(PASSWORD)}`
  const got = await server.call(`/auth/login${query}`)
  assert.deepEqual([got.status, got.code, got.headers['allow']], [405, 'method_not_allowed', 'OPTIONS, POST'])
  for (const method of ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE'] as const) {
    assert.equal((await server.call('/auth/login', { method })).status, 405, method)
  }
  assert.equal((await server.call(`/auth/login${query}`, { method: 'POST' })).status, 400)
  assert.equal((await server.call(`/auth/login${query}`, { body: {} })).status, 400)
  const full = { email: 'ann@example.com', password: PASSWORD }
  assert.equal((await server.call(`/auth/login${query}`, { body: full })).status, 400)
  assert.ok(!server.logged.join('').includes(PASSWORD))
})

const CONFUSIONS: readonly string[] = [
  '{"email":["ann@example.com"],"password":{"$ne":1}}',
  '{"email":{"$gt":""},"password":"x"}',
  '{"email":null,"password":null}',
  '{"email":1,"password":2}',
  '{"email":true,"password":"x"}',
  '{"email":"ann@example.com","password":["correct horse battery staple"]}',
  '{"email":"ann@example.com","password":{"toString":"x"}}',
  '{"email":"ann@example.com","password":0}',
  '{"email":"ann@example.com"}',
  '{"password":"correct horse battery staple"}',
  '{}',
  '[]',
  '[{"email":"ann@example.com","password":"correct horse battery staple"}]',
  'null',
  'true',
  '17',
  '"email"',
  '{"email":"ann@example.com","password":"wrong","password":"correct horse battery staple"}',
  '{"email":"x","email":"ann@example.com","password":"correct horse battery staple"}',
  '{"email":"ann@example.com","password":"correct horse battery staple","admin":true}',
  '{"email":"ann@example.com","password":"correct horse battery staple","__proto__":{"admin":true}}',
  '{"__proto__":{"email":"ann@example.com","password":"correct horse battery staple"}}',
  '{"constructor":{"prototype":{"email":"ann@example.com"}},"password":"x"}',
  '{"email":"ann@example.com","password":"correct horse battery staple","delivery":"both"}',
  '{"email":"ann@example.com","password":"correct horse battery staple","delivery":["body"]}',
  '{"email":"ann@example.com","password":"correct horse battery staple","scope":["admin"]}',
  '{"email":"ann@example.com","password":"correct horse battery staple","resource":{}}',
  '{"EMAIL":"ann@example.com","PASSWORD":"correct horse battery staple"}',
]

test('LG-11: whatever is not exactly the described body is refused as such', async (t) => {
  const server = await startServer(t)
  await register(server, 'ann@example.com')
  for (const body of CONFUSIONS) {
    const answer = await server.call('/auth/login', { body, type: 'application/json' })
    assert.deepEqual([answer.status, answer.code], [400, 'request_invalid'], body)
    assert.equal(answer.json['access_token'], undefined)
  }
  assert.equal(Object.hasOwn(Object.prototype, 'admin'), false)
  const { errors } = (await server.call('/auth/login', { body: CONFUSIONS[0] ?? '', type: 'application/json' })).json
  assert.deepEqual(errors, [
    { field: '/email', message: 'must be string' },
    { field: '/password', message: 'must be string' },
  ])
})

test('LG-11: the same holds for every other body', async (t) => {
  const server = await startServer(t)
  const { accessToken: token } = await signUp(server, 'ann@example.com')
  const bodies: readonly (readonly [string, Call])[] = [
    ['/auth/register', { body: { email: ['a@example.com'], password: PASSWORD } }],
    ['/auth/register', { body: { email: 'a@example.com', password: PASSWORD, roles: ['admin'] } }],
    ['/auth/refresh', { body: { refresh_token: ['x'] } }],
    ['/auth/refresh', { body: '[]', type: 'application/json' }],
    ['/auth/refresh', { body: 'null', type: 'application/json' }],
    ['/auth/logout', { body: { refresh_token: null } }],
    ['/auth/logout/all', { body: { everything: true }, token }],
    ['/auth/password', { body: { current_password: {}, new_password: 'x' }, token }],
    ['/auth/me', { method: 'PATCH', body: { roles: ['admin'] }, token }],
    ['/auth/me', { method: 'PATCH', body: { name: 'x', email: 'b@example.com' }, token }],
    ['/auth/me', { method: 'PATCH', body: { name: { first: 'x' } }, token }],
    ['/auth/me', { method: 'PATCH', body: { name: 'x'.repeat(201) }, token }],
    ['/auth/me', { method: 'PATCH', body: {}, token }],
    ['/auth/me', { method: 'DELETE', body: { password: true }, token }],
    ['/auth/me', { method: 'DELETE', token }],
  ]
  for (const [path, call] of bodies) {
    const answer = await server.call(path, call)
    assert.deepEqual([answer.status, answer.code], [400, 'request_invalid'], `${path} ${JSON.stringify(call.body)}`)
  }
})

test('the delivery follows Fetch-Metadata unless the request names it', async (t) => {
  const server = await startServer(t)
  await register(server, 'ann@example.com')
  const body = { email: 'ann@example.com', password: PASSWORD }
  const cases: readonly (readonly [object, Call, boolean])[] = [
    [{}, {}, false],
    [{}, { headers: SAME_ORIGIN }, true],
    [{ delivery: 'body' }, { headers: SAME_ORIGIN }, false],
    [{ delivery: 'cookie' }, {}, true],
  ]
  for (const [members, call, inCookie] of cases) {
    const answer = await server.call('/auth/login', { ...call, body: { ...body, ...members } })
    assert.equal(answer.cookies.has(REFRESH_COOKIE), inCookie)
    assert.equal('refresh_token' in answer.json, !inCookie)
    assert.equal('csrf_token' in answer.json, inCookie)
  }
})

test('an unknown client, resource or scope is refused before the password is looked at', async (t) => {
  const server = await startServer(t, { settings: { audiences: ['https://api.example.com'], scopes: ['orders:read'] } })
  await register(server, 'ann@example.com')
  const counted = countHashes(server)
  const body = { email: 'ann@example.com', password: PASSWORD }
  const refused: readonly (readonly [object, string])[] = [
    [{ client_id: 'other' }, 'client_unknown'],
    [{ resource: 'https://other.example.com' }, 'audience_unknown'],
    [{ scope: 'orders:write' }, 'scope_unknown'],
  ]
  for (const [members, code] of refused) {
    assert.equal((await server.call('/auth/login', { body: { ...body, ...members } })).code, code)
  }
  assert.equal(counted.length, 0)
  const good = await server.call('/auth/login', {
    body: { ...body, resource: 'https://api.example.com', scope: 'orders:read' },
  })
  const { accessToken } = tokensOf(good)
  assert.deepEqual([claimsOf(accessToken)['aud'], good.json['scope']], ['https://api.example.com', 'orders:read'])
})

/** Notes every check of a password from now on. */
function countHashes(server: TestServer): unknown[] {
  const counted: unknown[] = []
  const { passwords } = server.context
  const verify = passwords.verify.bind(passwords)
  Object.assign(passwords, {
    verify: (hash: string | null, password: string) => {
      counted.push(hash === null)
      return verify(hash, password)
    },
  })
  return counted
}
