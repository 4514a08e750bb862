// Peers must agree: what they sign our guard accepts, and what our issuer signs they accept through our JWKS.
import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import type { JsonWebKeyInput, KeyObject } from 'node:crypto'
import { after, before, test } from 'node:test'
import { buildJwkSet, createKeySet, importVerificationKey, thumbprint } from '@signet/jwt'
import type { Algorithm, SigningKey } from '@signet/jwt'
import { createRemoteJWKSet, jwtVerify, SignJWT } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import { createGuard } from './guard.ts'
import type { Guard } from './guard.ts'
import type { Principal } from './principal.ts'
import { AUDIENCE, ISSUED_AT, startIssuer } from './testing/issuer.ts'
import type { TestIssuer } from './testing/issuer.ts'

const JOSE_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'Ed25519'] as const
const JSONWEBTOKEN_ALGORITHMS = ['RS256', 'PS256', 'ES256'] as const

let issuer: TestIssuer
before(async () => {
  issuer = await startIssuer(JOSE_ALGORITHMS)
})
after(() => issuer.close())

for (const alg of JOSE_ALGORITHMS) {
  test(`a token signed by jose with ${alg} is accepted by our guard`, async () => {
    const { privateKey, kid, guard } = peerOf(alg)
    const token = await new SignJWT(issuer.claims() as Record<string, unknown>)
      .setProtectedHeader({ alg, kid, typ: 'at+jwt' })
      .sign(privateKey)
    assert.equal(admit(guard, token).subject, 'acc_1')
  })

  test(`our token with ${alg} is accepted by jose through our JWKS`, async () => {
    const { payload, protectedHeader } = await jwtVerify(
      issuer.token({}, { key: keyFor(alg) }),
      createRemoteJWKSet(new URL(`${issuer.url}/jwks.json`)),
      {
        issuer: issuer.url,
        audience: AUDIENCE,
        typ: 'at+jwt',
        algorithms: [alg],
        currentDate: new Date(ISSUED_AT * 1000),
      },
    )
    assert.equal(payload.sub, 'acc_1')
    assert.equal(protectedHeader.kid, keyFor(alg).kid)
  })
}

for (const alg of JSONWEBTOKEN_ALGORITHMS) {
  test(`a token signed by jsonwebtoken with ${alg} is accepted by our guard`, () => {
    const { privateKey, kid, guard } = peerOf(alg)
    const token = jsonwebtoken.sign(issuer.claims(), privateKey, {
      algorithm: alg,
      header: { alg, kid, typ: 'at+jwt' },
    })
    assert.equal(admit(guard, token).subject, 'acc_1')
  })

  test(`our token with ${alg} is accepted by jsonwebtoken with the key of our JWKS`, () => {
    const [jwk] = buildJwkSet([keyFor(alg).toVerificationKey()]).keys
    const key = createPublicKey({ key: jwk as JsonWebKeyInput['key'], format: 'jwk' })
    const claims = jsonwebtoken.verify(issuer.token({}, { key: keyFor(alg) }), key, {
      algorithms: [alg],
      issuer: issuer.url,
      audience: AUDIENCE,
      clockTimestamp: ISSUED_AT,
    })
    assert.equal(claims.sub, 'acc_1')
  })
}

/** A key pair that the peer signs with, and a guard that trusts its public half. */
function peerOf(alg: Algorithm): { privateKey: KeyObject; kid: string; guard: Guard } {
  const { privateKey, publicKey } = keyPair(alg)
  const jwk = publicKey.export({ format: 'jwk' }) as Parameters<typeof thumbprint>[0]
  const kid = thumbprint(jwk)
  const keys = createKeySet([importVerificationKey(jwk, { alg, kid })])
  return { privateKey, kid, guard: createGuard({ issuer: issuer.url, audience: AUDIENCE, keys, now: () => ISSUED_AT }) }
}

function keyPair(alg: Algorithm): { privateKey: KeyObject; publicKey: KeyObject } {
  if (alg === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' })
  if (alg === 'Ed25519') return generateKeyPairSync('ed25519')
  return generateKeyPairSync('rsa', { modulusLength: 2048 })
}

function keyFor(alg: Algorithm): SigningKey {
  const key = issuer.keys.find((candidate) => candidate.alg === alg)
  assert.ok(key !== undefined)
  return key
}

function admit(guard: Guard, token: string): Principal {
  const header = (name: string): string | undefined => (name === 'authorization' ? `Bearer ${token}` : undefined)
  return guard.authenticate({ method: 'GET', url: '/', header }) as Principal
}
