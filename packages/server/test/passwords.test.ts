import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Answer } from './support/answer.ts'
import { PASSWORD, login, refresh, register, signUp } from './support/people.ts'
import { startServer } from './support/server.ts'
import type { TestServer } from './support/server.ts'

/** Passwords nobody would guess, of an exact number of characters. */
const LONG = 'Zephyr violet anchors 42 humming maple lanterns drift past quiet harbour walls at dusk; never twice alike'

function attempt(server: TestServer, email: string, password: string): Promise<Answer> {
  return server.call('/auth/login', { body: { email, password } })
}

function enrol(server: TestServer, email: string, password: string): Promise<Answer> {
  return server.call('/auth/register', { body: { email, password } })
}

test('PW-01: the default minimum is 15 characters', async (t) => {
  const server = await startServer(t)
  for (const length of [7, 8, 14]) {
    const answer = await enrol(server, 'ann@example.com', LONG.slice(0, length))
    assert.deepEqual([answer.status, answer.code], [422, 'password_too_short'], `${length} characters`)
  }
  assert.equal((await enrol(server, 'ann@example.com', LONG.slice(0, 15))).status, 202)
})

test('PW-02: 64 characters and the limit of 256 are accepted; one more is 422, a megabyte 413', async (t) => {
  const server = await startServer(t)
  const limit = `${LONG}${LONG}${LONG}`.slice(0, 256)
  for (const [index, password] of [LONG.slice(0, 64), LONG, limit].entries()) {
    await register(server, `p${index}@example.com`, password)
    assert.equal((await attempt(server, `p${index}@example.com`, password)).status, 200)
  }
  const long = await enrol(server, 'q@example.com', `${limit}x`)
  assert.deepEqual([long.status, long.code], [422, 'password_too_long'])
  const huge = await attempt(server, 'p0@example.com', 'x'.repeat(1_000_000))
  assert.deepEqual([huge.status, huge.code], [413, 'body_too_large'])
  assert.equal((await attempt(server, 'p0@example.com', 'x'.repeat(15_000))).status, 401)
})

test('PW-03: a password is checked exactly as typed', async (t) => {
  const server = await startServer(t)
  const password = LONG.slice(0, 100)
  await register(server, 'ann@example.com', password)
  const wrong = [password.slice(0, 72), `${password} `, ` ${password}`, password.replace('Z', 'z'), `${password}\u0000`]
  for (const typed of wrong) {
    assert.equal((await attempt(server, 'ann@example.com', typed)).code, 'credentials_invalid', JSON.stringify(typed))
    server.clock.now += 3600
  }
  assert.equal((await attempt(server, 'ann@example.com', password)).status, 200)
})

test('PW-04: digits, letters, blanks, signs or pictures alone will do', async (t) => {
  const server = await startServer(t)
  const passwords = [
    '839201746582910',
    'wqkzjhvbtrplmxd',
    '🦊🌵🎲🚲🧩🪁🛶🎻🧭🪴🍋🧦🪐🎈🥁',
    'тихая гавань под луной',
    '§ ¤ ¶ † ‡ ° ± ¬ ¦ ',
  ]
  for (const [index, password] of passwords.entries()) {
    await register(server, `p${index}@example.com`, password)
    assert.equal((await attempt(server, `p${index}@example.com`, password)).status, 200, password)
  }
})

test('PW-05: an accent is the same however it was typed, and a code point is one character', async (t) => {
  const server = await startServer(t)
  const typed = 'caf\u00e9 au lait bleu ciel'
  await register(server, 'ann@example.com', typed)
  assert.equal((await attempt(server, 'ann@example.com', typed.normalize('NFD'))).status, 200)
  assert.equal((await enrol(server, 'bob@example.com', '🦊🌵🎲🚲🧩🪁🛶🎻🧭🪴🍋🧦🪐🎈')).code, 'password_too_short')
})

test('PW-06: common passwords and those made of the address or of our name are refused, and the answer says why', async (t) => {
  const server = await startServer(t)
  for (const password of [
    'password123456789',
    'signetsignet2025',
    'maryannmaryannmaryann',
    'qwertyuiopasdfghjkl',
    '111111111111111',
  ]) {
    const answer = await enrol(server, 'maryann@example.com', password)
    assert.deepEqual([answer.status, answer.code], [422, 'password_common'], password)
    assert.equal(typeof answer.json['detail'], 'string')
  }
})

test('PW-07: a password does not grow old', async (t) => {
  const server = await startServer(t)
  await register(server, 'ann@example.com')
  server.clock.now += 2 * 365 * 86_400
  await login(server, 'ann@example.com')
})

test('PW-08: passwords rest as argon2id of at least 19 MiB and 2 passes, each with its own salt', async (t) => {
  const server = await startServer(t, { unsafe: { passwordMemoryKib: 19_456, passwordPasses: 2 } })
  await register(server, 'ann@example.com')
  await register(server, 'bob@example.com')
  const accounts = await server.context.store.accounts.list({ afterId: null, limit: 10 })
  const hashes = accounts.map((account) => account.passwordHash)
  assert.equal(new Set(hashes).size, 2)
  for (const hash of hashes)
    assert.match(hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22,}\$[A-Za-z0-9+/]{43}$/)
})

