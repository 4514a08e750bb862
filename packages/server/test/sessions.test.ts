import assert from 'node:assert/strict'
import { test } from 'node:test'
import { browserLogin } from './support/browser.ts'
import { PASSWORD, claimsOf, login, refresh, register, signUp, tokensOf } from './support/people.ts'
import { startServer } from './support/server.ts'
import type { TestServer } from './support/server.ts'

test('SE-01: after logout the refresh token is refused at once, and the access token on every account route', async (t) => {
  const server = await startServer(t)
  const { accessToken, refreshToken } = await signUp(server, 'ann@example.com')
  assert.equal((await server.call('/auth/logout', { body: { refresh_token: refreshToken } })).status, 204)
  assert.equal((await refresh(server, refreshToken)).code, 'session_ended')
  await assertRevokedEverywhere(server, accessToken)
})

test('SE-01: a logout by access token does the same', async (t) => {
  const server = await startServer(t)
  const { accessToken, refreshToken } = await signUp(server, 'ann@example.com')
  assert.equal((await server.call('/auth/logout', { method: 'POST', token: accessToken })).status, 204)
  assert.equal((await refresh(server, refreshToken)).code, 'session_ended')
  assert.equal(
    (await server.call('/auth/logout', { method: 'POST', token: accessToken })).status,
    204,
    'twice is no error',
  )
})

test('a logout is 204 for whatever is over, spent, foreign or missing', async (t) => {
  const server = await startServer(t)
  const { refreshToken } = await signUp(server, 'ann@example.com')
  const next = tokensOf(await refresh(server, refreshToken))
  for (const token of [next.refreshToken, next.refreshToken, refreshToken, 'garbage', '']) {
    assert.equal((await server.call('/auth/logout', { body: { refresh_token: token } })).status, 204)
  }
  assert.equal((await server.call('/auth/logout', { method: 'POST' })).status, 204)
  assert.equal((await server.call('/auth/logout', { method: 'POST', token: 'garbage' })).status, 401)
})

test('logout everywhere ends every session of the account, and of nobody else', async (t) => {
  const server = await startServer(t)
  const here = await signUp(server, 'ann@example.com')
  const there = await login(server, 'ann@example.com')
  const other = await signUp(server, 'bob@example.com')
  assert.equal((await server.call('/auth/logout/all', { method: 'POST', token: here.accessToken })).status, 204)
  for (const { accessToken, refreshToken } of [here, there]) {
    assert.equal((await refresh(server, refreshToken)).code, 'session_ended')
    await assertRevokedEverywhere(server, accessToken)
  }
  assert.equal((await refresh(server, other.refreshToken)).status, 200)
})

test('SE-04: a person sees the own sessions and can end one', async (t) => {
  const server = await startServer(t)
  await register(server, 'ann@example.com')
  const phone = await login(
    server,
    'ann@example.com',
    {},
    { from: '203.0.113.5', headers: { 'user-agent': 'Phone/1' } },
  )
  server.clock.now += 60
  const laptop = await login(
    server,
    'ann@example.com',
    {},
    { from: '203.0.113.6', headers: { 'user-agent': 'Laptop/2' } },
  )
  const listed = await sessionsOf(server, laptop.accessToken)
  assert.deepEqual(
    listed.map(({ current, address, user_agent: agent, created_at: at }) => ({ current, address, agent, at })),
    [
      { current: true, address: '203.0.113.6', agent: 'Laptop/2', at: server.clock.now },
      { current: false, address: '203.0.113.5', agent: 'Phone/1', at: server.clock.now - 60 },
    ],
  )
  const end = { method: 'DELETE', token: laptop.accessToken } as const
  assert.equal((await server.call(`/auth/sessions/${String(listed[1]?.['id'])}`, end)).status, 204)
  assert.equal((await refresh(server, phone.refreshToken)).code, 'session_ended')
  assert.equal((await refresh(server, laptop.refreshToken)).status, 200)
  assert.equal((await server.call(`/auth/sessions/${String(listed[1]?.['id'])}`, end)).code, 'session_not_found')
})

test('SE-06: a disabled account loses its sessions and cannot sign in', async (t) => {
  const server = await startServer(t)
  const { accessToken, refreshToken } = await signUp(server, 'ann@example.com')
  await server.context.store.accounts.disable(
    String(claimsOf(accessToken)['sub']),
    { at: server.clock.now, revocations: () => [] },
    [],
  )
  assert.equal((await refresh(server, refreshToken)).code, 'session_ended')
  await assertRevokedEverywhere(server, accessToken)
  assert.equal(
    (await server.call('/auth/login', { body: { email: 'ann@example.com', password: PASSWORD } })).status,
    401,
  )
})

