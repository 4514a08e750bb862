import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { generateSigningKey } from '@signet/jwt'
import type { SigningKey } from '@signet/jwt'
import { accessTokenHash, createDpopProof } from '@signet/jwt/dpop'
import type { Answer } from './support/answer.ts'
import { REFRESH_COOKIE, SAME_ORIGIN, browserLogin, jarOf } from './support/browser.ts'
import { PASSWORD, claimsOf, login, refresh, register, signUp, tokensOf } from './support/people.ts'
import { ISSUER, startServer } from './support/server.ts'
import type { TestServer } from './support/server.ts'

const DAY = 86_400

test('RT-01: each use gives a new refresh token and spends the old one', async (t) => {
  const server = await startServer(t)
  const first = await signUp(server, 'ann@example.com')
  const second = await refresh(server, first.refreshToken)
  assert.equal(second.status, 200)
  assert.notEqual(tokensOf(second).refreshToken, first.refreshToken)
  assert.equal((await refresh(server, first.refreshToken)).code, 'refresh_token_reused')
})

test('RT-02: a replayed refresh token ends its whole family', async (t) => {
  const server = await startServer(t)
  const first = await signUp(server, 'ann@example.com')
  const second = tokensOf(await refresh(server, first.refreshToken))
  const third = tokensOf(await refresh(server, second.refreshToken))
  const other = await login(server, 'ann@example.com')
  assert.equal((await refresh(server, first.refreshToken)).code, 'refresh_token_reused')
  for (const dead of [third, second, first]) assert.equal((await refresh(server, dead.refreshToken)).status, 401)
  for (const dead of [third, second, first]) {
    assert.equal((await server.call('/auth/me', { token: dead.accessToken })).code, 'token_revoked')
  }
  assert.equal((await refresh(server, other.refreshToken)).status, 200, 'other logins stay')
})

test('RT-03: of 128 uses at once exactly one succeeds, and the session is over', async (t) => {
  const server = await startServer(t)
  const { refreshToken } = await signUp(server, 'ann@example.com')
  const answers = await Promise.all(Array.from({ length: 128 }, () => refresh(server, refreshToken)))
  const good = answers.filter(({ status }) => status === 200)
  assert.equal(good.length, 1)
  assert.equal(answers.filter(({ code }) => code === 'refresh_token_reused').length, 1)
  assert.equal(answers.filter(({ code }) => code === 'session_ended').length, 126)
  assert.equal((await refresh(server, tokensOf(good[0] ?? assert.fail()).refreshToken)).code, 'session_ended')
})

test('RT-04: ten tabs that refresh at once all get the same successor', async (t) => {
  const server = await startServer(t)
  await register(server, 'ann@example.com')
  const { cookies } = await browserLogin(server, 'ann@example.com')
  const answers = await Promise.all(Array.from({ length: 10 }, () => browserRefresh(server, cookies)))
  const successors = new Set(answers.map((answer) => answer.cookies.get(REFRESH_COOKIE)?.value))
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
  assert.equal(successors.size, 1)
  assert.equal(new Set(answers.map((answer) => claimsOf(jarOf(answer).accessToken)['jti'])).size, 1)
  assert.equal((await browserRefresh(server, jarOf(answers[9] ?? assert.fail()).cookies)).status, 200)
})

test('RT-04: a lost answer can be asked for again with the proof of the bound key', async (t) => {
  const server = await startServer(t)
  const key = await generateSigningKey('ES256')
  const bound = await boundLogin(server, key)
  const lost = await boundRefresh(server, key, bound.refreshToken, 'lost')
  const again = await boundRefresh(server, key, bound.refreshToken, 'again')
  assert.equal(tokensOf(again).refreshToken, tokensOf(lost).refreshToken)
})

const GRACE: readonly {
  readonly name: string
  readonly after: number
  readonly browser: boolean
  readonly code: string | undefined
}[] = [
  { name: 'a browser, last instant of 10 s', after: 9, browser: true, code: undefined },
  { name: 'a browser, 10 s over', after: 10, browser: true, code: 'refresh_token_reused' },
  { name: 'not a browser, at once', after: 0, browser: false, code: 'refresh_token_reused' },
]

