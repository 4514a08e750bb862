import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { createKeySet, generateSigningKey, sign, thumbprint } from '@signet/jwt'
import type { JsonObject, KeySource, SigningKey } from '@signet/jwt'
import { createDpopProof } from '@signet/jwt/dpop'
import { ACCESS_TOKEN_TYPE } from '@signet/protocol'
import { GuardError } from './errors.ts'
import { createGuard } from './guard.ts'
import type { Guard } from './guard.ts'
import type { GuardOptions } from './options.ts'
import type { Principal } from './principal.ts'
import type { GuardRequest } from './request.ts'
import { requireRole, requireScope } from './requirement.ts'
import { createRevocationList } from './revocation.ts'
import { AUDIENCE, ISSUED_AT, startIssuer } from './testing/issuer.ts'
import type { TestIssuer } from './testing/issuer.ts'

let issuer: TestIssuer
let now = ISSUED_AT
before(async () => {
  issuer = await startIssuer(['ES256', 'RS256'])
})
after(() => issuer.close())
beforeEach(() => {
  now = ISSUED_AT
  issuer.interfere = () => false
})

test('with local keys the answer is synchronous', () => {
  const principal = localGuard().authenticate(bearer(issuer.token({ scope: 'a b', roles: ['r'] })))
  assert.ok(!(principal instanceof Promise))
  assert.equal(principal.subject, 'acc_1')
  assert.equal(principal.issuer, issuer.url)
  assert.equal(principal.audience, AUDIENCE)
  assert.equal(principal.sessionId, 'ses_1')
  assert.deepEqual(principal.scopes, ['a', 'b'])
  assert.equal(principal.credential, 'bearer')
})

test('the same token gives the same principal from the cache, another token another one', () => {
  const guard = localGuard()
  const [one, two] = [issuer.token(), issuer.token()]
  assert.equal(guard.authenticate(bearer(one)), guard.authenticate(bearer(one)))
  assert.notEqual(guard.authenticate(bearer(one)), guard.authenticate(bearer(two)))
})

test('a handler cannot give the next request more rights through the principal they share', () => {
  const guard = localGuard()
  const request = bearer(issuer.token({ roles: ['clerk'], scope: 'a' }))
  const principal = guard.authenticate(request) as Principal
  for (const list of [principal.roles, principal.scopes, principal.methods, principal.claims['roles']]) {
    assert.throws(() => (list as string[]).push('admin'), TypeError)
  }
  refused(() => guard.authenticate(request, [requireRole('admin')]), 'role_insufficient')
})

for (const cache of [undefined, false] as const) {
  const kind = cache === false ? 'without cache' : 'with cache'

  test(`VF-09: ${kind}, a token is accepted up to its exp and the skew, and not a second longer`, () => {
    const guard = localGuard(cache === false ? { cache } : {})
    const token = issuer.token()
    for (now of [ISSUED_AT, ISSUED_AT + 900, ISSUED_AT + 904]) guard.authenticate(bearer(token))
    now = ISSUED_AT + 905
    refused(() => guard.authenticate(bearer(token)), 'token_expired')
  })

  test(`VF-15: ${kind}, a revocation stops a token that was just accepted`, () => {
    const revocation = createRevocationList({ now: () => now })
    const guard = localGuard({ revocation, ...(cache === false ? { cache } : {}) })
    const token = issuer.token({ jti: 'to-revoke' })
    guard.authenticate(bearer(token))
    revocation.add({ kind: 'token', jti: 'to-revoke', until: ISSUED_AT + 900 })
    refused(() => guard.authenticate(bearer(token)), 'token_revoked', 401)
    guard.authenticate(bearer(issuer.token()))
  })

  test(`KY-04: ${kind}, a withdrawn key stops the tokens it signed`, () => {
    let trusted = createKeySet(issuer.keys.map((key) => key.toVerificationKey()))
    let version = 0
    const keys: KeySource = {
      select: (alg, kid) => trusted.select(alg, kid),
      get version() {
        return version
      },
    }
    const guard = localGuard({ keys, ...(cache === false ? { cache } : {}) })
    const token = issuer.token()
    guard.authenticate(bearer(token))
    trusted = createKeySet([])
    version += 1
    refused(() => guard.authenticate(bearer(token)), 'token_invalid')
  })
}

