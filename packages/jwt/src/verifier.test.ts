import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { JwtErrorCode } from './errors.ts'
import { JwtError, PolicyError } from './errors.ts'
import { generateSigningKey } from './generate.ts'
import { importSigningKey } from './import.ts'
import type { JsonObject } from './json.ts'
import { createKeySet } from './key-set.ts'
import type { KeySource } from './key-set.ts'
import type { SigningKey } from './keys.ts'
import { ACCEPT_LEGACY_EDDSA, UNCHECKED_AUDIENCE, UNCHECKED_ISSUER } from './policy.ts'
import type { VerifierPolicy } from './policy.ts'
import { sign } from './sign.ts'
import { AUDIENCE, base64url, goodClaims, ISSUER, NOW, refusedWith, signParts, signRaw } from './testing/tokens.ts'
import { createVerifier } from './verifier.ts'

const key = await generateSigningKey('ES256')
const other = await generateSigningKey('ES256')
const edKey = await generateSigningKey('Ed25519')
const TYP = 'at+jwt'

function policy(changes: Partial<VerifierPolicy> = {}): VerifierPolicy {
  const keys = createKeySet([key.toVerificationKey(), edKey.toVerificationKey()])
  return { issuer: ISSUER, audience: AUDIENCE, algorithms: ['ES256'], keys, typ: TYP, now: () => NOW, ...changes }
}

function token(claims: JsonObject = goodClaims(), signer: SigningKey = key): string {
  return sign(claims, signer, { typ: TYP })
}

function header(members: JsonObject): string {
  return JSON.stringify({ alg: 'ES256', kid: key.kid, typ: TYP, ...members })
}

test('a good token gives its header, its claims and the key that signed it', () => {
  const verified = createVerifier(policy()).verify(token())
  assert.deepEqual(verified.claims, goodClaims())
  assert.deepEqual(verified.header, { alg: 'ES256', kid: key.kid, typ: TYP })
  assert.equal(verified.key.kid, key.kid)
})

describe('the token as text', () => {
  const [h = '', p = '', s = ''] = token().split('.')
  const cases: readonly { name: string; token: unknown; code: JwtErrorCode }[] = [
    { name: 'not a string', token: Buffer.from(token()), code: 'token_malformed' },
    { name: 'null', token: null, code: 'token_malformed' },
    { name: 'empty', token: '', code: 'token_malformed' },
    { name: 'one part', token: h, code: 'token_malformed' },
    { name: 'two parts', token: `${h}.${p}`, code: 'token_malformed' },
    { name: 'four parts', token: `${h}.${p}.${s}.`, code: 'token_malformed' },
    { name: 'five parts, as an encrypted token has', token: `${h}..${p}.${s}.${s}`, code: 'token_malformed' },
    { name: 'no header', token: `.${p}.${s}`, code: 'token_malformed' },
    { name: 'no signature', token: `${h}.${p}.`, code: 'token_malformed' },
    { name: 'VF-06: padding', token: `${h}.${p}.${s}=`, code: 'base64url_invalid' },
    { name: 'VF-06: white space in a part', token: `${h}.${p} .${s}`, code: 'base64url_invalid' },
    { name: 'VF-06: line feed at the end', token: `${h}.${p}.${s}\n`, code: 'base64url_invalid' },
    { name: 'VF-06: the standard alphabet', token: `${h}.${p}.${s.slice(0, -2)}+/`, code: 'base64url_invalid' },
    {
      name: 'a letter whose low byte is the right one',
      token: `${h}.${beyondLatin1(p)}.${s}`,
      code: 'base64url_invalid',
    },
    { name: 'JSON serialization', token: JSON.stringify({ payload: p }), code: 'token_malformed' },
    { name: 'VF-12: one character over the limit', token: 'a'.repeat(16_385), code: 'token_too_large' },
  ]
  for (const { name, token, code } of cases) {
    test(`${name} is refused as ${code}`, () => {
      refusedWith(code, () => createVerifier(policy()).verify(token as string))
    })
    test(`${name} is refused as ${code} by a verifier that knows the header`, () => {
      const verifier = createVerifier(policy())
      verifier.verify(`${h}.${p}.${s}`)
      refusedWith(code, () => verifier.verify(token as string))
    })
  }

  test('VF-07: a signature with another spelling of the same bytes is refused', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const last = alphabet.indexOf(s.at(-1) ?? '')
    const twin = `${h}.${p}.${s.slice(0, -1)}${alphabet[last + 1]}`
    assert.deepEqual(Buffer.from(twin.split('.')[2] ?? '', 'base64url'), Buffer.from(s, 'base64url'))
    refusedWith('base64url_invalid', () => createVerifier(policy()).verify(twin))
  })

  test('VF-07: a header or payload that is not canonical is refused although it was signed as such', () => {
    const odd = `${base64url('{"iss":"x"} ').slice(0, -1)}B`
    refusedWith('base64url_invalid', () => createVerifier(policy()).verify(signParts(h, `${odd}x`, key)))
  })
})