test('PW-09: a hash made with older parameters is strengthened at the next good login', async (t) => {
  const first = await startServer(t, { unsafe: { passwordMemoryKib: 64, passwordPasses: 1 } })
  await register(first, 'ann@example.com')
  await first.close()
  const second = await startServer(t, {
    directory: first.directory,
    unsafe: { passwordMemoryKib: 128, passwordPasses: 2 },
  })
  await login(second, 'ann@example.com')
  const account = await second.context.store.accounts.findByEmail('ann@example.com')
  assert.match(account?.passwordHash ?? '', /\$m=128,t=2,p=1\$/)
  await login(second, 'ann@example.com')
})

test('PW-11: a password changes only with the current one and a live session', async (t) => {
  const server = await startServer(t)
  const { accessToken } = await signUp(server, 'ann@example.com')
  const change = (current: unknown, token?: string): Promise<Answer> =>
    server.call('/auth/password', {
      body: { ...(current === undefined ? {} : { current_password: current }), new_password: LONG },
      ...(token === undefined ? {} : { token }),
    })
  assert.equal((await change(PASSWORD)).code, 'token_missing')
  assert.equal((await change(undefined, accessToken)).code, 'request_invalid')
  assert.equal((await change('wrong', accessToken)).code, 'password_incorrect')
  assert.equal((await attempt(server, 'ann@example.com', LONG)).status, 401)
  assert.equal((await change(PASSWORD, accessToken)).status, 204)
  assert.equal((await attempt(server, 'ann@example.com', LONG)).status, 200)
  assert.equal((await attempt(server, 'ann@example.com', PASSWORD)).status, 401)
})

test('PW-11: wrong current passwords are counted, and then have to wait', async (t) => {
  const server = await startServer(t)
  const { accessToken } = await signUp(server, 'ann@example.com')
  const body = { current_password: 'wrong', new_password: LONG }
  const codes = []
  for (let index = 0; index < 20; index++)
    codes.push((await server.call('/auth/password', { body, token: accessToken })).code)
  assert.equal(codes.at(-1), 'throttled')
  assert.ok(codes.filter((code) => code === 'password_incorrect').length <= 12)
})

test('PW-12: after a change every other session is over, its refresh token and its access token refused', async (t) => {
  const server = await startServer(t)
  const here = await signUp(server, 'ann@example.com')
  const there = await login(server, 'ann@example.com')
  const body = { current_password: PASSWORD, new_password: LONG }
  assert.equal((await server.call('/auth/password', { body, token: here.accessToken })).status, 204)
  assert.equal((await refresh(server, there.refreshToken)).code, 'session_ended')
  assert.equal((await server.call('/auth/me', { token: there.accessToken })).code, 'token_revoked')
  assert.equal((await refresh(server, here.refreshToken)).status, 200)
})

test('PW-13: a fresh server has no account, and no password lets anybody in', async (t) => {
  const server = await startServer(t)
  assert.deepEqual(await server.context.store.accounts.list({ afterId: null, limit: 1 }), [])
  for (const [email, password] of [
    ['admin', 'admin'],
    ['admin@example.com', 'password'],
    ['root', ''],
    ['signet', 'signet'],
  ]) {
    assert.equal((await server.call('/auth/login', { body: { email, password } })).status, 401)
  }
})

test('PW-14: a taken address is answered like a free one, after the same hashing', async (t) => {
  const server = await startServer(t)
  await register(server, 'taken@example.com')
  const taken = await enrol(server, 'taken@example.com', LONG)
  const free = await enrol(server, 'still@example.com', LONG)
  assert.deepEqual([taken.status, taken.text], [free.status, free.text])
  assert.deepEqual(stable(taken), stable(free))
  assert.equal((await attempt(server, 'taken@example.com', LONG)).status, 401, 'the first password stays')
})

test('PW-15: one address is one account, however it is written', async (t) => {
  const server = await startServer(t)
  for (const email of ['a@x.test', 'A@X.test', ' a@x.test', 'a@x.test ', '\uff41@x.test', 'a@X.TEST']) {
    await enrol(server, email, PASSWORD)
  }
  const accounts = await server.context.store.accounts.list({ afterId: null, limit: 10 })
  assert.equal(new Set(accounts.map((account) => account.canonicalEmail)).size, accounts.length)
  assert.equal(accounts.length, 1, accounts.map((account) => account.email).join(' | '))
})

test('PW-16: there are no hints and no questions to ask', async (t) => {
  const server = await startServer(t)
  const { text } = await server.call('/openapi.json')
  assert.doesNotMatch(text, /hint|question/i)
})

function stable(answer: Answer): object {
  const { 'x-request-id': _id, date: _date, ...headers } = answer.headers
  return headers
}