test('KY-09: a token signed with an algorithm its key is not for is refused', () => {
  const [es256, rs256] = issuer.keys
  const header = (alg: string, kid: string | undefined): string =>
    Buffer.from(JSON.stringify({ alg, kid, typ: 'at+jwt' })).toString('base64url')
  const [, payload, signature] = issuer.token({}, { key: rs256 as SigningKey }).split('.')
  for (const [alg, kid] of [
    ['PS256', rs256?.kid],
    ['ES256', rs256?.kid],
    ['RS256', es256?.kid],
  ]) {
    refused(
      () => localGuard().authenticate(bearer(`${header(alg ?? '', kid)}.${payload}.${signature}`)),
      'token_invalid',
    )
  }
})

const foreign: readonly (readonly [string, JsonObject, string?])[] = [
  ['GD-02: of another issuer', { iss: 'https://evil.test' }],
  ['GD-02: of an issuer that begins the same', { iss: 'http://127.0.0.1' }],
  ['GD-02: for another audience', { aud: 'https://other.example.com' }],
  ['GD-02: for no audience', { aud: null }],
  ['VF-10: without subject', { sub: null }],
  ['VF-10: without jti', { jti: null }],
  ['VF-10: without client_id', { client_id: null }],
  ['VF-10: without exp', { exp: null }],
  ['VF-10: without iat', { iat: null }],
  ['not yet valid', { nbf: ISSUED_AT + 6 }],
  ['with roles that are no list', { roles: 'admin' }],
  ['with a scope that is no string', { scope: ['a'] }],
  ['bound to a certificate', { cnf: { 'x5t#S256': 'x'.repeat(43) } }],
  ['AT-04: of another type', {}, 'JWT'],
  ['AT-04: that is an ID token', { nonce: 'n' }, 'id_token+jwt'],
  ['AT-04: that is a logout token', {}, 'logout+jwt'],
]
for (const [name, claims, typ] of foreign) {
  test(`a token ${name} is refused as invalid`, () => {
    const token = issuer.token(claims, typ === undefined ? {} : { typ })
    const error = refused(() => localGuard().authenticate(bearer(token)), 'token_invalid', 401)
    assert.equal(error.challenge, 'Bearer error="invalid_token", error_description="The access token is not valid"')
  })
}

test('AT-05: of two resource servers, each refuses the tokens of the other', () => {
  const other = localGuard({ audience: 'https://other.example.com' })
  const token = issuer.token()
  localGuard().authenticate(bearer(token))
  refused(() => other.authenticate(bearer(token)), 'token_invalid')
})

test('GD-10: a refusal names neither the token nor the reason to the client, and the reason to the operator', () => {
  const heard: GuardError[] = []
  const guard = localGuard({ onRefusal: (refusal) => heard.push(refusal) })
  const token = issuer.token()
  const tampered = `${token.slice(0, -4)}AAAA`
  const error = refused(() => guard.authenticate(bearer(tampered)), 'token_invalid')
  assert.deepEqual(heard, [error])
  assert.equal(error.reason, 'signature_invalid')
  assert.equal(error.detail, undefined)
  assert.ok(!`${error.challenge} ${error.message}`.includes(token.slice(0, 20)))
  const foreignIssuer = refused(
    () => guard.authenticate(bearer(issuer.token({ iss: 'https://evil.test' }))),
    'token_invalid',
  )
  assert.equal(foreignIssuer.challenge, error.challenge)
})