describe('the header', () => {
  const cases: readonly { name: string; header: string; code: JwtErrorCode }[] = [
    { name: 'not JSON', header: '{', code: 'json_invalid' },
    { name: 'not an object', header: '["ES256"]', code: 'json_invalid' },
    {
      name: 'VF-07: alg twice, once escaped',
      header: String.raw`{"alg":"ES256","\u0061lg":"RS256"}`,
      code: 'member_duplicate',
    },
    { name: 'alg missing', header: '{}', code: 'header_invalid' },
    { name: 'alg inherited', header: '{"__proto__":{"alg":"ES256"}}', code: 'json_invalid' },
    { name: 'alg a list', header: '{"alg":["ES256"]}', code: 'header_invalid' },
    { name: 'VF-01: unsigned', header: '{"alg":"none"}', code: 'algorithm_not_allowed' },
    { name: 'VF-01: unsigned, mixed case', header: '{"alg":"nOnE"}', code: 'algorithm_not_allowed' },
    { name: 'VF-02: alg not on the list', header: '{"alg":"HS256"}', code: 'algorithm_not_allowed' },
    { name: 'alg in lower case', header: '{"alg":"es256"}', code: 'algorithm_not_allowed' },
    { name: 'kid a number', header: header({ kid: 0 }), code: 'header_invalid' },
    { name: 'VF-03: kid of no trusted key', header: header({ kid: 'x' }), code: 'key_unknown' },
    { name: 'VF-03: kid __proto__', header: header({ kid: '__proto__' }), code: 'key_unknown' },
    {
      name: 'VF-02: kid of a key for another algorithm',
      header: header({ kid: edKey.kid ?? '' }),
      code: 'algorithm_mismatch',
    },
    {
      name: 'VF-03: own key in jwk',
      header: header({ kid: 'x', jwk: { ...other.toPublicJwk() } as JsonObject }),
      code: 'key_unknown',
    },
    { name: 'VF-05: crit unknown', header: header({ crit: ['x'], x: 1 }), code: 'crit_unsupported' },
    { name: 'VF-05: crit empty', header: header({ crit: [] }), code: 'crit_unsupported' },
    { name: 'VF-05: crit null', header: header({ crit: null }), code: 'crit_unsupported' },
    { name: 'VF-05: crit names a registered parameter', header: header({ crit: ['typ'] }), code: 'crit_unsupported' },
    { name: 'VF-05: crit names an inherited member', header: header({ crit: ['toString'] }), code: 'crit_unsupported' },
    { name: 'VF-05: b64 false', header: header({ b64: false }), code: 'payload_unencoded' },
    { name: 'VF-05: b64 false and critical', header: header({ b64: false, crit: ['b64'] }), code: 'crit_unsupported' },
    { name: 'VF-11: typ missing', header: JSON.stringify({ alg: 'ES256', kid: key.kid }), code: 'type_mismatch' },
    { name: 'VF-11: typ of another kind of token', header: header({ typ: 'JWT' }), code: 'type_mismatch' },
    { name: 'typ a number', header: header({ typ: 1 }), code: 'header_invalid' },
  ]
  for (const { name, header, code } of cases) {
    test(`${name} is refused as ${code}`, () => {
      refusedWith(code, () => createVerifier(policy()).verify(signRaw(header, '{}', key)))
    })
  }

  test('typ compares as a media type, with and without application/', () => {
    const verifier = createVerifier(policy())
    for (const typ of ['AT+JWT', 'application/at+jwt', 'Application/At+Jwt']) {
      verifier.verify(sign(goodClaims(), key, { typ }))
    }
  })

  test('an understood critical extension passes when it is in the header', () => {
    const verifier = createVerifier(policy({ understoodCrit: ['x'] }))
    verifier.verify(signRaw(header({ crit: ['x'], x: 1 }), JSON.stringify(goodClaims()), key))
    refusedWith('crit_unsupported', () => verifier.verify(signRaw(header({ crit: ['x'] }), '{}', key)))
    refusedWith('crit_unsupported', () => verifier.verify(signRaw(header({ crit: ['x', 'x'], x: 1 }), '{}', key)))
  })

  test('EdDSA is accepted for Ed25519 only by the exported switch', () => {
    const legacy = signRaw(
      JSON.stringify({ alg: 'EdDSA', kid: edKey.kid, typ: TYP }),
      JSON.stringify(goodClaims()),
      edKey,
    )
    const strict = policy({ algorithms: ['Ed25519'] })
    refusedWith('algorithm_not_allowed', () => createVerifier(strict).verify(legacy))
    const { header } = createVerifier({ ...strict, acceptEdDSA: ACCEPT_LEGACY_EDDSA }).verify(legacy)
    assert.equal(header.alg, 'EdDSA')
  })
})

