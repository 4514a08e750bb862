import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Answer } from './support/answer.ts'
import {
  ACCESS_COOKIE,
  CROSS_SITE,
  CSRF_COOKIE,
  REFRESH_COOKIE,
  SAME_ORIGIN,
  browserLogin,
  jarOf,
} from './support/browser.ts'
import type { Jar } from './support/browser.ts'
import { PASSWORD, login, refresh, register } from './support/people.ts'
import { APP_ORIGIN, ISSUER, startServer } from './support/server.ts'
import type { Call, TestServer } from './support/server.ts'

const HIDDEN = ['httponly', 'path=/', 'samesite=strict', 'secure']
const READABLE = ['path=/', 'samesite=strict', 'secure']

test('BR-01: cookies are host-only, secure, strict, and scripts read none but the CSRF token', async (t) => {
  const server = await startServer(t, { settings: { accessCookie: true } })
  await register(server, 'ann@example.com')
  const body = { email: 'ann@example.com', password: PASSWORD }
  const answer = await server.call('/auth/login', { body, headers: SAME_ORIGIN })
  const refreshed = await cookieRefresh(server, jarOf(answer), SAME_ORIGIN)
  for (const { cookies, json } of [answer, refreshed]) {
    assert.deepEqual([...cookies.keys()].sort(), [ACCESS_COOKIE, CSRF_COOKIE, REFRESH_COOKIE])
    assert.deepEqual(cookies.get(REFRESH_COOKIE)?.attributes.toSorted(), [...HIDDEN, 'max-age=604800'].sort())
    assert.deepEqual(cookies.get(CSRF_COOKIE)?.attributes.toSorted(), [...READABLE, 'max-age=604800'].sort())
    assert.deepEqual(cookies.get(ACCESS_COOKIE)?.attributes.toSorted(), [...HIDDEN, 'max-age=900'].sort())
    assert.ok(!('refresh_token' in json))
    assert.equal(cookies.get(CSRF_COOKIE)?.value, json['csrf_token'])
  }
})

test('BR-01: no other answer sets a cookie', async (t) => {
  const server = await startServer(t)
  await register(server, 'ann@example.com')
  const { accessToken: token, refreshToken } = await login(server, 'ann@example.com')
  const answers = [
    await refresh(server, refreshToken),
    await server.call('/auth/me', { token }),
    await server.call('/auth/login', { body: { email: 'ann@example.com', password: 'wrong' }, headers: SAME_ORIGIN }),
    ...(await Promise.all(
      ['/', '/docs', '/openapi.json', '/.well-known/jwks.json', '/nowhere'].map((p) => server.call(p)),
    )),
  ]
  for (const { cookies } of answers) assert.equal(cookies.size, 0)
})

test('on http://localhost the cookies lose the prefix and Secure, and nothing else', async (t) => {
  const server = await startServer(t, { settings: { issuer: 'http://localhost:4747' } })
  await register(server, 'ann@example.com')
  const body = { email: 'ann@example.com', password: PASSWORD }
  const { cookies } = await server.call('/auth/login', { body, headers: SAME_ORIGIN })
  assert.ok(
    server.logged.some((line) => line.includes('the issuer is plain http')),
    'and the operator is told',
  )
  assert.deepEqual([...cookies.keys()].sort(), ['signet_csrf', 'signet_refresh'])
  assert.deepEqual(cookies.get('signet_refresh')?.attributes.toSorted(), [
    'httponly',
    'max-age=604800',
    'path=/',
    'samesite=strict',
  ])
  const stolen = { [REFRESH_COOKIE]: cookies.get('signet_refresh')?.value ?? '' }
  assert.equal((await server.call('/auth/refresh', { method: 'POST', cookies: stolen })).code, 'refresh_token_missing')
})