for (const { name, after, browser, code } of GRACE) {
  test(`RT-05: the grace with default settings: ${name}`, async (t) => {
    const server = await startServer(t)
    await register(server, 'ann@example.com')
    const { cookies, csrfToken } = await browserLogin(server, 'ann@example.com')
    const headers = browser ? SAME_ORIGIN : { 'x-csrf-token': csrfToken }
    const first = await server.call('/auth/refresh', { method: 'POST', cookies, headers })
    server.clock.now += after
    const second = await server.call('/auth/refresh', { method: 'POST', cookies, headers })
    assert.equal(second.code, code)
    if (code === undefined)
      assert.equal(second.cookies.get(REFRESH_COOKIE)?.value, first.cookies.get(REFRESH_COOKIE)?.value)
    else assert.equal(second.cookies.size, 0)
  })
}

test('RT-05: two generations back is reuse within any grace', async (t) => {
  const server = await startServer(t, { settings: { refreshGraceSeconds: 10 } })
  await register(server, 'ann@example.com')
  const first = await browserLogin(server, 'ann@example.com')
  const second = jarOf(await browserRefresh(server, first.cookies))
  await browserRefresh(server, second.cookies)
  assert.equal((await browserRefresh(server, first.cookies)).code, 'refresh_token_reused')
})

test('RT-05: pretending to be a browser with the token in the body gets no grace', async (t) => {
  const server = await startServer(t)
  const { refreshToken } = await signUp(server, 'ann@example.com')
  await refresh(server, refreshToken, { headers: SAME_ORIGIN })
  assert.equal((await refresh(server, refreshToken, { headers: SAME_ORIGIN })).code, 'refresh_token_reused')
})

test('RT-06: after a logout has been answered no refresh of that session succeeds', async (t) => {
  const server = await startServer(t)
  await register(server, 'ann@example.com')
  for (let round = 0; round < 100; round++) {
    const { refreshToken } = await login(server, 'ann@example.com')
    const racing = refresh(server, refreshToken)
    const ended = server.call('/auth/logout', { body: { refresh_token: refreshToken } })
    assert.equal((await ended).status, 204)
    const raced = await racing
    const newest = raced.status === 200 ? tokensOf(raced).refreshToken : refreshToken
    assert.notEqual((await refresh(server, newest)).status, 200)
  }
})

test('RT-07: neither the database files nor the logs hold a refresh token', async (t) => {
  const server = await startServer(t)
  const first = await signUp(server, 'ann@example.com')
  const second = tokensOf(await refresh(server, first.refreshToken))
  await refresh(server, first.refreshToken)
  const stored = readdirSync(server.directory).map((name) => readFileSync(join(server.directory, name)))
  for (const { refreshToken } of [first, second]) {
    const proof = Buffer.from(refreshToken.replace(/^srt_/, ''), 'base64url').subarray(-32)
    assert.ok(!stored.some((file) => file.includes(refreshToken) || file.includes(proof)))
    assert.ok(!server.logged.join('').includes(refreshToken.slice(0, 24)))
  }
})

test('RT-08: a refresh token is of no use to another client', async (t) => {
  const server = await startServer(t, { settings: { clients: ['web', 'mobile'] } })
  const { refreshToken } = await signUp(server, 'ann@example.com')
  const foreign = await server.call('/auth/refresh', { body: { refresh_token: refreshToken, client_id: 'mobile' } })
  assert.equal(foreign.code, 'refresh_token_invalid')
  const own = await server.call('/auth/refresh', { body: { refresh_token: refreshToken, client_id: 'web' } })
  assert.equal(own.status, 200)
})

test('RT-08: nor to another server', async (t) => {
  const here = await startServer(t)
  const there = await startServer(t)
  const { refreshToken } = await signUp(there, 'ann@example.com')
  assert.equal((await refresh(here, refreshToken)).code, 'refresh_token_invalid')
})

test('RT-09: a refresh token lapses when idle for 7 days', async (t) => {
  const server = await startServer(t)
  await register(server, 'ann@example.com')
  for (const [wait, code] of [
    [7 * DAY - 1, undefined],
    [7 * DAY, 'session_expired'],
  ] as const) {
    const { refreshToken } = await login(server, 'ann@example.com')
    server.clock.now += wait
    assert.equal((await refresh(server, refreshToken)).code, code)
  }
})

