import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PASSWORD, claimsOf, login, refresh, register, signUp, tokensOf } from './support/people.ts'
import { ACCESS_COOKIE, CSRF_COOKIE, REFRESH_COOKIE, SAME_ORIGIN, browserLogin } from './support/browser.ts'
import { startServer } from './support/server.ts'
import type { TestServer } from './support/server.ts'

const NEW_PASSWORD = 'another very good password'

test('LA-01: everything that happens to an account is in the event log, with time, subject, session and source', async (t) => {
  const server = await startServer(t)
  const call = { from: '203.0.113.5', headers: { 'user-agent': 'Test/1' } }
  await register(server, 'ann@example.com', PASSWORD, call)
  await server.call('/auth/login', { ...call, body: { email: 'ann@example.com', password: 'wrong' } })
  const first = await login(server, 'ann@example.com', {}, call)
  const second = tokensOf(await refresh(server, first.refreshToken, call))
  const change = { current_password: PASSWORD, new_password: NEW_PASSWORD }
  await server.call('/auth/password', { ...call, token: second.accessToken, body: change })
  await server.call('/auth/me', { ...call, method: 'PATCH', token: second.accessToken, body: { name: 'Ann' } })
  await refresh(server, first.refreshToken, call)
  const third = await login(server, 'ann@example.com', { password: NEW_PASSWORD }, call)
  await server.call('/auth/logout', { ...call, body: { refresh_token: third.refreshToken } })
  const fourth = await login(server, 'ann@example.com', { password: NEW_PASSWORD }, call)
  await server.call('/auth/logout/all', { ...call, method: 'POST', token: fourth.accessToken })

  const accountId = String(claimsOf(first.accessToken)['sub'])
  const events = await server.context.store.events.list({ accountId, limit: 100 })
  assert.deepEqual(
    events.map(({ type }) => type),
    [
      'account.registered',
      'login.failed',
      'login.succeeded',
      'session.refreshed',
      'password.changed',
      'account.updated',
      'session.reused',
      'login.succeeded',
      'session.ended',
      'login.succeeded',
      'session.ended',
    ],
  )
  for (const { at, source, sessionId, type } of events) {
    assert.deepEqual([at, source.address, source.userAgent], [server.clock.now, '203.0.113.5', 'Test/1'], type)
    assert.match(source.requestId, /^[A-Za-z0-9_-]{22}$/)
    if (type.startsWith('session.re')) assert.equal(sessionId, claimsOf(first.accessToken)['sid'])
  }
})

test('LA-02: at the finest level no secret and no address is logged, nor kept with an event', async (t) => {
  const server = await startServer(t, { settings: { accessCookie: true } })
  const secrets = await everyJourney(server)
  const events = JSON.stringify(await server.context.store.events.list({ limit: 1000 }))
  const log = server.logged.join('')
  assert.ok(server.logged.length > 15, 'the log was on')
  for (const secret of secrets) {
    assert.ok(!log.includes(secret), `logged: ${secret}`)
    assert.ok(!events.includes(secret), `in an event: ${secret}`)
  }
})

test('LA-03: what a client writes cannot forge a line or turn a terminal around', async (t) => {
  const server = await startServer(t)
  const forged = '\r\n{"level":30,"msg":"login.succeeded"}\u001B[2J\u202E'
  await server.call('/auth/login', { body: { email: forged, password: forged, client_id: forged } })
  await server.call(`/auth/${encodeURIComponent(forged)}`, { headers: { 'user-agent': 'a\u00851b[2J\u0080' } })
  await register(server, 'ann@example.com', PASSWORD, { headers: { 'user-agent': 'x\u0085\u009B31m' } })
  for (const line of server.logged) {
    assert.equal(line.trimEnd().split('\n').length, 1)
    assert.doesNotThrow(() => void JSON.parse(line))
    assert.doesNotMatch(line.trimEnd(), /\p{Cc}/u)
  }
  const events = JSON.stringify(await server.context.store.events.list({ limit: 100 }))
  assert.doesNotMatch(events, /[\u0080-\u009F]|\\u001b/)
})

test('LA-05, LA-09: there are no admin, debug or test routes', async (t) => {
  const server = await startServer(t)
  const { accessToken: token } = await signUp(server, 'ann@example.com')
  const paths = [
    '/admin',
    '/admin/accounts',
    '/debug',
    '/metrics',
    '/status',
    '/env',
    '/.env',
    '/.git/config',
    '/test',
    '/users',
  ]
  for (const path of [...paths, '/docs/static/../../../package.json', '/docs/static/%2e%2e/%2e%2e/package.json']) {
    assert.equal((await server.call(path, { token })).status, 404, path)
  }
})

test('the log tells route, status, duration and code, and why', async (t) => {
  const server = await startServer(t)
  const answer = await server.call('/auth/login', { body: { email: 'nobody@example.com', password: 'x' } })
  const line = server.logged.find((found) => found.includes(String(answer.headers['x-request-id'])))
  const { durationMs, time: _time, pid: _pid, hostname: _host, ...rest } = JSON.parse(line ?? '{}')
  assert.equal(typeof durationMs, 'number')
  assert.deepEqual(rest, {
    level: 30,
    requestId: answer.headers['x-request-id'],
    method: 'POST',
    route: '/auth/login',
    status: 401,
    code: 'credentials_invalid',
    reason: 'no such account',
    msg: 'request',
  })
})

/** Goes through everything once, well and badly, and resolves to every secret that was used. */
async function everyJourney(server: TestServer): Promise<readonly string[]> {
  const email = 'ann.secret-address@example.com'
  const ann = await signUp(server, email)
  const jar = await browserLogin(server, email)
  const typo = 'not her password at all'
  await server.call('/auth/login', { body: { email, password: typo } })
  await server.call('/auth/login', { body: { email, password: [PASSWORD] } })
  await server.call('/auth/login', { body: `{"email":"${email}","password":"${PASSWORD}"`, type: 'application/json' })
  await server.call(`/auth/login?password=${encodeURIComponent(typo)}`, { method: 'POST' })
  await server.call(`/nowhere/${ann.refreshToken}?access_token=${ann.accessToken}`, { token: ann.accessToken })
  const next = tokensOf(await refresh(server, ann.refreshToken))
  const renewed = await server.call('/auth/refresh', { method: 'POST', cookies: jar.cookies, headers: SAME_ORIGIN })
  await server.call('/auth/refresh', {
    method: 'POST',
    cookies: jar.cookies,
    headers: { 'x-csrf-token': jar.csrfToken },
  })
  await server.call('/auth/me', { token: next.accessToken })
  await server.call('/auth/me', { token: `${next.accessToken}x` })
  await server.call('/auth/me', { cookies: jar.cookies, headers: SAME_ORIGIN })
  const change = { current_password: typo, new_password: NEW_PASSWORD }
  await server.call('/auth/password', { token: next.accessToken, body: change })
  await server.call('/auth/password', { token: next.accessToken, body: { ...change, current_password: PASSWORD } })
  await refresh(server, ann.refreshToken)
  Object.assign(server.context.store.accounts, { findByEmail: () => Promise.reject(new RangeError('broken')) })
  await server.call('/auth/login', { body: { email, password: NEW_PASSWORD } })
  const cookies = [...Object.values(jar.cookies), ...[...renewed.cookies.values()].map(({ value }) => value)]
  assert.deepEqual(Object.keys(jar.cookies).sort(), [ACCESS_COOKIE, CSRF_COOKIE, REFRESH_COOKIE])
  return [PASSWORD, NEW_PASSWORD, typo, email, ...Object.values(ann), ...Object.values(next), ...cookies]
}
