import { Buffer } from 'node:buffer'
import { createHmac, KeyObject, sign as cryptoSign, timingSafeEqual, verify as cryptoVerify } from 'node:crypto'
import { createSigner, createVerifier as createFastVerifier } from 'fast-jwt'
import { jwtVerify } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import { createVerifier, sign } from '@signet/jwt'
import type { Algorithm, CacheLimits, SigningKey } from '@signet/jwt'
import { cryptoOptions } from '../../packages/jwt/src/signatures.ts'
import { signingMaterialOf, verificationMaterialOf } from '../../packages/jwt/src/keys.ts'
import type { Contender } from '../lib/rounds.ts'
import { accessClaims, AUDIENCE, FreshTokens, ISSUER } from './tokens.ts'

export interface Subject {
  readonly alg: Algorithm
  readonly key: SigningKey
  readonly tokens: readonly string[]
}

export const OURS = '@signet/jwt'
export const RAW = 'node:crypto alone'
export const FAST_JWT = 'fast-jwt'
const TYP = 'at+jwt'

export function makeSubject(alg: Algorithm, key: SigningKey, count: number): Subject {
  return { alg, key, tokens: Array.from({ length: count }, () => sign(accessClaims(), key, { typ: TYP })) }
}

/** The signature check that no verifier can do without, on bytes that are already in place. */
export function rawVerify({ alg, key, tokens }: Subject): Contender {
  const { keyObject } = verificationMaterialOf(key.toVerificationKey())
  const { hash, input: padding } = cryptoOptions(alg)
  const options = { key: keyObject, ...padding }
  const cases = tokens.map((token) => {
    const end = token.lastIndexOf('.')
    return { data: Buffer.from(token.slice(0, end)), signature: Buffer.from(token.slice(end + 1), 'base64url') }
  })
  const check =
    keyObject.type === 'secret'
      ? (data: Buffer, signature: Buffer) =>
          timingSafeEqual(
            createHmac(hash ?? '', keyObject)
              .update(data)
              .digest(),
            signature,
          )
      : (data: Buffer, signature: Buffer) => cryptoVerify(hash, data, options, signature)
  return {
    name: RAW,
    run(count) {
      for (let i = 0; i < count; i++) {
        const item = cases[i % cases.length]
        if (item === undefined || !check(item.data, item.signature)) throw new Error('refused')
      }
    },
  }
}

export function ourVerify({ alg, key, tokens }: Subject, cache?: CacheLimits): Contender {
  const verifier = createVerifier({
    issuer: ISSUER,
    audience: AUDIENCE,
    algorithms: [alg],
    keys: key.toVerificationKey(),
    typ: TYP,
    ...(cache === undefined ? {} : { cache, isRevoked: isInEmptySet }),
  })
  return eachFresh(OURS, tokens, (token) => verifier.verify(token))
}

const revoked = new Set<unknown>()
/** What a guard's revocation check costs at least: two look-ups. */
const isInEmptySet = ({ claims }: { claims: { jti?: unknown; sid?: unknown } }): boolean =>
  revoked.has(claims.jti) || revoked.has(claims.sid)

export function fastJwtVerify({ alg, key, tokens }: Subject, cache: false | number): Contender {
  const verify = createFastVerifier({
    key: pemOrSecret(key, 'public'),
    algorithms: [fastJwtName(alg)],
    allowedIss: ISSUER,
    allowedAud: AUDIENCE,
    checkTyp: TYP,
    cache,
  })
  return eachFresh(cache === false ? FAST_JWT : `${FAST_JWT} cached`, forFastJwt(alg, key, tokens), verify)
}

export function joseVerify({ alg, key, tokens }: Subject): Contender {
  const { keyObject } = verificationMaterialOf(key.toVerificationKey())
  const options = { algorithms: [alg], issuer: ISSUER, audience: AUDIENCE, typ: TYP }
  const fresh = new FreshTokens(tokens)
  return {
    name: 'jose',
    prepare: (count) => fresh.prepare(count),
    async run(count) {
      for (let i = 0; i < count; i++) await jwtVerify(fresh.at(i), keyObject, options)
    },
  }
}