test('SE-02, RT-09: a session ends 30 days after login, however busy it is', async (t) => {
  const server = await startServer(t)
  let { refreshToken } = await signUp(server, 'ann@example.com')
  for (let day = 1; day < 30; day++) {
    server.clock.now += DAY
    refreshToken = tokensOf(await refresh(server, refreshToken)).refreshToken
  }
  server.clock.now += DAY - 1
  const last = await refresh(server, refreshToken)
  assert.equal(last.json['refresh_expires_in'], 1, 'a rotation does not extend it')
  assert.ok(Number(last.json['expires_in']) <= 1)
  server.clock.now += 1
  assert.equal((await refresh(server, tokensOf(last).refreshToken)).code, 'session_expired')
})

test('RT-10: a refresh widens neither scope nor audience', async (t) => {
  const settings = { audiences: ['https://api.example.com'], scopes: ['read', 'write'] }
  const server = await startServer(t, { settings })
  await register(server, 'ann@example.com')
  const { refreshToken } = await login(server, 'ann@example.com', { scope: 'read' })
  for (const member of ['scope', 'resource', 'audience']) {
    const body = {
      refresh_token: refreshToken,
      [member]: member === 'scope' ? 'read write' : 'https://api.example.com',
    }
    assert.equal((await server.call('/auth/refresh', { body })).code, 'request_invalid')
  }
  const next = tokensOf(await refresh(server, refreshToken))
  assert.deepEqual([claimsOf(next.accessToken)['scope'], claimsOf(next.accessToken)['aud']], ['read', ISSUER])
})

test('RT-11, AT-04: neither kind of token passes for the other, nor does the CSRF token', async (t) => {
  const server = await startServer(t, { settings: { accessCookie: true } })
  const { accessToken, refreshToken } = await signUp(server, 'ann@example.com')
  const { csrfToken, cookies } = await browserLogin(server, 'ann@example.com')
  for (const wrong of [accessToken, csrfToken])
    assert.equal((await refresh(server, wrong)).code, 'refresh_token_invalid')
  for (const wrong of [refreshToken, csrfToken]) {
    assert.equal((await server.call('/auth/me', { token: wrong })).code, 'token_invalid')
  }
  const swapped = { [REFRESH_COOKIE]: cookies['__Host-signet_access'] ?? '' }
  assert.equal((await browserRefresh(server, swapped)).code, 'refresh_token_invalid')
  const asAccess = { '__Host-signet_access': cookies[REFRESH_COOKIE] ?? '' }
  assert.equal((await server.call('/auth/me', { cookies: asAccess, headers: SAME_ORIGIN })).code, 'token_invalid')
})

test('RT-12: a replay leaves an event with session, time and source', async (t) => {
  const server = await startServer(t)
  const { refreshToken, accessToken } = await signUp(server, 'ann@example.com')
  await refresh(server, refreshToken)
  server.clock.now += 60
  await refresh(server, refreshToken, { from: '203.0.113.66', headers: { 'user-agent': 'thief/1.0' } })
  const sessionId = String(claimsOf(accessToken)['sid'])
  const events = await server.context.store.events.list({ sessionId, limit: 100 })
  const reuse = events.find((event) => event.type === 'session.reused')
  assert.equal(reuse?.at, server.clock.now)
  assert.deepEqual([reuse?.source.address, reuse?.source.userAgent], ['203.0.113.66', 'thief/1.0'])
})

test('RT-13: expired, replayed, ended, unknown and malformed are invalid_grant alike', async (t) => {
  const server = await startServer(t)
  const replayed = await signUp(server, 'ann@example.com')
  await refresh(server, replayed.refreshToken)
  const ended = await login(server, 'ann@example.com')
  await server.call('/auth/logout', { body: { refresh_token: ended.refreshToken } })
  const expired = await login(server, 'ann@example.com')
  const forged = `${expired.refreshToken.slice(0, -1)}${expired.refreshToken.endsWith('A') ? 'B' : 'A'}`
  const answers = [await refresh(server, replayed.refreshToken), await refresh(server, ended.refreshToken)]
  server.clock.now += 8 * DAY
  for (const token of [expired.refreshToken, forged, 'x', '', ' ', 'srt_', 'a.b.c', '\u0000'])
    answers.push(await refresh(server, token))
  for (const answer of answers) {
    assert.deepEqual([answer.status, answer.json['error']], [401, 'invalid_grant'])
    assert.equal(answer.cookies.size, 0)
  }
})