describe('claims', () => {
  const cases: readonly { name: string; claims: JsonObject; code: JwtErrorCode; rules?: Partial<VerifierPolicy> }[] = [
    { name: 'VF-09: exp a string', claims: { exp: '2000000000' }, code: 'claims_invalid' },
    { name: 'VF-09: exp null', claims: { exp: null }, code: 'claims_invalid' },
    { name: 'VF-09: nbf a string', claims: { nbf: '0' }, code: 'claims_invalid' },
    { name: 'VF-09: iat an object', claims: { iat: {} }, code: 'claims_invalid' },
    { name: 'iss a list', claims: { iss: [ISSUER] }, code: 'claims_invalid' },
    { name: 'sub a number', claims: { sub: 1 }, code: 'claims_invalid' },
    { name: 'jti true', claims: { jti: true }, code: 'claims_invalid' },
    { name: 'aud a list with a number', claims: { aud: [AUDIENCE, 1] }, code: 'claims_invalid' },
    { name: 'aud an object', claims: { aud: { 0: AUDIENCE } }, code: 'claims_invalid' },
    { name: 'VF-09: exp equal to now', claims: { exp: NOW }, code: 'token_expired' },
    { name: 'nbf one second ahead', claims: { nbf: NOW + 1 }, code: 'token_not_yet_valid' },
    {
      name: 'exp equal to now minus the skew',
      claims: { exp: NOW - 30 },
      code: 'token_expired',
      rules: { clockSkewSeconds: 30 },
    },
    {
      name: 'nbf beyond the skew',
      claims: { nbf: NOW + 31 },
      code: 'token_not_yet_valid',
      rules: { clockSkewSeconds: 30 },
    },
    {
      name: 'iat one second too old',
      claims: { iat: NOW - 61 },
      code: 'token_too_old',
      rules: { maxTokenAgeSeconds: 60 },
    },
    {
      name: 'iat ahead where age counts',
      claims: { iat: NOW + 1 },
      code: 'token_not_yet_valid',
      rules: { maxTokenAgeSeconds: 60 },
    },
    { name: 'another issuer', claims: { iss: `${ISSUER}/` }, code: 'issuer_mismatch' },
    { name: 'the issuer in capitals', claims: { iss: ISSUER.toUpperCase() }, code: 'issuer_mismatch' },
    { name: 'another audience', claims: { aud: 'https://other.example.test' }, code: 'audience_mismatch' },
    { name: 'no audience at all', claims: { aud: [] }, code: 'audience_mismatch' },
    { name: 'another subject', claims: {}, code: 'subject_mismatch', rules: { subject: 'user-2' } },
    { name: 'VF-10: empty issuer list', claims: {}, code: 'issuer_mismatch', rules: { issuer: [] } },
    {
      name: 'VF-10: empty issuer setting and claim',
      claims: { iss: '' },
      code: 'issuer_mismatch',
      rules: { issuer: '' },
    },
    { name: 'VF-10: empty audience list', claims: {}, code: 'audience_mismatch', rules: { audience: [] } },
    {
      name: 'VF-10: empty audience setting and claim',
      claims: { aud: '' },
      code: 'audience_mismatch',
      rules: { audience: '' },
    },
    {
      name: 'VF-10: empty subject setting and claim',
      claims: { sub: '' },
      code: 'subject_mismatch',
      rules: { subject: '' },
    },
    { name: 'VF-10: a required claim', claims: {}, code: 'claim_missing', rules: { requiredClaims: ['jti'] } },
    {
      name: 'VF-08: a required claim that is only inherited',
      claims: {},
      code: 'claim_missing',
      rules: { requiredClaims: ['toString'] },
    },
  ]
  for (const { name, claims, code, rules = {} } of cases) {
    test(`${name} is refused as ${code}`, () => {
      const signed = signRaw(header({}), JSON.stringify(goodClaims(claims)), key)
      refusedWith(code, () => createVerifier(policy(rules)).verify(signed))
    })
  }

  for (const name of ['iss', 'aud', 'sub', 'iat']) {
    test(`VF-10: ${name} is demanded where it is checked`, () => {
      const { [name]: _, ...claims } = goodClaims()
      const rules = policy({ subject: 'user-1', maxTokenAgeSeconds: 60 })
      refusedWith('claim_missing', () => createVerifier(rules).verify(token(claims)))
    })
  }

  const accepted: readonly { name: string; claims: JsonObject; rules?: Partial<VerifierPolicy> }[] = [
    { name: 'exp one second ahead', claims: { exp: NOW + 1 } },
    { name: 'exp a fraction ahead', claims: { exp: NOW + 0.5 } },
    { name: 'nbf equal to now', claims: { nbf: NOW } },
    { name: 'exp within the skew', claims: { exp: NOW - 29 }, rules: { clockSkewSeconds: 30 } },
    { name: 'nbf at the skew', claims: { nbf: NOW + 30 }, rules: { clockSkewSeconds: 30 } },
    { name: 'iat exactly at the maximum age', claims: { iat: NOW - 60 }, rules: { maxTokenAgeSeconds: 60 } },
    { name: 'one audience of several', claims: { aud: ['x', AUDIENCE] } },
    { name: 'one issuer of several', claims: {}, rules: { issuer: ['x', ISSUER] } },
    {
      name: 'any issuer and audience, by their symbols',
      claims: { iss: 'x', aud: 'y' },
      rules: { issuer: UNCHECKED_ISSUER, audience: UNCHECKED_AUDIENCE },
    },
  ]
  for (const { name, claims, rules = {} } of accepted) {
    test(`${name} is accepted`, () => {
      createVerifier(policy(rules)).verify(token(goodClaims(claims)))
    })
  }

  const texts: readonly { name: string; payload: string | Uint8Array; code: JwtErrorCode }[] = [
    { name: 'an empty payload', payload: '', code: 'json_invalid' },
    { name: 'a string', payload: '"x"', code: 'json_invalid' },
    { name: 'null', payload: 'null', code: 'json_invalid' },
    { name: 'a byte order mark', payload: '\uFEFF{}', code: 'json_invalid' },
    { name: 'VF-09: a time that overflows', payload: '{"exp":1e400}', code: 'claims_invalid' },
    { name: 'VF-07: a claim twice', payload: '{"sub":"a","sub":"b"}', code: 'member_duplicate' },
    { name: 'VF-07: a nested member twice', payload: '{"a":[{"b":1,"b":2}]}', code: 'member_duplicate' },
    {
      name: 'VF-08: invalid UTF-8',
      payload: Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d),
      code: 'utf8_invalid',
    },
    {
      name: 'VF-08: overlong UTF-8',
      payload: Uint8Array.of(0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x3a, 0x31, 0x7d),
      code: 'utf8_invalid',
    },
    { name: 'VF-12: depth', payload: `{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`, code: 'json_invalid' },
  ]
  for (const { name, payload, code } of texts) {
    test(`${name} in the payload is refused as ${code}`, () => {
      refusedWith(code, () => createVerifier(policy()).verify(signRaw(header({}), payload, key)))
    })
  }
})