const REQUESTS: readonly {
  readonly name: string
  readonly headers: Readonly<Record<string, string>>
  readonly code: string | undefined
}[] = [
  { name: 'from the site itself', headers: SAME_ORIGIN, code: undefined },
  { name: 'from a configured origin', headers: { 'sec-fetch-site': 'same-site', origin: APP_ORIGIN }, code: undefined },
  { name: 'from the own origin, without Fetch-Metadata', headers: { origin: ISSUER }, code: undefined },
  { name: 'from another site', headers: CROSS_SITE, code: 'cross_site_refused' },
  { name: 'from another site without Origin', headers: { 'sec-fetch-site': 'cross-site' }, code: 'cross_site_refused' },
  { name: 'from a sibling subdomain', headers: { 'sec-fetch-site': 'same-site' }, code: 'cross_site_refused' },
  {
    name: 'from a sibling subdomain by Origin',
    headers: { origin: 'https://blog.example.com' },
    code: 'cross_site_refused',
  },
  {
    name: 'from an opaque origin',
    headers: { 'sec-fetch-site': 'cross-site', origin: 'null' },
    code: 'cross_site_refused',
  },
  { name: 'from an opaque origin without Fetch-Metadata', headers: { origin: 'null' }, code: 'cross_site_refused' },
  { name: 'from nowhere', headers: {}, code: 'csrf_token_invalid' },
  { name: 'from nowhere, with a made-up CSRF token', headers: { 'x-csrf-token': 'x' }, code: 'csrf_token_invalid' },
  { name: 'typed into the address bar', headers: { 'sec-fetch-site': 'none' }, code: 'csrf_token_invalid' },
  {
    name: 'with an unknown Sec-Fetch-Site',
    headers: { 'sec-fetch-site': 'same-origin, cross-site' },
    code: 'cross_site_refused',
  },
]

for (const { name, headers, code } of REQUESTS) {
  test(`BR-03: a refresh by cookie ${name}: ${code ?? 'allowed'}`, async (t) => {
    const server = await startServer(t)
    await register(server, 'ann@example.com')
    const jar = await browserLogin(server, 'ann@example.com')
    const answer = await cookieRefresh(server, jar, headers)
    assert.equal(answer.code, code)
    if (code === undefined) return
    assert.equal(answer.cookies.size, 0)
    assert.equal((await cookieRefresh(server, jar, SAME_ORIGIN)).status, 200, 'nothing was spent')
    assert.equal((await server.call('/auth/logout', { method: 'POST', cookies: jar.cookies, headers })).code, code)
  })
}

test('BR-03: the CSRF token of the session lets a silent browser act, that of another session does not', async (t) => {
  const server = await startServer(t)
  await register(server, 'ann@example.com')
  const [own, other] = [await browserLogin(server, 'ann@example.com'), await browserLogin(server, 'ann@example.com')]
  assert.equal((await cookieRefresh(server, own, { 'x-csrf-token': other.csrfToken })).code, 'csrf_token_invalid')
  assert.equal((await cookieRefresh(server, own, { 'x-csrf-token': own.csrfToken })).status, 200)
  const forged = { ...other, cookies: { ...other.cookies, [REFRESH_COOKIE]: 'srt_forged' } }
  assert.equal((await cookieRefresh(server, forged, { 'x-csrf-token': other.csrfToken })).code, 'csrf_token_invalid')
})

test('BR-03: a cross-site form cannot even be read, and GET changes nothing', async (t) => {
  const server = await startServer(t)
  await register(server, 'ann@example.com')
  const { cookies } = await browserLogin(server, 'ann@example.com')
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
    const answer = await server.call('/auth/refresh', { cookies, type, body: '{}', headers: SAME_ORIGIN })
    assert.equal(answer.status, 415, type)
  }
  for (const path of ['/auth/refresh', '/auth/logout', '/auth/logout/all', '/auth/password', '/auth/register']) {
    assert.equal((await server.call(path, { cookies, headers: SAME_ORIGIN })).status, 405, path)
  }
  assert.equal((await cookieRefresh(server, { cookies }, SAME_ORIGIN)).status, 200)
})