test('an observer of refusals that throws changes nothing', () => {
  refused(() => localGuard({ onRefusal: fail }).authenticate(requestWith({})), 'token_missing', 401)
})

test('GD-08: identity headers that a client sends change nothing', () => {
  const request = requestWith({
    authorization: `Bearer ${issuer.token()}`,
    'x-user': 'admin',
    'x-forwarded-user': 'admin',
    'x-roles': 'admin',
  })
  const principal = localGuard().authenticate(request) as Principal
  assert.equal(principal.subject, 'acc_1')
  assert.deepEqual(principal.roles, [])
  refused(() => localGuard().authenticate(requestWith({ 'x-user': 'admin' })), 'token_missing', 401)
})

test('GD-02: requirements are met or refused with 403', () => {
  const guard = localGuard()
  const request = bearer(issuer.token({ scope: 'orders:read', roles: ['clerk'] }))
  guard.authenticate(request, [requireScope('orders:read'), requireRole('admin', 'clerk')])
  refused(() => guard.authenticate(request, [requireScope('orders:write')]), 'scope_insufficient', 403)
  refused(() => guard.authenticate(request, [requireRole('admin')]), 'role_insufficient', 403)
})

const breakdowns: readonly (readonly [string, Partial<GuardOptions>])[] = [
  ['the revocation source throws', { revocation: { isRevoked: fail, health: () => ({ entries: 0 }) } }],
  ['the clock throws', { now: fail }],
  ['the clock says NaN', { now: () => Number.NaN }],
  ['the key source throws', { keys: { select: fail, version: 0 } }],
]
for (const [name, options] of breakdowns) {
  test(`GD-04: when ${name}, the request is refused as our own failure`, () => {
    refused(() => localGuard(options).authenticate(bearer(issuer.token())), 'internal', 500)
  })
}

test('GD-04: a revocation source that gives back a promise by mistake does not let requests through', () => {
  const revocation = {
    isRevoked: (() => Promise.resolve(false)) as unknown as () => boolean,
    health: () => ({ entries: 0 }),
  }
  refused(() => localGuard({ revocation }).authenticate(bearer(issuer.token())), 'token_revoked')
})

test('GD-04: a closed guard refuses everything', () => {
  const guard = localGuard()
  guard.close()
  refused(() => guard.authenticate(bearer(issuer.token())), 'unavailable', 503)
  assert.equal(guard.health().ready, false)
})

test('with HS256, auth and resource server share a secret in one process', async () => {
  const key = await generateSigningKey('HS256', { kid: 'shared' })
  const guard = createGuard({
    issuer: 'inside',
    audience: AUDIENCE,
    algorithms: ['HS256'],
    keys: createKeySet([key.toVerificationKey()]),
    now: () => now,
  })
  const token = sign(issuer.claims({ iss: 'inside' }), key, { typ: ACCESS_TOKEN_TYPE })
  assert.equal((guard.authenticate(bearer(token)) as Principal).subject, 'acc_1')
})

// keys from the issuer

test('the first request waits for the keys, later ones do not', async () => {
  const guard = remoteGuard()
  const outcome = guard.authenticate(bearer(issuer.token()))
  assert.ok(outcome instanceof Promise)
  assert.equal((await outcome).subject, 'acc_1')
  assert.ok(!(guard.authenticate(bearer(issuer.token())) instanceof Promise))
})

test('a request without credential is refused at once, without asking the issuer', () => {
  const asked = issuer.requests.length
  refused(() => remoteGuard().authenticate(requestWith({})), 'token_missing', 401)
  assert.equal(issuer.requests.length, asked)
})