describe('order of refusal', () => {
  test('a forged signature is refused before any claim is looked at', () => {
    const [h = '', , s = ''] = token().split('.')
    const forged = `${h}.${base64url('{"exp":1,"exp":2')}.${s}`
    refusedWith('signature_invalid', () => createVerifier(policy()).verify(forged))
  })

  test('an unknown key is refused before the signature is checked', () => {
    refusedWith('key_unknown', () => createVerifier(policy()).verify(token(goodClaims(), other)))
  })

  test('a bad part is refused before the header is read', () => {
    refusedWith('base64url_invalid', () => createVerifier(policy()).verify(`${base64url('{"alg":"none"}')}.e30.A===`))
  })

  test('GD-10: no refusal repeats the token or a claim', () => {
    const secret = 'personal-value'
    const refused = token(goodClaims({ iss: secret, sub: secret }))
    assert.throws(
      () => createVerifier(policy()).verify(refused),
      (error) => error instanceof JwtError && !error.message.includes(secret) && !refused.includes(error.message),
    )
  })
})

describe('a policy that cannot mean what it says throws when the verifier is made', () => {
  const cases: readonly { name: string; policy: unknown }[] = [
    { name: 'nothing', policy: undefined },
    { name: 'no issuer', policy: { ...policy(), issuer: undefined } },
    { name: 'no audience', policy: { ...policy(), audience: undefined } },
    { name: 'VF-01: no algorithms', policy: { ...policy(), algorithms: undefined } },
    { name: 'no keys', policy: { ...policy(), keys: undefined } },
    { name: 'a misspelt option', policy: { ...policy(), requiredClaim: ['jti'] } },
    { name: 'an option that is undefined', policy: { ...policy(), subject: undefined } },
    { name: 'VF-01: the unsigned algorithm', policy: { ...policy(), algorithms: ['none'] } },
    { name: 'an algorithm that is null', policy: { ...policy(), algorithms: [null] } },
    { name: 'algorithms as a string', policy: { ...policy(), algorithms: 'ES256' } },
    { name: 'an issuer that is a pattern', policy: { ...policy(), issuer: /./ } },
    { name: 'the symbol of another check', policy: { ...policy(), issuer: UNCHECKED_AUDIENCE } },
    { name: 'VF-09: a skew of NaN', policy: { ...policy(), clockSkewSeconds: Number.NaN } },
    { name: 'VF-09: a skew of more than five minutes', policy: { ...policy(), clockSkewSeconds: 301 } },
    { name: 'a negative skew', policy: { ...policy(), clockSkewSeconds: -1 } },
    { name: 'a maximum age as text', policy: { ...policy(), maxTokenAgeSeconds: '60' } },
    { name: 'acceptEdDSA true', policy: { ...policy(), acceptEdDSA: true } },
    { name: 'a key that was not imported', policy: { ...policy(), keys: [key.toPublicJwk()] } },
    { name: 'a clock that is a number', policy: { ...policy(), now: NOW } },
    { name: 'a misspelt cache limit', policy: { ...policy(), cache: { entries: 1 } } },
    { name: 'KY-09: one key for two algorithms', policy: { ...policy(), keys: twoAlgorithms() } },
  ]
  for (const { name, policy } of cases) {
    test(name, () => {
      assert.throws(() => createVerifier(policy as VerifierPolicy), PolicyError)
      assert.throws(() => createVerifier(policy as VerifierPolicy), TypeError)
    })
  }

  test('VF-10: an empty list of algorithms matches nothing', () => {
    refusedWith('algorithm_not_allowed', () => createVerifier(policy({ algorithms: [] })).verify(token()))
  })

  test('a broken clock makes no token valid', () => {
    for (const now of [Number.NaN, Number.POSITIVE_INFINITY, undefined]) {
      const verifier = createVerifier(policy({ now: () => now as number }))
      refusedWith('clock_invalid', () => verifier.verify(token(goodClaims({ exp: 1 }))))
    }
  })
})

