import assert from 'node:assert/strict'
import { readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { createVerifier, importJwkSet, importSigningKey, sign } from '@signet/jwt'
import { ACCESS_TOKEN_TYPE } from '@signet/protocol'
import { loadConfig } from '../src/config/load.ts'
import { PASSWORD, claimsOf, headerOf, login, refresh, register, signUp, tokensOf } from './support/people.ts'
import { ISSUER, START, startServer } from './support/server.ts'
import type { TestServer } from './support/server.ts'

test('AT-01, AT-02: an access token has the claims of RFC 9068 and lives 15 minutes', async (t) => {
  const server = await startServer(t)
  const first = await signUp(server, 'ann@example.com')
  server.clock.now += 100
  const second = tokensOf(await refresh(server, first.refreshToken))
  for (const [token, at] of [
    [first.accessToken, START],
    [second.accessToken, START + 100],
  ] as const) {
    const { jti, sub, sid, ...claims } = claimsOf(token)
    for (const id of [jti, sub, sid]) assert.equal(typeof id, 'string')
    assert.deepEqual(claims, {
      iss: ISSUER,
      aud: ISSUER,
      exp: at + 900,
      iat: at,
      client_id: 'signet',
      auth_time: START,
      amr: ['pwd'],
    })
    assert.equal(headerOf(token)['typ'], 'at+jwt')
  }
})

for (const algorithm of ['RS256', 'PS256', 'ES256', 'Ed25519']) {
  test(`AT-03, KY-01: with ${algorithm} the key id is published, and the published key verifies`, async (t) => {
    const server = await startServer(t, { settings: { algorithm } })
    const { accessToken } = await signUp(server, 'ann@example.com')
    const { json } = await server.call('/.well-known/jwks.json')
    const keys = json['keys']
    assert.ok(Array.isArray(keys) && keys.length === 1)
    const [key] = keys
    const members: Readonly<Record<string, readonly string[]>> = {
      RSA: ['alg', 'e', 'kid', 'kty', 'n', 'use'],
      EC: ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'],
      OKP: ['alg', 'crv', 'kid', 'kty', 'use', 'x'],
    }
    assert.deepEqual(Object.keys(key).sort(), members[key.kty])
    assert.deepEqual([key.use, key.alg], ['sig', algorithm])
    assert.deepEqual([headerOf(accessToken)['alg'], headerOf(accessToken)['kid']], [algorithm, key.kid])
    const policy = {
      issuer: ISSUER,
      audience: ISSUER,
      typ: ACCESS_TOKEN_TYPE,
      keys: importJwkSet(json),
      now: () => START,
    }
    const verified = createVerifier({ ...policy, algorithms: [key.alg] }).verify(accessToken)
    assert.equal(verified.claims['sub'], claimsOf(accessToken)['sub'])
  })
}

test('AT-03: the default algorithm is asymmetric; the secret of HS256 is never published', async (t) => {
  assert.equal(loadConfig({ env: {} }).algorithm, 'RS256')
  const hs256Secret = 'b7a3f04c9d1e52868fa06b3d7c51e2940dd86e1fa3927b45c81f6e0a93d4b752'
  const server = await startServer(t, { settings: { algorithm: 'HS256', hs256Secret } })
  const { accessToken: token } = await signUp(server, 'ann@example.com')
  assert.deepEqual((await server.call('/.well-known/jwks.json')).json, { keys: [] })
  assert.equal((await server.call('/auth/me', { token })).status, 200)
})

test('AT-04: a token of another type, signed with our own key, is refused', async (t) => {
  const server = await startServer(t, { settings: { algorithm: 'HS256', hs256Secret: SECRET } })
  const { accessToken } = await signUp(server, 'ann@example.com')
  const key = importSigningKey(Buffer.from(SECRET, 'hex'), { alg: 'HS256', kid: String(headerOf(accessToken)['kid']) })
  const claims = claimsOf(accessToken)
  const resigned = (typ: string, change: object = {}): string => sign({ ...claims, ...change } as never, key, { typ })
  assert.equal((await server.call('/auth/me', { token: resigned('at+jwt') })).status, 200)
  for (const typ of ['JWT', 'dpop+jwt', 'rt+jwt', 'logout+jwt']) {
    assert.equal((await server.call('/auth/me', { token: resigned(typ) })).code, 'token_invalid', typ)
  }
  for (const change of [{ iss: 'https://evil.example' }, { aud: 'https://api.example.com' }]) {
    assert.equal((await server.call('/auth/me', { token: resigned('at+jwt', change) })).code, 'token_invalid')
  }
  const foreign = { sid: claimsOf((await signUp(server, 'bob@example.com')).accessToken)['sid'] }
  assert.equal((await server.call('/auth/me', { token: resigned('at+jwt', foreign) })).code, 'token_revoked')
})

const SECRET = 'e1c04fa27b935d6881f0a7c29d3e5b4672db81c5f49a0e63b7d2418c95fa306e'

test('AT-05: a token for one resource server is refused by another', async (t) => {
  const audiences = ['https://api.example.com', 'https://other.example.com']
  const server = await startServer(t, { settings: { audiences } })
  await register(server, 'ann@example.com')
  const { accessToken: token, refreshToken } = await login(server, 'ann@example.com', { resource: audiences[0] })
  assert.equal(
    (await server.call('/auth/me', { token })).code,
    'token_invalid',
    'the account routes are a resource, too',
  )
  assert.equal(claimsOf(tokensOf(await refresh(server, refreshToken)).accessToken)['aud'], audiences[0])
  const keys = importJwkSet((await server.call('/.well-known/jwks.json')).json)
  const verify = (audience: string): unknown =>
    createVerifier({ issuer: ISSUER, audience, algorithms: ['ES256'], keys, now: () => START }).verify(token)
  assert.doesNotThrow(() => verify('https://api.example.com'))
  assert.throws(() => verify('https://other.example.com'))
  assert.throws(() => verify(ISSUER))
})

test('AT-07: the payload holds no personal data', async (t) => {
  const server = await startServer(t)
  const { accessToken: token } = await signUp(server, 'ann.lee@example.com')
  await server.call('/auth/me', { method: 'PATCH', token, body: { name: 'Ann Lee' } })
  const { accessToken } = await login(server, 'ann.lee@example.com')
  assert.doesNotMatch(JSON.stringify(claimsOf(accessToken)), /ann\W|lee|@/i)
})

test('AT-08: token answers, and all others but public documents, are not cached', async (t) => {
  const server = await startServer(t)
  const { accessToken: token, refreshToken } = await signUp(server, 'ann@example.com')
  const answers = [
    await server.call('/auth/login', { body: { email: 'ann@example.com', password: PASSWORD } }),
    await refresh(server, refreshToken),
    await refresh(server, 'garbage'),
    await server.call('/auth/me', { token }),
    await server.call('/auth/sessions', { token }),
    await server.call('/auth/register', { body: { email: 'x@example.com', password: PASSWORD } }),
    await server.call('/nowhere'),
    await server.call('/%zz'),
  ]
  for (const { headers, status, text } of answers) {
    assert.equal(headers['cache-control'], 'no-store', `${status} ${text}`)
  }
})

test('KY-02: no private key is on disk in clear, in an answer or in the log', async (t) => {
  const server = await startServer(t)
  const { accessToken: token } = await signUp(server, 'ann@example.com')
  const texts = [server.logged.join('')]
  for (const path of ['/.well-known/jwks.json', '/openapi.json', '/auth/me', '/readyz', '/']) {
    texts.push((await server.call(path, { token })).text)
  }
  for (const text of texts) assert.doesNotMatch(text, /"(?:d|p|q|k)"\s*:\s*"[A-Za-z0-9_-]{20,}"|PRIVATE KEY/)
  for (const name of readdirSync(server.directory)) {
    const path = join(server.directory, name)
    assert.doesNotMatch(readFileSync(path, 'latin1'), /"d"\s*:|PRIVATE KEY/, name)
    if (/master/.test(name)) assert.equal(statSync(path).mode & 0o777, 0o600, name)
  }
})

test('KY-05: keys can be cached, revalidated, and read without the database', async (t) => {
  const server = await startServer(t, { settings: { jwksMaxAgeSeconds: 120 } })
  const first = await server.call('/.well-known/jwks.json')
  const etag = String(first.headers['etag'])
  assert.equal(first.headers['cache-control'], 'public, max-age=120')
  assert.match(etag, /^"[A-Za-z0-9_-]{22}"$/)
  await server.context.store.close()
  for (const tag of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
    const { status, text, headers } = await server.call('/.well-known/jwks.json', { headers: { 'if-none-match': tag } })
    assert.deepEqual([status, text, headers['etag']], [304, '', etag], tag)
  }
  for (const tag of ['"x"', etag.slice(1, -1), '']) {
    const { status, text } = await server.call('/.well-known/jwks.json', { headers: { 'if-none-match': tag } })
    assert.deepEqual([status, text], [200, first.text], tag)
  }
})

test('KY-08: the metadata names the issuer exactly and only what is there', async (t) => {
  const server = await startServer(t, { settings: { scopes: ['read'] } })
  const { json, headers } = await server.call('/.well-known/oauth-authorization-server', {
    headers: { host: 'evil.example' },
  })
  assert.equal(json['issuer'], ISSUER)
  assert.equal(json['jwks_uri'], `${ISSUER}/.well-known/jwks.json`)
  assert.deepEqual([json['scopes_supported'], json['grant_types_supported']], [['read'], ['refresh_token']])
  assert.ok(!('token_endpoint' in json) && !('authorization_endpoint' in json))
  assert.match(String(headers['cache-control']), /^public, max-age=300$/)
  assert.equal((await server.call(pathOf(server, String(json['jwks_uri'])))).status, 200)
  assert.equal((await server.call(pathOf(server, String(json['service_documentation'])))).status, 200)
})

function pathOf({ config }: TestServer, url: string): string {
  assert.ok(url.startsWith(`${config.issuer}/`))
  return url.slice(config.issuer.length)
}