test('a token forged in any single character does not reach the database', async (t) => {
  const server = await startServer(t)
  const { refreshToken } = await signUp(server, 'ann@example.com')
  const { sessions } = server.context.store
  const real = sessions.refresh.bind(sessions)
  let touched = 0
  Object.assign(sessions, { refresh: (...given: Parameters<typeof real>) => (touched++, real(...given)) })
  for (let index = 0; index < refreshToken.length; index++) {
    const other = refreshToken[index] === 'A' ? 'B' : 'A'
    const forged = refreshToken.slice(0, index) + other + refreshToken.slice(index + 1)
    assert.equal((await refresh(server, forged)).code, 'refresh_token_invalid', `character ${index}`)
  }
  assert.equal(touched, 0)
})

test('RT-14: a refresh refuses a disabled account and picks up changed roles', async (t) => {
  const server = await startServer(t)
  const { accessToken, refreshToken } = await signUp(server, 'ann@example.com')
  const id = String(claimsOf(accessToken)['sub'])
  await server.context.store.accounts.update(id, { roles: ['editor'] }, [])
  const next = tokensOf(await refresh(server, refreshToken))
  assert.deepEqual(claimsOf(next.accessToken)['roles'], ['editor'])
  await server.context.store.accounts.disable(id, { at: server.clock.now, revocations: () => [] }, [])
  assert.equal((await refresh(server, next.refreshToken)).code, 'session_ended')
})

test('RT-15: a session bound to a key refuses a refresh without proof, with a used one, or with that of another key', async (t) => {
  const server = await startServer(t)
  const [key, other] = [await generateSigningKey('ES256'), await generateSigningKey('ES256')]
  const bound = await boundLogin(server, key)
  assert.equal((await refresh(server, bound.refreshToken)).code, 'dpop_proof_invalid')
  assert.equal((await boundRefresh(server, other, bound.refreshToken, 'other')).code, 'dpop_proof_invalid')
  const good = await boundRefresh(server, key, bound.refreshToken, 'once')
  assert.deepEqual([good.status, good.json['token_type']], [200, 'DPoP'])
  const again = await boundRefresh(server, key, tokensOf(good).refreshToken, 'once')
  assert.deepEqual([again.status, again.code], [401, 'dpop_proof_invalid'])
  assert.match(String(again.headers['www-authenticate']), /^DPoP .*invalid_dpop_proof/)
})

test('RT-15: a proof for another method, URL or time is refused, and so are two proofs', async (t) => {
  const server = await startServer(t)
  const key = await generateSigningKey('ES256')
  const bound = await boundLogin(server, key)
  const good = { method: 'POST', url: `${ISSUER}/auth/refresh`, jti: 'x', now: server.clock.now }
  const wrong = [
    { ...good, method: 'GET' },
    { ...good, url: `${ISSUER}/auth/login` },
    { ...good, url: 'https://evil.example/auth/refresh' },
    { ...good, now: good.now - 61 },
    { ...good, now: good.now + 61 },
  ]
  for (const [index, proof] of wrong.entries()) {
    const dpop = createDpopProof(key, { ...proof, jti: `wrong ${index}` })
    assert.equal((await refresh(server, bound.refreshToken, { headers: { dpop } })).code, 'dpop_proof_invalid')
  }
  const two = `${createDpopProof(key, { ...good, jti: 'a' })}, ${createDpopProof(key, { ...good, jti: 'b' })}`
  assert.equal((await refresh(server, bound.refreshToken, { headers: { dpop: two } })).code, 'dpop_proof_invalid')
})

test('RT-15: the access token of a bound session needs the proof too', async (t) => {
  const server = await startServer(t)
  const key = await generateSigningKey('ES256')
  const { accessToken } = await boundLogin(server, key)
  assert.equal((await server.call('/auth/me', { token: accessToken })).status, 401)
  const proof = { method: 'GET', url: `${ISSUER}/auth/me`, jti: 'me', now: server.clock.now, accessToken }
  const headers = { authorization: `DPoP ${accessToken}`, dpop: createDpopProof(key, proof) }
  assert.equal((await server.call('/auth/me', { headers })).status, 200, accessTokenHash(accessToken))
  assert.equal((await server.call('/auth/me', { headers })).code, 'dpop_proof_invalid')
})