describe('VF-15: the verified-token cache', () => {
  const CACHE = { cache: { maxEntries: 16 } }

  test('a cached token expires, comes back when the clock does, and keeps its not-before', () => {
    let now = NOW
    const verifier = createVerifier(policy({ ...CACHE, now: () => now }))
    const signed = token(goodClaims({ nbf: NOW }))
    const first = verifier.verify(signed)
    assert.equal(verifier.verify(signed), first, 'the second answer comes from the cache')
    now = NOW + 60
    refusedWith('token_expired', () => verifier.verify(signed))
    now = NOW - 1
    refusedWith('token_not_yet_valid', () => verifier.verify(signed))
    now = NOW + 59
    assert.equal(verifier.verify(signed), first)
  })

  test('a cached token ages', () => {
    let now = NOW
    const verifier = createVerifier(policy({ ...CACHE, now: () => now, maxTokenAgeSeconds: 20 }))
    const signed = token()
    verifier.verify(signed)
    now = NOW + 11
    refusedWith('token_too_old', () => verifier.verify(signed))
  })

  test('a revocation stops a cached token at once', () => {
    const revoked = new Set<unknown>()
    const verifier = createVerifier(policy({ ...CACHE, isRevoked: ({ claims }) => revoked.has(claims.sub) }))
    const signed = token()
    verifier.verify(signed)
    revoked.add('user-1')
    refusedWith('token_revoked', () => verifier.verify(signed))
    revoked.clear()
    verifier.verify(signed)
  })

  for (const cached of [true, false]) {
    test(`a key that leaves the trusted set stops its tokens at once, ${cached ? 'cached' : 'header known'}`, () => {
      const source = new ChangingSource([key])
      const verifier = createVerifier(policy({ ...(cached ? CACHE : {}), keys: source }))
      const signed = token()
      verifier.verify(signed)
      source.set([other])
      refusedWith('key_unknown', () => verifier.verify(signed))
      source.set([other, key])
      verifier.verify(signed)
    })
  }

  test('a change of the trusted set that keeps the key keeps its tokens cached', () => {
    const kept = key.toVerificationKey()
    const source = { version: 1, select: () => [kept] }
    const verifier = createVerifier(policy({ ...CACHE, keys: source }))
    const signed = token()
    const first = verifier.verify(signed)
    source.version++
    assert.equal(verifier.verify(signed), first)
  })

  test('a caller that changes the claims does not change them for the next one', () => {
    const verifier = createVerifier(policy(CACHE))
    const signed = token(goodClaims({ roles: ['reader'], deep: { list: [{ a: 1 }] } }))
    const { claims, header } = verifier.verify(signed)
    const loose = claims as unknown as { sub: string; roles: string[]; deep: { list: { a: number }[] } }
    assert.throws(() => (loose.sub = 'admin'), TypeError)
    assert.throws(() => loose.roles.push('admin'), TypeError)
    assert.throws(() => Object.assign(loose.deep.list[0] ?? {}, { a: 2 }), TypeError)
    assert.throws(() => Object.assign(header, { kid: 'x' }), TypeError)
    assert.deepEqual(verifier.verify(signed).claims, goodClaims({ roles: ['reader'], deep: { list: [{ a: 1 }] } }))
  })

  test('a twin of a cached token with another signature or payload is refused', () => {
    const verifier = createVerifier(policy(CACHE))
    const [h = '', p = '', s = ''] = token().split('.')
    const [, p2 = '', s2 = ''] = token(goodClaims({ sub: 'user-2' })).split('.')
    verifier.verify(`${h}.${p}.${s}`)
    refusedWith('signature_invalid', () => verifier.verify(`${h}.${p2}.${s}`))
    refusedWith('signature_invalid', () => verifier.verify(`${h}.${p}.${s2}`))
  })

  test('failures are not cached', () => {
    const source = new ChangingSource([other])
    const verifier = createVerifier(policy({ ...CACHE, keys: source }))
    const signed = token()
    refusedWith('key_unknown', () => verifier.verify(signed))
    source.set([key])
    verifier.verify(signed)
  })
})