test('BR-03: with the access cookie, unsafe account routes ask where the request came from', async (t) => {
  const server = await startServer(t, { settings: { accessCookie: true } })
  await register(server, 'ann@example.com')
  const { cookies, csrfToken } = await browserLogin(server, 'ann@example.com')
  const rename = (headers: Readonly<Record<string, string>>): Promise<Answer> =>
    server.call('/auth/me', { method: 'PATCH', cookies, headers, body: { name: 'Eve' } })
  assert.equal((await rename(CROSS_SITE)).code, 'cross_site_refused')
  assert.equal((await rename({})).code, 'csrf_token_invalid')
  assert.equal((await rename(SAME_ORIGIN)).status, 200)
  assert.equal((await rename({ 'x-csrf-token': csrfToken })).status, 200)
})

test('the access cookie counts only where the operator asked for it', async (t) => {
  const server = await startServer(t)
  await register(server, 'ann@example.com')
  const { accessToken } = await browserLogin(server, 'ann@example.com')
  const cookies = { [ACCESS_COOKIE]: accessToken }
  assert.equal((await server.call('/auth/me', { cookies, headers: SAME_ORIGIN })).code, 'token_missing')
})

const ORIGINS: readonly (readonly [string, boolean])[] = [
  [APP_ORIGIN, true],
  [ISSUER, true],
  ['https://app.example.com.evil.example', false],
  ['https://evil-app.example.com', false],
  ['https://app.example.co', false],
  ['https://app.example.comx', false],
  ['https://sub.app.example.com', false],
  ['https://example.com', false],
  ['http://app.example.com', false],
  ['https://app.example.com:443', false],
  ['https://app.example.com:8443', false],
  ['https://APP.example.com', false],
  ['HTTPS://app.example.com', false],
  ['https://app.example.com/', false],
  ['https://app.example.com.', false],
  ['https://app_example.com', false],
  ['https://appxexample.com', false],
  ['https://app.example.com%60.evil.example', false],
  ['https://user@app.example.com', false],
  ['null', false],
  ['*', false],
  ['', false],
  ['https://app.example.com, https://evil.example', false],
]

test('BR-04: CORS allows the configured origins exactly, and says nothing to any other', async (t) => {
  const server = await startServer(t)
  for (const [origin, allowed] of ORIGINS) {
    await t.test(`"${origin}": ${allowed ? 'allowed' : 'refused'}`, async () => {
      const asked = {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
      }
      const preflight = await server.call('/auth/refresh', { method: 'OPTIONS', headers: asked })
      const simple = await server.call('/.well-known/jwks.json', { headers: { origin } })
      for (const { headers } of [preflight, simple]) {
        assert.equal(headers['access-control-allow-origin'], allowed ? origin : undefined)
        assert.equal(headers['access-control-allow-credentials'], allowed ? 'true' : undefined)
        assert.match(String(headers['vary']), /\bOrigin\b/i)
      }
      assert.equal(preflight.status, allowed ? 204 : 405)
    })
  }
})

