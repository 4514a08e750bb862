import { hash } from 'node:crypto'
import { ASYMMETRIC_ALGORITHMS } from './algorithms.ts'
import type { Algorithm, EpochSeconds } from './algorithms.ts'
import { checkClaimTypes } from './claims.ts'
import type { JwtClaims } from './claims.ts'
import { createCompactOpener } from './compact.ts'
import { JwtError } from './errors.ts'
import { checkHeader } from './header.ts'
import type { HeaderRules } from './header.ts'
import { importVerificationKey } from './import.ts'
import { parseJsonObject } from './json.ts'
import type { JsonObject } from './json.ts'
import { publicMembers } from './jwk-members.ts'
import type { Jwk } from './jwk.ts'
import type { SigningKey, VerificationKey } from './keys.ts'
import { sign } from './sign.ts'
import { thumbprint } from './thumbprint.ts'

/** The request that a proof must have been made for. */
export interface DpopExpectation {
  /** As in the request line; compared with case. */
  readonly method: string
  /** Absolute URL of the request as the client sees it. Query and fragment are ignored on both sides. */
  readonly url: string
  readonly now: EpochSeconds
  /** How old `iat` may be. Default 60. */
  readonly maxAgeSeconds?: number
  /** The access token sent along; `ath` is then required and must be its hash. */
  readonly accessToken?: string
  /** Default: all asymmetric ones. */
  readonly algorithms?: readonly Algorithm[]
}

export interface VerifiedDpopProof {
  /** Thumbprint of the proof's key, to be compared with `cnf.jkt` of the token (RFC 9449 §6.1). */
  readonly jkt: string
  readonly jti: string
  readonly iat: EpochSeconds
}

const DPOP_TYPE = 'dpop+jwt'
const DEFAULT_MAX_AGE_SECONDS = 60
/** A client's clock may run ahead by this much. */
const MAX_AHEAD_SECONDS = 5
const MAX_PROOF_BYTES = 8192
/** RSA 4096 and a 32-bit exponent, as base64url. The client chooses this key, so its cost has to be bounded here. */
const MAX_MODULUS_CHARACTERS = 683
const MAX_EXPONENT_CHARACTERS = 6
const MAX_JTI_CHARACTERS = 256

/**
 * Verifies a DPoP proof against the request it came with (RFC 9449 §4.3).
 *
 * Does NOT check that the `jti` is seen for the first time, nor that the key is the one a token is bound to: the caller must
 * remember `jti` until `iat + maxAgeSeconds`, and compare `jkt`.
 *
 * @throws JwtError `dpop_proof_invalid`; the message names the check that refused
 */
export function verifyDpopProof(proof: string, expected: DpopExpectation): VerifiedDpopProof {
  const rules: HeaderRules = {
    algorithms: new Set(expected.algorithms ?? ASYMMETRIC_ALGORITHMS),
    acceptEdDSA: true,
    typ: DPOP_TYPE,
    understoodCrit: new Set(),
  }
  const { key, jkt } = refusedAs('key', () => readProofKey(proof, rules))
  const claims = refusedAs('token', () => openProof(proof, rules, key))
  checkRequest(claims, expected)
  return { jkt, jti: checkJti(claims), iat: checkIat(claims, expected) }
}

/**
 * Makes a proof for one request (RFC 9449 §4.2). `jti` must be new each time and hard to guess.
 *
 * @throws JwtError `key_invalid` for an HMAC key
 */
export function createDpopProof(
  key: SigningKey,
  request: {
    readonly method: string
    readonly url: string
    readonly jti: string
    readonly now: EpochSeconds
    readonly accessToken?: string
  },
): string {
  const { method, url, jti, now, accessToken } = request
  const ath = accessToken === undefined ? {} : { ath: accessTokenHash(accessToken) }
  const claims = { jti, htm: method, htu: targetUri(url), iat: now, ...ath }
  return sign(claims, key, { typ: DPOP_TYPE, header: { jwk: publicMembers(key.toPublicJwk()) } })
}

/** The `ath` of an access token: SHA-256 of its ASCII, base64url. */
export function accessTokenHash(token: string): string {
  return hash('sha256', token, 'base64url')
}

interface ProofKey {
  readonly key: VerificationKey
  readonly jkt: string
}

/** The one place where a key comes from the token itself: what it proves is possession, not identity. */
function readProofKey(proof: string, rules: HeaderRules): ProofKey {
  if (typeof proof !== 'string') throw new JwtError('token_malformed', 'a proof is a string')
  if (proof.length > MAX_PROOF_BYTES) throw new JwtError('token_too_large', 'the proof is too large')
  const { header, alg } = checkHeader(proof.slice(0, Math.max(0, proof.indexOf('.'))), rules)
  const { jwk } = header
  if (!isPublicJwk(jwk)) throw new JwtError('key_invalid', 'jwk is not a public key')
  return { key: importVerificationKey(jwk, { alg }), jkt: thumbprint(jwk) }
}

function isPublicJwk(value: unknown): value is Jwk {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const { d, k, n = '', e = '' } = value as Partial<Jwk>
  return d === undefined && k === undefined && n.length <= MAX_MODULUS_CHARACTERS && e.length <= MAX_EXPONENT_CHARACTERS
}

function openProof(proof: string, rules: HeaderRules, key: VerificationKey): JwtClaims {
  const keys = { version: 0, select: () => [key] }
  const { payload, payloadLength } = createCompactOpener({ ...rules, keys, maxTokenBytes: MAX_PROOF_BYTES })(proof)
  const claims = parseJsonObject(payload, payloadLength)
  checkClaimTypes(claims)
  return claims
}

function checkRequest(claims: JsonObject, expected: DpopExpectation): void {
  if (claims.htm !== expected.method) throw invalid('htm is not the method of the request')
  if (typeof claims.htu !== 'string' || targetUri(claims.htu) !== targetUri(expected.url)) {
    throw invalid('htu is not the address of the request')
  }
  if (expected.accessToken !== undefined && claims.ath !== accessTokenHash(expected.accessToken)) {
    throw invalid('ath is not the hash of the access token')
  }
}

function checkJti({ jti }: JwtClaims): string {
  if (jti === undefined || jti === '' || jti.length > MAX_JTI_CHARACTERS)
    throw invalid('jti is missing, empty or too long')
  return jti
}

function checkIat({ iat }: JwtClaims, { now, maxAgeSeconds = DEFAULT_MAX_AGE_SECONDS }: DpopExpectation): EpochSeconds {
  if (iat === undefined) throw invalid('iat is missing')
  // Written so that a NaN on either side refuses.
  if (!(now - iat <= maxAgeSeconds)) throw invalid('the proof is too old')
  if (!(iat - now <= MAX_AHEAD_SECONDS)) throw invalid('the proof is from the future')
  return iat
}

/** Scheme, authority and path after the normalisation of RFC 3986 §6.2.2–6.2.3, as RFC 9449 §4.3 asks for. */
function targetUri(url: string): string {
  if (!URL.canParse(url)) throw invalid('htu is not an absolute URL')
  const { origin, pathname } = new URL(url)
  return origin + pathname
}

function refusedAs<T>(part: string, check: () => T): T {
  try {
    return check()
  } catch (cause) {
    throw invalid(`${part}: ${cause instanceof JwtError ? cause.message : 'malformed'}`, cause)
  }
}

function invalid(message: string, cause?: unknown): JwtError {
  return new JwtError('dpop_proof_invalid', message, cause === undefined ? undefined : { cause })
}