describe('a message authentication code', () => {
  const macKey = importSigningKey(new Uint8Array(32).fill(7), { alg: 'HS256', kid: 'mac' })
  const macPolicy = policy({ algorithms: ['HS256'], keys: macKey.toVerificationKey() })
  const signed = token(goodClaims(), macKey)

  for (const isKnown of [false, true]) {
    test(`is refused in every other spelling, header ${isKnown ? 'known' : 'not known'}`, () => {
      const verifier = createVerifier(macPolicy)
      if (isKnown) verifier.verify(signed)
      const [h = '', p = '', s = ''] = signed.split('.')
      refusedWith('base64url_invalid', () => verifier.verify(`${h}.${p}.${beyondLatin1(s)}`))
      refusedWith('base64url_invalid', () => verifier.verify(`${h}.${p}.${s}=`))
      refusedWith('token_malformed', () => verifier.verify(`${h}.${p}.`))
      refusedWith('signature_invalid', () => verifier.verify(`${h}.${p}.${base64url(new Uint8Array(31))}`))
      refusedWith('signature_invalid', () => verifier.verify(`${h}.${p}.${base64url(new Uint8Array(32))}`))
    })
  }
})

test('verifying inside a clock or a revocation check does not disturb the token being verified', () => {
  const inner = createVerifier(policy())
  const long = token(goodClaims({ sub: 'x'.repeat(3000) }))
  const outer = createVerifier(
    policy({ now: () => (inner.verify(long), NOW), isRevoked: () => (inner.verify(long), false) }),
  )
  assert.deepEqual(outer.verify(token()).claims, goodClaims())
})