test('GD-05: a guard that never had keys refuses with 503 and says when to come back', async () => {
  issuer.interfere = (_req, res) => Boolean(res.destroy())
  const heard: GuardError[] = []
  const guard = remoteGuard({ onRefusal: (refusal) => heard.push(refusal) })
  const error = await rejected(guard.authenticate(bearer(issuer.token())), 'unavailable', 503)
  assert.equal(error.retryAfterSeconds, 1)
  assert.equal(error.challenge, undefined)
  assert.deepEqual(heard, [error])
  await rejected(guard.ready(), 'unavailable', 503)
  assert.equal(guard.health().ready, false)
  issuer.interfere = () => false
  now += 1
  await guard.ready()
  assert.equal(guard.health().ready, true)
  guard.authenticate(bearer(issuer.token()))
})

test('KY-08: an issuer whose document names another one is never trusted', async () => {
  issuer.interfere = (req, res) => {
    if (req.url === '/jwks.json') return false
    res.writeHead(200, { 'content-type': 'application/json' })
    res.end(JSON.stringify({ issuer: 'https://evil.test', jwks_uri: `${issuer.url}/jwks.json` }))
    return true
  }
  const guard = remoteGuard()
  await rejected(guard.ready(), 'unavailable')
  await rejected(guard.authenticate(bearer(issuer.token())), 'unavailable', 503)
})

test('KY-03: a token of a key that is published later passes after one look, known keys never wait for it', async () => {
  const guard = remoteGuard()
  await guard.ready()
  const known = issuer.token()
  const added = await generateSigningKey('ES256')
  const rotated = issuer.token({}, { key: added })
  const [first] = issuer.keys
  issuer.keys = [...issuer.keys, added]
  const waiting = guard.authenticate(bearer(rotated))
  assert.ok(waiting instanceof Promise)
  assert.ok(!(guard.authenticate(bearer(known)) instanceof Promise))
  assert.equal((await waiting).subject, 'acc_1')
  assert.ok(!(guard.authenticate(bearer(rotated)) instanceof Promise))
  issuer.keys = issuer.keys.filter((key) => key !== added)
  assert.ok(first)
})

test('KY-07: 1000 tokens with unknown keys cost one request, and none of them passes', async () => {
  const guard = remoteGuard()
  await guard.ready()
  const asked = issuer.requests.length
  const stranger = await generateSigningKey('ES256')
  const outcomes = Array.from({ length: 1000 }, (_, i) => {
    const [, payload, signature] = issuer.token({}, { key: stranger }).split('.')
    const header = Buffer.from(JSON.stringify({ alg: 'ES256', kid: `k${i}`, typ: 'at+jwt' })).toString('base64url')
    return rejected(guard.authenticate(bearer(`${header}.${payload}.${signature}`)), 'token_invalid', 401)
  })
  await Promise.all(outcomes)
  assert.equal(issuer.requests.length, asked + 1)
})

test('GD-05: after a day without the issuer even cached tokens are refused with 503, until it is back', async () => {
  const guard = remoteGuard()
  await guard.ready()
  issuer.interfere = (_req, res) => Boolean(res.destroy())
  const longLived = issuer.token({ exp: ISSUED_AT + 1_000_000 })
  guard.authenticate(bearer(longLived))
  now += 86_400
  guard.authenticate(bearer(longLived))
  now += 1
  await rejected(guard.authenticate(bearer(longLived)), 'unavailable', 503)
  issuer.interfere = () => false
  now += 60
  assert.equal((await guard.authenticate(bearer(longLived))).subject, 'acc_1')
})

test('KY-04: a key that leaves the published set is noticed in the background, and no request waits for it', async () => {
  const guard = remoteGuard()
  await guard.ready()
  const withdrawn = await generateSigningKey('ES256')
  issuer.keys = [...issuer.keys, withdrawn]
  const token = issuer.token({ exp: ISSUED_AT + 3600 }, { key: withdrawn })
  await guard.authenticate(bearer(token))
  issuer.keys = issuer.keys.filter((key) => key !== withdrawn)
  now += 600
  const fetchedAt = guard.health().keys?.fetchedAt
  assert.ok(!(guard.authenticate(bearer(token)) instanceof Promise), 'still trusted, and answered at once')
  while (guard.health().keys?.fetchedAt === fetchedAt) await setImmediate()
  await rejected(guard.authenticate(bearer(token)), 'token_invalid', 401)
})

