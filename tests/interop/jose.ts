import { createLocalJWKSet, importJWK, jwtVerify, SignJWT, type JSONWebKeySet, type JWK } from 'jose'
import type { Peer } from './peer.ts'

export const jose: Peer = {
  name: 'jose',
  absent: null,
  lacks: [],
  async verify(token, { alg, issuer, audience, keys }) {
    const options = { algorithms: [alg], issuer, audience }
    if (keys instanceof Uint8Array) return (await jwtVerify(token, keys, options)).payload
    const published: JSONWebKeySet = JSON.parse(keys)
    return (await jwtVerify(token, createLocalJWKSet(published), options)).payload
  },
  async sign(claims, key, { alg, typ }) {
    const jwk: JWK = JSON.parse(key)
    const header = { alg, typ, ...(jwk.kid === undefined ? {} : { kid: jwk.kid }) }
    return new SignJWT({ ...claims }).setProtectedHeader(header).sign(await importJWK(jwk, alg))
  },
  async close() {},
}