test('the token comes from the body or from the cookie, never from both', async (t) => {
  const server = await startServer(t)
  await register(server, 'ann@example.com')
  const { cookies } = await browserLogin(server, 'ann@example.com')
  const body = { refresh_token: cookies[REFRESH_COOKIE] }
  const both = await server.call('/auth/refresh', { body, cookies, headers: SAME_ORIGIN })
  assert.deepEqual([both.status, both.code], [400, 'credential_ambiguous'])
  const value = cookies[REFRESH_COOKIE] ?? ''
  const twice = { ...SAME_ORIGIN, cookie: `${REFRESH_COOKIE}=${value}; ${REFRESH_COOKIE}=other` }
  assert.equal((await server.call('/auth/refresh', { method: 'POST', headers: twice })).code, 'credential_ambiguous')
  assert.equal((await server.call('/auth/refresh', { method: 'POST' })).code, 'refresh_token_missing')
  assert.equal((await browserRefresh(server, cookies)).status, 200, 'none of it spent the token')
})

test('a token that came in a cookie never goes back in a body', async (t) => {
  const server = await startServer(t)
  const { refreshToken } = await signUp(server, 'ann@example.com')
  const answer = await browserRefresh(server, { [REFRESH_COOKIE]: refreshToken })
  assert.equal(answer.status, 200)
  assert.equal(answer.json['refresh_token'], undefined)
  assert.ok(answer.cookies.has(REFRESH_COOKIE))
})

function browserRefresh(server: TestServer, cookies: Readonly<Record<string, string>>): Promise<Answer> {
  return server.call('/auth/refresh', { method: 'POST', cookies, headers: SAME_ORIGIN })
}

async function boundLogin(server: TestServer, key: SigningKey): Promise<ReturnType<typeof tokensOf>> {
  await register(server, 'ann@example.com')
  const dpop = createDpopProof(key, {
    method: 'POST',
    url: `${ISSUER}/auth/login`,
    jti: 'login',
    now: server.clock.now,
  })
  const body = { email: 'ann@example.com', password: PASSWORD }
  const answer = await server.call('/auth/login', { body, headers: { dpop } })
  assert.equal(answer.json['token_type'], 'DPoP', answer.text)
  return tokensOf(answer)
}

function boundRefresh(server: TestServer, key: SigningKey, refreshToken: string, jti: string): Promise<Answer> {
  const url = `${ISSUER}/auth/refresh`
  const dpop = createDpopProof(key, { method: 'POST', url, jti, now: server.clock.now })
  return refresh(server, refreshToken, { headers: { dpop } })
}

test('TR-03: a proof whose time has a fraction (RFC 7519 §2) is as good as any other', async (t) => {
  const server = await startServer(t)
  const key = await generateSigningKey('ES256')
  const bound = await boundLogin(server, key)
  const proof = { method: 'POST', url: `${ISSUER}/auth/refresh`, jti: 'fraction', now: server.clock.now - 0.5 }
  const dpop = createDpopProof(key, proof)
  assert.equal((await refresh(server, bound.refreshToken, { headers: { dpop } })).status, 200)
})

test('CWE-770: proofs for a session that is over are not remembered', async (t) => {
  const server = await startServer(t)
  const key = await generateSigningKey('ES256')
  const bound = await boundLogin(server, key)
  await server.call('/auth/logout', { body: { refresh_token: bound.refreshToken } })
  const { proofs } = server.context.store
  const remember = proofs.remember.bind(proofs)
  let remembered = 0
  Object.assign(proofs, { remember: (...args: Parameters<typeof remember>) => (remembered++, remember(...args)) })
  assert.equal((await boundRefresh(server, key, bound.refreshToken, 'late')).code, 'session_ended')
  assert.equal(remembered, 0)
})

test('RT-05: a spent token of a body-mode session in a cookie is reuse, whatever the headers claim', async (t) => {
  const server = await startServer(t)
  await register(server, 'ann@example.com')
  const first = await login(server, 'ann@example.com')
  const second = tokensOf(await refresh(server, first.refreshToken))
  server.clock.now += 9
  const thief = { cookies: { [REFRESH_COOKIE]: first.refreshToken }, headers: SAME_ORIGIN, from: '203.0.113.9' }
  assert.equal((await server.call('/auth/refresh', { ...thief, method: 'POST' })).code, 'refresh_token_reused')
  assert.equal((await refresh(server, second.refreshToken)).code, 'session_ended')
})