// proof of possession

const TARGET = { method: 'GET', url: 'https://api.example.com/orders' }

test('a token that is bound to a key passes with a proof, once, and the principal says so', async () => {
  const { guard, token, prove } = await bound()
  const request = withProof(token, prove('j1'))
  const principal = guard.authenticate(request) as Principal
  assert.equal(principal.credential, 'dpop')
  const error = refused(() => guard.authenticate(request), 'dpop_proof_invalid', 401)
  assert.match(error.challenge ?? '', /^DPoP error="invalid_dpop_proof", .*algs="/)
  guard.authenticate(withProof(token, prove('j2')))
})

test('RFC 9449 §7.2: a bound token presented as Bearer is refused, cached or not', async () => {
  const { guard, token, prove } = await bound()
  refused(() => guard.authenticate(bearer(token)), 'token_invalid', 401)
  guard.authenticate(withProof(token, prove('j1')))
  refused(() => guard.authenticate(bearer(token)), 'token_invalid', 401)
  refused(
    () => guard.authenticate(requestWith({ authorization: `Bearer ${token}`, dpop: prove('j2') })),
    'token_invalid',
  )
})

test('a bound token without proof is refused', async () => {
  const { guard, token } = await bound()
  refused(() => guard.authenticate(requestWith({ authorization: `DPoP ${token}` })), 'dpop_proof_invalid', 401)
})

test('an unbound token under the DPoP scheme is refused', async () => {
  const { guard, prove } = await bound()
  const error = refused(() => guard.authenticate(withProof(issuer.token(), prove('j1'))), 'token_invalid', 401)
  assert.match(error.challenge ?? '', /^DPoP error="invalid_token"/)
})

test("a stolen bound token with the thief's own proof is refused", async () => {
  const { guard, token } = await bound()
  const thief = await generateSigningKey('ES256')
  const proof = createDpopProof(thief, { ...TARGET, jti: 'j1', now, accessToken: token })
  refused(() => guard.authenticate(withProof(token, proof)), 'dpop_proof_invalid')
})

test('a revoked bound token is refused before its proof is looked at', async () => {
  const { guard, token, prove } = await bound()
  const { revocation } = guard
  ;(revocation as ReturnType<typeof createRevocationList>).add({ kind: 'session', sid: 'ses_1', until: now + 900 })
  refused(() => guard.authenticate(withProof(token, prove('j1'))), 'token_revoked')
})

// the access cookie

const COOKIE = '__Host-signet_access'

test('GD-03: a guard that was not asked to read cookies does not', () => {
  refused(() => localGuard().authenticate(requestWith({ cookie: `${COOKIE}=${issuer.token()}` })), 'token_missing')
})

test('BR-03: with the access cookie reads pass, and writes that come from the site itself', () => {
  const guard = cookieGuard()
  const cookie = `${COOKIE}=${issuer.token()}`
  assert.equal((guard.authenticate(requestWith({ cookie })) as Principal).credential, 'cookie')
  guard.authenticate(requestWith({ cookie, 'sec-fetch-site': 'same-origin' }, 'POST'))
  guard.authenticate(requestWith({ cookie, origin: 'https://app.example.com' }, 'POST'))
  guard.authenticate(requestWith({ cookie, 'x-csrf-token': 'csrf-ses_1' }, 'POST'))
  refused(() => guard.authenticate(requestWith({ cookie }, 'POST')), 'csrf_token_invalid', 403)
  refused(
    () => guard.authenticate(requestWith({ cookie, 'sec-fetch-site': 'cross-site' }, 'POST')),
    'cross_site_refused',
    403,
  )
  refused(
    () => guard.authenticate(requestWith({ cookie, origin: 'https://evil.test' }, 'POST')),
    'cross_site_refused',
    403,
  )
})

test('a token in the header needs no CSRF defence: no browser attaches it by itself', () => {
  const guard = cookieGuard()
  guard.authenticate(requestWith({ authorization: `Bearer ${issuer.token()}`, 'sec-fetch-site': 'cross-site' }, 'POST'))
})

test('exactly one credential: header and cookie together are refused', () => {
  const token = issuer.token()
  const error = refused(
    () => cookieGuard().authenticate(requestWith({ authorization: `Bearer ${token}`, cookie: `${COOKIE}=${token}` })),
    'credential_ambiguous',
    400,
  )
  assert.match(error.challenge ?? '', /^Bearer error="invalid_request"/)
})

test('one token first as header, then as cookie: each principal names its own way', () => {
  const guard = cookieGuard()
  const token = issuer.token()
  assert.equal((guard.authenticate(bearer(token)) as Principal).credential, 'bearer')
  assert.equal((guard.authenticate(requestWith({ cookie: `${COOKIE}=${token}` })) as Principal).credential, 'cookie')
  refused(() => guard.authenticate(requestWith({ cookie: `${COOKIE}=${token}` }, 'POST')), 'csrf_token_invalid')
})

test('a bound token in a cookie is refused: nothing proves its key', async () => {
  const { token } = await bound()
  refused(() => cookieGuard().authenticate(requestWith({ cookie: `${COOKIE}=${token}` })), 'token_invalid')
})

function localGuard(options: Partial<GuardOptions> = {}): Guard {
  const keys = createKeySet(issuer.keys.map((key) => key.toVerificationKey()))
  return createGuard({ issuer: issuer.url, audience: AUDIENCE, keys, now: () => now, ...options })
}

function remoteGuard(options: Partial<GuardOptions> = {}): Guard {
  return createGuard({ issuer: issuer.url, audience: AUDIENCE, now: () => now, ...options })
}

function cookieGuard(): Guard {
  const verifyCsrfToken = (token: string, { sid }: { sid?: string }): boolean => token === `csrf-${sid}`
  return localGuard({ cookie: { origins: ['https://app.example.com'], verifyCsrfToken } })
}

async function bound(): Promise<{ guard: Guard; token: string; prove: (jti: string) => string }> {
  const key = await generateSigningKey('ES256')
  const token = issuer.token({ cnf: { jkt: thumbprint(key.toPublicJwk()) } })
  const guard = localGuard({ dpop: { publicUrl: 'https://api.example.com' } })
  return { guard, token, prove: (jti) => createDpopProof(key, { ...TARGET, jti, now, accessToken: token }) }
}

function bearer(token: string): GuardRequest {
  return requestWith({ authorization: `Bearer ${token}` })
}

function withProof(token: string, dpop: string): GuardRequest {
  return requestWith({ authorization: `DPoP ${token}`, dpop })
}

function requestWith(headers: Readonly<Record<string, string>>, method = 'GET'): GuardRequest {
  return { method, url: '/orders', host: 'api.example.com', scheme: 'https', header: (name) => headers[name] }
}

function refused(act: () => unknown, code: string, status?: number): GuardError {
  try {
    act()
  } catch (error) {
    return checked(error, code, status)
  }
  assert.fail('the request was let through')
}

async function rejected(outcome: unknown, code: string, status?: number): Promise<GuardError> {
  try {
    await outcome
  } catch (error) {
    return checked(error, code, status)
  }
  assert.fail('the request was let through')
}

function checked(error: unknown, code: string, status?: number): GuardError {
  assert.ok(error instanceof GuardError, String(error))
  assert.equal(error.code, code, error.reason ?? '')
  if (status !== undefined) assert.equal(error.status, status)
  return error
}

function fail(): never {
  throw new Error('out of order')
}
