import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, test } from 'node:test'
import { accessTokenHash, createDpopProof, verifyDpopProof } from './dpop.ts'
import type { DpopExpectation } from './dpop.ts'
import { generateSigningKey } from './generate.ts'
import { importSigningKey } from './import.ts'
import type { JsonObject } from './json.ts'
import { publicMembers } from './jwk-members.ts'
import type { Jwk } from './jwk.ts'
import { NOW, refusedWith, signRaw } from './testing/tokens.ts'
import { thumbprint } from './thumbprint.ts'

const key = await generateSigningKey('ES256')
const METHOD = 'POST'
const URL = 'https://auth.example.test/auth/refresh'
const TOKEN = 'Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU'
const expected: DpopExpectation = { method: METHOD, url: URL, now: NOW }

test('a proof says which key made it, for what and when', () => {
  const proof = createDpopProof(key, { method: METHOD, url: `${URL}?a=1#b`, jti: 'once', now: NOW, accessToken: TOKEN })
  assert.deepEqual(verifyDpopProof(proof, { ...expected, accessToken: TOKEN }), {
    jkt: thumbprint(key.toPublicJwk()),
    jti: 'once',
    iat: NOW,
  })
})

test('ath is the hash of RFC 9449 §7.1', () => {
  assert.equal(accessTokenHash(TOKEN), 'fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo')
})

describe('a proof is accepted', () => {
  const cases: readonly { name: string; claims?: JsonObject; expected?: Partial<DpopExpectation> }[] = [
    { name: 'at its oldest', expected: { now: NOW + 60 } },
    { name: 'from a clock five seconds ahead', expected: { now: NOW - 5 } },
    { name: 'for the address in another spelling', claims: { htu: 'HTTPS://AUTH.example.test:443/auth/x/../refresh' } },
    { name: 'where the request has a query and the proof has none', expected: { url: `${URL}?q=1` } },
  ]
  for (const { name, claims, expected: changes } of cases) {
    test(name, () => void verifyDpopProof(proof(claims), { ...expected, ...changes }))
  }
})

describe('a proof is refused', () => {
  const ec = publicMembers(key.toPublicJwk())
  const cases: readonly {
    name: string
    claims?: JsonObject
    header?: JsonObject
    expected?: Partial<DpopExpectation>
  }[] = [
    { name: 'for another method', claims: { htm: 'GET' } },
    { name: 'for the method in lower case', claims: { htm: 'post' } },
    { name: 'for another path', claims: { htu: `${URL}/` } },
    { name: 'for another host', claims: { htu: 'https://evil.example.test/auth/refresh' } },
    { name: 'for another port', claims: { htu: 'https://auth.example.test:444/auth/refresh' } },
    { name: 'for a relative address', claims: { htu: '/auth/refresh' } },
    { name: 'without an address', claims: { htu: null } },
    { name: 'one second too old', expected: { now: NOW + 61 } },
    { name: 'from the future', expected: { now: NOW - 6 } },
    { name: 'when the clock is broken', expected: { now: Number.NaN } },
    { name: 'without iat', claims: { iat: null } },
    { name: 'without jti', claims: { jti: '' } },
    { name: 'with a huge jti', claims: { jti: 'x'.repeat(257) } },
    { name: 'without ath although a token came along', expected: { accessToken: TOKEN } },
    { name: 'with the ath of another token', claims: { ath: accessTokenHash('x') }, expected: { accessToken: TOKEN } },
    { name: 'of another type', header: { typ: 'JWT' } },
    { name: 'without a key', header: { jwk: null } },
    { name: 'with the private key', header: { jwk: { ...key.toPrivateJwk() } as JsonObject } },
    { name: 'with a symmetric key', header: { jwk: { kty: 'oct', k: 'A'.repeat(43) } } },
    { name: 'with a key of another kind', header: { alg: 'ES384' } },
    { name: 'with somebody else’s key', header: { jwk: somebodyElse() } },
    { name: 'with a symmetric algorithm', header: { alg: 'HS256' } },
    { name: 'unsigned', header: { alg: 'none' } },
    { name: 'with a huge RSA key', header: { alg: 'RS256', jwk: { kty: 'RSA', n: 'x'.repeat(684), e: 'AQAB' } } },
    {
      name: 'with a huge RSA exponent',
      header: { alg: 'RS256', jwk: { kty: 'RSA', n: 'x'.repeat(342), e: 'x'.repeat(8) } },
    },
    { name: 'with an algorithm that is not allowed here', expected: { algorithms: ['Ed25519'] } },
    { name: 'with a critical extension', header: { jwk: ec, crit: ['x'], x: 1 } },
  ]
  for (const { name, claims, header, expected: changes } of cases) {
    test(name, () =>
      refusedWith('dpop_proof_invalid', () => verifyDpopProof(proof(claims, header), { ...expected, ...changes })),
    )
  }

  test('that is no token', () => {
    for (const text of ['', '.', 'a.b.c', undefined, 7, 'x'.repeat(9000)]) {
      refusedWith('dpop_proof_invalid', () => verifyDpopProof(text as string, expected))
    }
  })
})

test('a secret proves nothing', () => {
  const secret = importSigningKey(new Uint8Array(32).fill(1), { alg: 'HS256' })
  refusedWith('key_invalid', () => createDpopProof(secret, { method: METHOD, url: URL, jti: 'x', now: NOW }))
})

function proof(claims: JsonObject = {}, header: JsonObject = {}): string {
  const members = { typ: 'dpop+jwt', alg: 'ES256', jwk: publicMembers(key.toPublicJwk()), ...header }
  return signRaw(
    JSON.stringify(members),
    JSON.stringify({ jti: 'once', htm: METHOD, htu: URL, iat: NOW, ...claims }),
    key,
  )
}

function somebodyElse(): JsonObject {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return publicMembers(publicKey.export({ format: 'jwk' }) as unknown as Jwk)
}
