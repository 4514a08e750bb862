import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { createGuard } from '@signet/guard'
import {
  ALGORITHMS,
  buildJwkSet,
  createKeySet,
  createVerifier,
  generateSigningKey,
  importJwkSet,
  sign,
  type Algorithm,
  type JwkSet,
  type SigningKey,
} from '@signet/jwt'
import { jose } from './interop/jose.ts'
import { jsonwebtoken } from './interop/jsonwebtoken.ts'
import type { Expected, Peer } from './interop/peer.ts'
import { pyjwt } from './interop/pyjwt.ts'

const PEERS: readonly Peer[] = [jose, jsonwebtoken, pyjwt(process.env['TEST_PYTHON'])]

const ISSUER = 'https://auth.example'
const AUDIENCE = 'https://orders.example'
/** Peers read the real clock, so these tokens are good from 2020 to 2100, and the expired one has long been. */
const CLAIMS = {
  iss: ISSUER,
  sub: 'account-1',
  aud: AUDIENCE,
  iat: 1_577_836_800,
  exp: 4_102_444_800,
  jti: 'token-1',
  sid: 'session-1',
  client_id: 'web',
  auth_time: 1_577_836_800,
  amr: ['pwd'],
  scope: 'orders:read',
  name: 'Zoë 🗝',
}
const EXPIRED = { ...CLAIMS, exp: 1_577_837_700 }
const NOW = 1_577_836_900
/** What a guard accepts by default. */
const GUARDED: readonly Algorithm[] = ['RS256', 'PS256', 'ES256', 'Ed25519']
const TYP = 'at+jwt'

const keys = new Map<Algorithm, SigningKey>()
for (const alg of ALGORITHMS) keys.set(alg, await generateSigningKey(alg, { kid: `key-${alg}` }))
const published = JSON.stringify(
  buildJwkSet([...keys.values()].flatMap((key) => (isSecret(key.alg) ? [] : [key.toVerificationKey()]))),
)

after(() => Promise.all(PEERS.map((peer) => peer.close())))

for (const peer of PEERS) {
  describe(`${peer.name} and our tokens`, { skip: peer.absent ?? false }, () => {
    for (const alg of ALGORITHMS.filter((one) => !peer.lacks.includes(one))) {
      it(`verifies ${alg}`, async () => {
        const token = sign(CLAIMS, keyOf(alg), { typ: TYP })
        assert.deepEqual(await peer.verify(token, expected(alg)), CLAIMS)
      })

      it(`refuses ${alg} with one bit of the signature turned`, async () => {
        const token = sign(CLAIMS, keyOf(alg), { typ: TYP })
        await assert.rejects(peer.verify(withTurnedBit(token), expected(alg)))
      })
    }

    it('refuses an expired one', async () => {
      await assert.rejects(peer.verify(sign(EXPIRED, keyOf('ES256'), { typ: TYP }), expected('ES256')))
    })

    it('refuses one for another audience', async () => {
      const token = sign({ ...CLAIMS, aud: 'https://other.example' }, keyOf('ES256'), { typ: TYP })
      await assert.rejects(peer.verify(token, expected('ES256')))
    })
  })

  describe(`our verifier and tokens of ${peer.name}`, { skip: peer.absent ?? false }, () => {
    for (const alg of ALGORITHMS.filter((one) => !peer.lacks.includes(one))) {
      it(`verifies ${alg}`, async () => {
        const token = await peer.sign(CLAIMS, privateJwkOf(alg), { alg, typ: TYP })
        assert.deepEqual({ ...verifierFor(alg).verify(token).claims }, CLAIMS)
      })

      it(`refuses ${alg} with one bit of the signature turned`, async () => {
        const token = await peer.sign(CLAIMS, privateJwkOf(alg), { alg, typ: TYP })
        assert.throws(() => verifierFor(alg).verify(withTurnedBit(token)), { code: 'signature_invalid' })
      })
    }
  })

  describe(`our guard and tokens of ${peer.name}`, { skip: peer.absent ?? false }, () => {
    for (const alg of GUARDED.filter((one) => !peer.lacks.includes(one))) {
      it(`admits ${alg}`, async () => {
        const token = await peer.sign(CLAIMS, privateJwkOf(alg), { alg, typ: TYP })
        const guard = createGuard({
          issuer: ISSUER,
          audience: AUDIENCE,
          keys: importJwkSet(JSON.parse(published)),
          now: () => NOW,
        })
        const principal = await guard.authenticate(requestWith(token))
        assert.equal(principal.subject, CLAIMS.sub)
        assert.ok(principal.hasScope('orders:read'))
        guard.close()
      })
    }
  })
}

describe('our published keys', () => {
  it('hold nothing private', () => {
    const set: JwkSet = JSON.parse(published)
    assert.deepEqual(
      set.keys.filter((key) => 'd' in key || 'k' in key || 'p' in key),
      [],
    )
    assert.equal(set.keys.length, ALGORITHMS.filter((alg) => !isSecret(alg)).length)
  })
})

function verifierFor(alg: Algorithm): ReturnType<typeof createVerifier> {
  const policy = { issuer: ISSUER, audience: AUDIENCE, algorithms: [alg], typ: TYP, now: () => NOW }
  const keySource = isSecret(alg) ? createKeySet([keyOf(alg).toVerificationKey()]) : importJwkSet(JSON.parse(published))
  return createVerifier({ ...policy, keys: keySource })
}

function expected(alg: Algorithm): Expected {
  return { alg, issuer: ISSUER, audience: AUDIENCE, keys: isSecret(alg) ? secretOf(alg) : published }
}

function privateJwkOf(alg: Algorithm): string {
  return JSON.stringify(keyOf(alg).toPrivateJwk())
}

function secretOf(alg: Algorithm): Uint8Array {
  return Buffer.from(keyOf(alg).toPrivateJwk().k ?? '', 'base64url')
}

function keyOf(alg: Algorithm): SigningKey {
  const key = keys.get(alg)
  if (key === undefined) throw new TypeError(`no key for ${alg}`)
  return key
}

function isSecret(alg: Algorithm): boolean {
  return alg.startsWith('HS')
}

/** Turns the lowest bit of the signature's first byte: still base64url, still as long. */
function withTurnedBit(token: string): string {
  const dot = token.lastIndexOf('.') + 1
  const signature = Buffer.from(token.slice(dot), 'base64url')
  signature.writeUInt8(signature.readUInt8(0) ^ 1, 0)
  return token.slice(0, dot) + signature.toString('base64url')
}

function requestWith(token: string): Parameters<ReturnType<typeof createGuard>['authenticate']>[0] {
  return {
    method: 'GET',
    url: '/orders',
    header: (name) => (name === 'authorization' ? `Bearer ${token}` : undefined),
  }
}
