import { Buffer } from 'node:buffer'
import { sliceBase64url, writeUtf8 } from './bytes.ts'
import { checkClaimTypes } from './claims.ts'
import { JwtError, PolicyError } from './errors.ts'
import { MAX_JSON_DEPTH } from './json.ts'
import type { JsonObject } from './json.ts'
import { SigningKey, signingMaterialOf } from './keys.ts'
import { Scratch } from './scratch.ts'
import { createSignature, createSignatureAsync } from './signatures.ts'

export interface SignOptions {
  /** The token's type, for example `at+jwt`; keeps one kind of token from passing as another (RFC 8725 §3.11). */
  readonly typ: string
  /** Further header parameters. `alg`, `kid`, `typ`, `crit` and `b64` cannot be set here. */
  readonly header?: JsonObject
}

/**
 * Signs claims as a compact JWT on the calling thread. Adds `alg`, `kid` and `typ` to the header, nothing to the claims.
 *
 * RS and PS take hundreds of microseconds of CPU; on an event loop use {@link signAsync}.
 * Does not set `iat`, `exp` or `jti`, and reads no clock.
 *
 * @throws JwtError `claims_invalid` for claims that a verifier would refuse or JSON cannot carry unchanged
 */
export function sign(claims: JsonObject, key: SigningKey, options: SignOptions): string {
  const header = headerPart(key, options)
  const payload = payloadPart(claims)
  return `${header}${payload}.${createSignature(signingMaterialOf(key), header, payload)}`
}

/** As {@link sign}, with the signature computed on the thread pool. */
export async function signAsync(claims: JsonObject, key: SigningKey, options: SignOptions): Promise<string> {
  const input = headerPart(key, options) + payloadPart(claims)
  return `${input}.${await createSignatureAsync(signingMaterialOf(key), input)}`
}

function payloadPart(claims: JsonObject): string {
  checkIsObject(claims)
  checkClaimTypes(claims)
  return encodeJson(claims)
}

/** The encoded header and its dot. */
function headerPart(key: SigningKey, { typ, header }: SignOptions): string {
  if (!(key instanceof SigningKey)) throw new PolicyError('sign needs a SigningKey')
  if (typeof typ !== 'string' || typ === '') throw new PolicyError('sign needs a typ')
  if (header !== undefined) return encodeHeader(key, typ, header)
  const { headerParts } = signingMaterialOf(key)
  const known = headerParts.get(typ)
  if (known !== undefined) return known
  const part = encodeHeader(key, typ, {})
  if (headerParts.size < MAX_KNOWN_TYPES) headerParts.set(typ, part)
  return part
}

const MAX_KNOWN_TYPES = 16
const RESERVED = ['alg', 'kid', 'typ', 'crit', 'b64']

function encodeHeader(key: SigningKey, typ: string, header: JsonObject): string {
  checkIsObject(header)
  for (const name of RESERVED) {
    if (Object.hasOwn(header, name)) throw new PolicyError(`the header parameter ${name} cannot be chosen`)
  }
  const kid = key.kid === undefined ? {} : { kid: key.kid }
  return `${encodeJson({ alg: key.alg, ...kid, typ, ...header })}.`
}

const RETAINED_BYTES = 24_576
const MAX_UTF8_BYTES_PER_CHARACTER = 3
const scratch = new Scratch(RETAINED_BYTES)

function encodeJson(value: JsonObject): string {
  const json = JSON.stringify(value)
  if (json.length * MAX_UTF8_BYTES_PER_CHARACTER > RETAINED_BYTES) return Buffer.from(json).toString('base64url')
  return sliceBase64url(scratch.bytes, writeUtf8(scratch.bytes, json))
}

function checkIsObject(value: unknown): asserts value is JsonObject {
  if (!isPlainObject(value)) throw new JwtError('claims_invalid', 'claims are a plain object')
  checkCanBeCarried(value, 1)
}

/** `JSON.stringify` drops, rounds or renames what it cannot express; a token must say exactly what it was given. */
function checkCanBeCarried(value: unknown, depth: number): void {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return
  if (typeof value === 'number' && Number.isFinite(value)) return
  if (typeof value !== 'object') throw new JwtError('claims_invalid', 'a value cannot be carried in JSON')
  if (depth > MAX_JSON_DEPTH) throw new JwtError('claims_invalid', 'claims nest too deeply')
  if (Array.isArray(value)) {
    for (const item of value) checkCanBeCarried(item, depth + 1)
    return
  }
  if (!isPlainObject(value)) throw new JwtError('claims_invalid', 'a value cannot be carried in JSON')
  // a plain object inherits nothing enumerable, and walking it this way takes a fifth of the time
  for (const name in value) {
    if (name === '__proto__') throw new JwtError('claims_invalid', 'a member is named __proto__')
    checkCanBeCarried(value[name], depth + 1)
  }
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || 'toJSON' in value) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
