import type { EpochSeconds } from './algorithms.ts'
import { JwtError } from './errors.ts'
import type { JsonObject } from './json.ts'

/** The claims of RFC 7519 §4.1 with their types, and any others. */
export type JwtClaims = JsonObject & {
  readonly iss?: string
  readonly sub?: string
  readonly aud?: string | readonly string[]
  readonly exp?: EpochSeconds
  readonly nbf?: EpochSeconds
  readonly iat?: EpochSeconds
  readonly jti?: string
}

export interface TimeRules {
  readonly clockSkewSeconds: number
  readonly maxTokenAgeSeconds: number | undefined
}

export interface ClaimRules extends TimeRules {
  /** Undefined: the caller has switched the check off by name. Empty: matches nothing. */
  readonly issuers: readonly string[] | undefined
  readonly audiences: readonly string[] | undefined
  readonly subject: string | undefined
  readonly requiredClaims: readonly string[]
}

/**
 * Checks that registered claims have their types (RFC 7519 §4.1), whatever the policy asks for: a time that is not a number
 * would otherwise be a check that never refuses.
 *
 * @throws JwtError `claims_invalid`
 */
export function checkClaimTypes(claims: JsonObject): asserts claims is JwtClaims {
  checkIsString(claims.iss, 'iss')
  checkIsString(claims.sub, 'sub')
  checkIsString(claims.jti, 'jti')
  checkIsTime(claims.exp, 'exp')
  checkIsTime(claims.nbf, 'nbf')
  checkIsTime(claims.iat, 'iat')
  const { aud } = claims
  if (aud === undefined || typeof aud === 'string') return
  if (Array.isArray(aud) && aud.every((audience) => typeof audience === 'string')) return
  throw new JwtError('claims_invalid', 'aud is not a string or a list of strings')
}

/**
 * Checks time: from `nbf` on, before `exp` (RFC 7519 §4.1.4–4.1.6), and not older than the policy allows.
 *
 * @throws JwtError `token_expired`, `token_not_yet_valid`, `token_too_old`, `claim_missing`
 */
export function checkTime(claims: JwtClaims, now: EpochSeconds, rules: TimeRules): void {
  const { exp, nbf } = claims
  const { clockSkewSeconds: skew, maxTokenAgeSeconds: maxAge } = rules
  if (exp !== undefined && now - skew >= exp) throw new JwtError('token_expired', 'the token has expired')
  if (nbf !== undefined && now + skew < nbf) throw new JwtError('token_not_yet_valid', 'the token is not valid yet')
  if (maxAge !== undefined) checkAge(claims.iat, now, skew, maxAge)
}

/**
 * Checks who issued the token, for whom and about whom, and that required claims are there. A check that is configured demands
 * its claim.
 *
 * @throws JwtError `claim_missing`, `issuer_mismatch`, `audience_mismatch`, `subject_mismatch`
 */
export function checkParties(claims: JwtClaims, rules: ClaimRules): void {
  const { issuers, audiences, subject, requiredClaims } = rules
  if (issuers !== undefined && !issuers.includes(present(claims.iss, 'iss'))) {
    throw new JwtError('issuer_mismatch', 'iss is not a trusted issuer')
  }
  if (audiences !== undefined && !isFor(present(claims.aud, 'aud'), audiences)) {
    throw new JwtError('audience_mismatch', 'aud does not name this audience')
  }
  // an empty setting is a mistake in configuration and must not meet a token with an empty claim
  if (subject !== undefined && (present(claims.sub, 'sub') !== subject || subject === '')) {
    throw new JwtError('subject_mismatch', 'sub is not the expected subject')
  }
  for (const name of requiredClaims) if (!Object.hasOwn(claims, name)) throw missing(name)
}

function checkIsString(value: unknown, name: string): void {
  if (value !== undefined && typeof value !== 'string') throw new JwtError('claims_invalid', `${name} is not a string`)
}

function checkIsTime(value: unknown, name: string): void {
  // JSON can spell a number that overflows to infinity
  if (value !== undefined && !Number.isFinite(value))
    throw new JwtError('claims_invalid', `${name} is not a finite number`)
}

function checkAge(iat: EpochSeconds | undefined, now: EpochSeconds, skew: number, maxAge: number): void {
  const age = now - present(iat, 'iat')
  if (age > maxAge + skew) throw new JwtError('token_too_old', 'the token was issued too long ago')
  // An age below zero would make the token's allowed life longer than the policy says.
  if (age < -skew) throw new JwtError('token_not_yet_valid', 'the token was issued in the future')
}

function isFor(aud: string | readonly string[], audiences: readonly string[]): boolean {
  if (typeof aud === 'string') return audiences.includes(aud)
  return aud.some((audience) => audiences.includes(audience))
}

function present<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw missing(name)
  return value
}

function missing(name: string): JwtError {
  return new JwtError('claim_missing', `${name} is missing`)
}
