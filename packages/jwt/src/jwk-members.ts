import type { Algorithm } from './algorithms.ts'
import { isAlgorithm, traitsOf } from './algorithms.ts'
import { decodeBase64url } from './base64url.ts'
import { JwtError } from './errors.ts'
import type { Jwk } from './jwk.ts'

/** Required members of each kty's public half, in the lexical order of RFC 7638 §3.2. `oct` has only its secret. */
const PUBLIC_MEMBERS: Readonly<Record<string, readonly (keyof Jwk)[]>> = {
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
  oct: ['k', 'kty'],
}
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi'] as const
/** Bytes of a coordinate; RFC 7518 §6.2.1.2 demands the full length, leading zeros included. */
const COORDINATE_BYTES: Readonly<Record<string, number>> = { 'P-256': 32, 'P-384': 48, 'P-521': 66, Ed25519: 32 }
const BASE64URL_MEMBERS = new Set<string>(['x', 'y', 'n', 'e', 'k', ...PRIVATE_MEMBERS])

/**
 * Checks a JWK's members: present, of the right type, canonical base64url, of full length, and meant for this use
 * (RFC 7517 §4, RFC 7518 §6). Unknown members are ignored, as RFC 7517 §4 demands.
 *
 * @throws JwtError `key_invalid`
 */
export function checkJwkMembers(jwk: Jwk, use: 'sign' | 'verify'): void {
  const required = requiredMembers(jwk)
  for (const name of [...required, ...PRIVATE_MEMBERS]) checkMember(jwk, name, required.includes(name))
  checkMetadata(jwk, use)
}

/** The members RFC 7638 hashes; also all that a verifier may see of a JWK. */
export function publicMembers(jwk: Jwk): Record<string, string> {
  return Object.fromEntries(requiredMembers(jwk).map((name) => [name, own(jwk, name) as string]))
}

/**
 * The algorithm a JWK names, under its RFC 9864 name; undefined if it names none.
 *
 * @throws JwtError `key_invalid` when it names one that this engine does not have
 */
export function jwkAlgorithm(jwk: Jwk): Algorithm | undefined {
  const alg = own(jwk, 'alg')
  if (alg === undefined) return undefined
  if (alg === 'EdDSA' && own(jwk, 'crv') === 'Ed25519') return 'Ed25519'
  if (isAlgorithm(alg) && hasKtyOf(alg, jwk)) return alg
  throw new JwtError('key_invalid', 'the JWK is for an algorithm it cannot serve')
}

function requiredMembers(jwk: Jwk): readonly (keyof Jwk)[] {
  const kty = own(jwk, 'kty')
  const members = typeof kty === 'string' && Object.hasOwn(PUBLIC_MEMBERS, kty) ? PUBLIC_MEMBERS[kty] : undefined
  if (members === undefined) throw new JwtError('key_invalid', 'kty is missing or unknown')
  return members
}

function checkMember(jwk: Jwk, name: keyof Jwk, required: boolean): void {
  const value = own(jwk, name)
  if (value === undefined && !required) return
  if (typeof value !== 'string' || value === '') throw new JwtError('key_invalid', `${name} is missing or not a string`)
  if (!BASE64URL_MEMBERS.has(name)) return
  const length = decodedLength(value, name)
  if (name !== 'x' && name !== 'y') return
  const crv = String(own(jwk, 'crv'))
  if (Object.hasOwn(COORDINATE_BYTES, crv) && COORDINATE_BYTES[crv] !== length) {
    throw new JwtError('key_invalid', `${name} does not have the length its curve needs`)
  }
}

function decodedLength(value: string, name: string): number {
  try {
    return decodeBase64url(value).length
  } catch (cause) {
    throw new JwtError('key_invalid', `${name} is not canonical base64url`, { cause })
  }
}

function checkMetadata(jwk: Jwk, use: 'sign' | 'verify'): void {
  const kid = own(jwk, 'kid')
  if (kid !== undefined && typeof kid !== 'string') throw new JwtError('key_invalid', 'kid is not a string')
  const purpose = own(jwk, 'use')
  if (purpose !== undefined && purpose !== 'sig') throw new JwtError('key_invalid', 'the JWK is not for signatures')
  const operations = own(jwk, 'key_ops')
  if (operations === undefined) return
  if (!Array.isArray(operations) || !operations.every((operation) => typeof operation === 'string')) {
    throw new JwtError('key_invalid', 'key_ops is not a list of names')
  }
  if (new Set(operations).size !== operations.length) throw new JwtError('key_invalid', 'key_ops repeats a name')
  if (!operations.includes(use)) throw new JwtError('key_invalid', `key_ops does not allow to ${use}`)
}

function hasKtyOf(alg: Algorithm, jwk: Jwk): boolean {
  const kty = { hmac: 'oct', rsa: 'RSA', ec: 'EC', okp: 'OKP' }[traitsOf(alg).family]
  return own(jwk, 'kty') === kty
}

/** Only what the JWK itself says counts, never what it inherits. */
function own(jwk: Jwk, name: keyof Jwk): unknown {
  return Object.hasOwn(jwk, name) ? jwk[name] : undefined
}