test('BR-05: no other site signs a visitor in, up or out', async (t) => {
  const server = await startServer(t)
  await register(server, 'mallory@example.com')
  const body = { email: 'mallory@example.com', password: PASSWORD }
  for (const headers of [
    CROSS_SITE,
    { 'sec-fetch-site': 'same-site' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
  ]) {
    for (const path of ['/auth/login', '/auth/register']) {
      const answer = await server.call(path, { body, headers })
      assert.deepEqual([answer.status, answer.code, answer.cookies.size], [403, 'cross_site_refused', 0])
    }
    const out = await server.call('/auth/logout', { method: 'POST', headers })
    assert.deepEqual([out.code, out.cookies.size], ['cross_site_refused', 0])
  }
})

test('BR-07: logout, logout everywhere and deletion clear the cookies with their own attributes', async (t) => {
  const server = await startServer(t)
  await register(server, 'ann@example.com')
  const leave: readonly ((jar: Jar) => readonly [string, Call])[] = [
    ({ cookies }) => ['/auth/logout', { method: 'POST', cookies }],
    ({ accessToken: token, cookies }) => ['/auth/logout/all', { method: 'POST', token, cookies }],
    ({ accessToken: token, cookies }) => [
      '/auth/me',
      { method: 'DELETE', token, cookies, body: { password: PASSWORD } },
    ],
  ]
  for (const how of leave) {
    const [path, call] = how(await browserLogin(server, 'ann@example.com'))
    const { status, cookies } = await server.call(path, { ...call, headers: SAME_ORIGIN })
    assert.equal(status, 204, path)
    assert.deepEqual(cookies.get(REFRESH_COOKIE), {
      value: '',
      attributes: ['max-age=0', 'path=/', 'httponly', 'secure', 'samesite=strict'],
    })
    assert.deepEqual(cookies.get(CSRF_COOKIE), {
      value: '',
      attributes: ['max-age=0', 'path=/', 'secure', 'samesite=strict'],
    })
    assert.equal(cookies.get(ACCESS_COOKIE)?.value, '')
  }
})

test('a refused or losing refresh never touches the cookies of a newer login', async (t) => {
  const server = await startServer(t)
  await register(server, 'ann@example.com')
  const jar = await browserLogin(server, 'ann@example.com')
  await cookieRefresh(server, jar, SAME_ORIGIN)
  server.clock.now += 60
  const reused = await cookieRefresh(server, jar, SAME_ORIGIN)
  const ended = await cookieRefresh(server, jar, SAME_ORIGIN)
  const garbage = await cookieRefresh(server, { cookies: { [REFRESH_COOKIE]: 'garbage' } }, SAME_ORIGIN)
  assert.deepEqual(
    [reused.code, ended.code, garbage.code],
    ['refresh_token_reused', 'session_ended', 'refresh_token_invalid'],
  )
  for (const { headers } of [reused, ended, garbage]) assert.equal(headers['set-cookie'], undefined)
})

test('a logout by body leaves the cookies of another session alone', async (t) => {
  const server = await startServer(t)
  await register(server, 'ann@example.com')
  const { refreshToken, accessToken: token } = await login(server, 'ann@example.com')
  const byBody = await server.call('/auth/logout', { body: { refresh_token: refreshToken } })
  const byToken = await server.call('/auth/logout', { method: 'POST', token })
  assert.deepEqual([byBody.cookies.size, byToken.cookies.size], [0, 0])
})

test('BR-08: every answer has its security headers, and the page its own strict policy', async (t) => {
  const server = await startServer(t)
  for (const path of ['/', '/docs', '/docs/static/swagger-ui-bundle.js', '/openapi.json', '/auth/me', '/nowhere']) {
    const { headers } = await server.call(path)
    const policy = String(headers['content-security-policy'])
    assert.match(policy, /default-src 'none'/, path)
    assert.match(policy, /frame-ancestors 'none'/, path)
    assert.doesNotMatch(policy, /unsafe|https?:|\*/, path)
    assert.deepEqual(
      [headers['x-content-type-options'], headers['referrer-policy'], headers['cross-origin-opener-policy']],
      ['nosniff', 'no-referrer', 'same-origin'],
    )
    assert.equal(headers['server'], undefined)
    assert.equal(headers['x-powered-by'], undefined)
  }
  const { text } = await server.call('/docs')
  assert.doesNotMatch(text, /(?:src|href)="(?:https?:)?\/\//)
  assert.doesNotMatch(text, /<script(?![^>]*\bsrc=)[^>]*>|<style|\son\w+=/)
})

function cookieRefresh(
  server: TestServer,
  { cookies }: Pick<Jar, 'cookies'>,
  headers: Readonly<Record<string, string>>,
): Promise<Answer> {
  return server.call('/auth/refresh', { method: 'POST', cookies, headers })
}
