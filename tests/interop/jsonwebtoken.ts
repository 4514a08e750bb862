import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject, type webcrypto } from 'node:crypto'
import jwt, { type Algorithm as PeerAlgorithm } from 'jsonwebtoken'
import type { Algorithm } from '@signet/jwt'
import type { Expected, Peer } from './peer.ts'

export const jsonwebtoken: Peer = {
  name: 'jsonwebtoken',
  absent: null,
  lacks: ['Ed25519'],
  async verify(token, expected) {
    const { issuer, audience } = expected
    return jwt.verify(token, keyFor(token, expected), { algorithms: [peerAlgorithm(expected.alg)], issuer, audience })
  },
  async sign(claims, key, { alg, typ }) {
    const jwk: NamedKey = JSON.parse(key)
    const header = { alg, typ, ...(jwk.kid === undefined ? {} : { kid: jwk.kid }) }
    return jwt.sign({ ...claims }, signingKeyOf(jwk), { algorithm: peerAlgorithm(alg), header })
  },
  async close() {},
}

type NamedKey = webcrypto.JsonWebKey & { readonly kid?: string }

/** It has no notion of a JWK Set: what a program that uses it does by hand. */
function keyFor(token: string, { keys }: Expected): KeyObject {
  if (keys instanceof Uint8Array) return createSecretKey(keys)
  const published: { readonly keys: readonly NamedKey[] } = JSON.parse(keys)
  const kid = jwt.decode(token, { complete: true })?.header.kid
  const key = published.keys.find((candidate) => candidate.kid === kid)
  if (key === undefined) throw new TypeError('no key of that name')
  return createPublicKey({ key, format: 'jwk' })
}

function signingKeyOf(key: webcrypto.JsonWebKey): KeyObject {
  if (key.k !== undefined) return createSecretKey(key.k, 'base64url')
  return createPrivateKey({ key, format: 'jwk' })
}

function peerAlgorithm(alg: Algorithm): PeerAlgorithm {
  if (alg === 'Ed25519') throw new TypeError('jsonwebtoken has no Ed25519')
  return alg
}