test('SE-06, AT-06: a deleted account is gone with its sessions, and its sub is never given again', async (t) => {
  const server = await startServer(t)
  const { accessToken, refreshToken } = await signUp(server, 'ann@example.com')
  const remove = (password: string): ReturnType<typeof server.call> =>
    server.call('/auth/me', { method: 'DELETE', token: accessToken, body: { password } })
  assert.equal((await remove('wrong')).code, 'password_incorrect')
  assert.equal((await remove(PASSWORD)).status, 204)
  assert.equal((await refresh(server, refreshToken)).status, 401)
  await assertRevokedEverywhere(server, accessToken)
  const again = await signUp(server, 'ann@example.com')
  assert.notEqual(claimsOf(again.accessToken)['sub'], claimsOf(accessToken)['sub'])
})

test('SE-08: identifiers of sessions and tokens have 128 bits and do not repeat', async (t) => {
  const server = await startServer(t)
  await register(server, 'ann@example.com')
  const seen = new Set<string>()
  for (let index = 0; index < 50; index++) {
    const { accessToken } = await login(server, 'ann@example.com')
    const { sid, jti } = claimsOf(accessToken)
    for (const id of [String(sid), String(jti)]) {
      assert.ok(Buffer.from(id.replace(/^ses_/, ''), 'base64url').length >= 16)
      assert.ok(!seen.has(id))
      seen.add(id)
    }
  }
})

test('SE-09: nobody reads, refreshes or ends the session of somebody else', async (t) => {
  const server = await startServer(t)
  const ann = await signUp(server, 'ann@example.com')
  const bob = await signUp(server, 'bob@example.com')
  const bobs = String(claimsOf(bob.accessToken)['sid'])
  assert.equal(
    (await sessionsOf(server, ann.accessToken)).some(({ id }) => id === bobs),
    false,
  )
  const ended = await server.call(`/auth/sessions/${bobs}`, { method: 'DELETE', token: ann.accessToken })
  const never = await server.call('/auth/sessions/ses_AAAAAAAAAAAAAAAAAAAAAA', {
    method: 'DELETE',
    token: ann.accessToken,
  })
  assert.deepEqual([ended.status, ended.text], [never.status, never.text])
  assert.equal((await refresh(server, bob.refreshToken)).status, 200)
})

test('session ids that are no ids are not found, whatever they hold', async (t) => {
  const server = await startServer(t)
  const { accessToken: token } = await signUp(server, 'ann@example.com')
  for (const id of ["'", '%27%20OR%201=1--', '%00', '..', '%2e%2e', '%F0%9F%98%80', 'x'.repeat(100)]) {
    const { status } = await server.call(`/auth/sessions/${id}`, { method: 'DELETE', token })
    assert.ok(status === 404 || status === 405, `${id}: ${status}`)
  }
})

test('a session used in cookies appears as such', async (t) => {
  const server = await startServer(t)
  await register(server, 'ann@example.com')
  const { accessToken } = await browserLogin(server, 'ann@example.com')
  const [session] = await sessionsOf(server, accessToken)
  assert.deepEqual(
    [session?.['delivery'], session?.['bound_to_key'], session?.['client_id']],
    ['cookie', false, 'signet'],
  )
})

test('a person reads the own account and changes its name', async (t) => {
  const server = await startServer(t)
  const { accessToken: token } = await signUp(server, 'Ann@example.com')
  const named = await server.call('/auth/me', { method: 'PATCH', token, body: { name: 'Ann Ärlig 😀' } })
  assert.equal(named.json['name'], 'Ann Ärlig 😀')
  const { json } = await server.call('/auth/me', { token })
  assert.deepEqual(Object.keys(json).sort(), ['created_at', 'email', 'id', 'name', 'password_changed_at', 'roles'])
  assert.deepEqual([json['email'], json['name']], ['Ann@example.com', 'Ann Ärlig 😀'])
  assert.equal((await server.call('/auth/me', { method: 'PATCH', token, body: { name: null } })).json['name'], null)
})

async function assertRevokedEverywhere(server: TestServer, token: string): Promise<void> {
  const password = { current_password: PASSWORD, new_password: 'another good password here' }
  const calls = [
    server.call('/auth/me', { token }),
    server.call('/auth/me', { method: 'PATCH', token, body: { name: 'x' } }),
    server.call('/auth/me', { method: 'DELETE', token, body: { password: PASSWORD } }),
    server.call('/auth/password', { token, body: password }),
    server.call('/auth/sessions', { token }),
    server.call('/auth/sessions/ses_x', { method: 'DELETE', token }),
    server.call('/auth/logout/all', { method: 'POST', token }),
  ]
  for (const answer of await Promise.all(calls)) {
    assert.deepEqual([answer.status, answer.code], [401, 'token_revoked'])
    assert.match(String(answer.headers['www-authenticate']), /^Bearer .*error="invalid_token"/)
  }
}

async function sessionsOf(server: TestServer, token: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { json } = await server.call('/auth/sessions', { token })
  assert.ok(Array.isArray(json['sessions']))
  return json['sessions']
}