/** Undefined for Ed25519, which jsonwebtoken does not have. */
export function jsonwebtokenVerify({ alg, key, tokens }: Subject): Contender | undefined {
  if (alg === 'Ed25519') return undefined
  const { keyObject } = verificationMaterialOf(key.toVerificationKey())
  const options = { algorithms: [alg], issuer: ISSUER, audience: AUDIENCE }
  return eachFresh('jsonwebtoken', tokens, (token) => jsonwebtoken.verify(token, keyObject, options))
}

/** The signature that no signer can do without, over bytes that are already in place. */
export function rawSign({ alg, key, tokens }: Subject): Contender {
  const { keyObject } = signingMaterialOf(key)
  const { hash, input: padding } = cryptoOptions(alg)
  const options = { key: keyObject, ...padding }
  const inputs = tokens.map((token) => Buffer.from(token.slice(0, token.lastIndexOf('.'))))
  return {
    name: RAW,
    run(count) {
      for (let i = 0; i < count; i++) cryptoSign(hash, inputs[i % inputs.length] ?? EMPTY, options)
    },
  }
}

const EMPTY = Buffer.alloc(0)

export function ourSign({ key }: Subject): Contender {
  const options = { typ: TYP }
  return eachClaims(OURS, (claims) => sign(claims, key, options))
}

export function fastJwtSign({ alg, key }: Subject): Contender {
  const signer = createSigner({
    key: pemOrSecret(key, 'private'),
    algorithm: fastJwtName(alg),
    noTimestamp: true,
    header: { alg: fastJwtName(alg), typ: TYP },
    ...(key.kid === undefined ? {} : { kid: key.kid }),
  })
  return eachClaims(FAST_JWT, (claims) => signer(claims))
}

export function jsonwebtokenSign({ alg, key }: Subject): Contender | undefined {
  if (alg === 'Ed25519') return undefined
  const { keyObject } = signingMaterialOf(key)
  const header = { alg, typ: TYP, ...(key.kid === undefined ? {} : { kid: key.kid }) }
  const options = { algorithm: alg, header, noTimestamp: true }
  return eachClaims('jsonwebtoken', (claims) => jsonwebtoken.sign(claims, keyObject, options))
}

function eachFresh(name: string, tokens: readonly string[], use: (token: string) => unknown): Contender {
  const fresh = new FreshTokens(tokens)
  return {
    name,
    prepare: (count) => fresh.prepare(count),
    run(count) {
      for (let i = 0; i < count; i++) use(fresh.at(i))
    },
  }
}

function eachClaims(name: string, use: (claims: Record<string, string | number>) => unknown): Contender {
  let batch: Record<string, string | number>[] = []
  return {
    name,
    prepare(count) {
      batch = Array.from({ length: count }, accessClaims)
    },
    run(count) {
      for (let i = 0; i < count; i++) use(batch[i] ?? {})
    },
  }
}

/** fast-jwt knows Ed25519 only under the name that RFC 9864 has replaced, so it gets tokens of its own. */
function forFastJwt(alg: Algorithm, key: SigningKey, tokens: readonly string[]): readonly string[] {
  if (alg !== 'Ed25519') return tokens
  const header = Buffer.from(JSON.stringify({ alg: 'EdDSA', kid: key.kid, typ: TYP })).toString('base64url')
  const { keyObject } = signingMaterialOf(key)
  return tokens.map((token) => {
    const input = `${header}.${token.split('.')[1] ?? ''}`
    return `${input}.${cryptoSign(null, Buffer.from(input), keyObject).toString('base64url')}`
  })
}

function fastJwtName(alg: Algorithm): Exclude<Algorithm, 'Ed25519'> | 'EdDSA' {
  return alg === 'Ed25519' ? 'EdDSA' : alg
}

function pemOrSecret(key: SigningKey, half: 'public' | 'private'): string | Buffer {
  const keyObject: KeyObject =
    half === 'public' ? verificationMaterialOf(key.toVerificationKey()).keyObject : signingMaterialOf(key).keyObject
  if (keyObject.type === 'secret') return keyObject.export()
  return String(keyObject.export({ type: half === 'public' ? 'spki' : 'pkcs8', format: 'pem' }))
}