test('more issuers than remembered headers all verify, again and again', async () => {
  const keys = await Promise.all(Array.from({ length: 20 }, () => generateSigningKey('ES256')))
  const verifier = createVerifier(policy({ keys: keys.map((each) => each.toVerificationKey()) }))
  for (let round = 0; round < 3; round++) {
    for (const each of keys) assert.equal(verifier.verify(token(goodClaims(), each)).key.kid, each.kid)
  }
})

class ChangingSource implements KeySource {
  version = 0
  #keys = createKeySet([])

  constructor(keys: readonly SigningKey[]) {
    this.set(keys)
  }

  set(keys: readonly SigningKey[]): void {
    this.#keys = createKeySet(keys.map((each) => each.toVerificationKey()))
    this.version++
  }

  select(...query: Parameters<KeySource['select']>): ReturnType<KeySource['select']> {
    return this.#keys.select(...query)
  }
}

/** The last character replaced by one that has the same low byte. */
function beyondLatin1(part: string): string {
  return part.slice(0, -1) + String.fromCharCode(0x100 + part.charCodeAt(part.length - 1))
}

function twoAlgorithms(): unknown[] {
  const secret = new Uint8Array(64).fill(1)
  return (['HS256', 'HS512'] as const).map((alg) => importSigningKey(secret, { alg }).toVerificationKey())
}
