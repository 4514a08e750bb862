import { checkClaimTypes, checkParties, checkTime } from './claims.ts'
import { createCompactOpener } from './compact.ts'
import { JwtError } from './errors.ts'
import { freezeDeeply } from './freeze.ts'
import { parseJsonObject } from './json.ts'
import { readPolicy } from './policy.ts'
import type { VerificationRules, VerifierPolicy } from './policy.ts'
import { TokenCache } from './token-cache.ts'
import type { CachedToken } from './token-cache.ts'
import type { VerifiedToken } from './verified-token.ts'

export interface Verifier {
  /**
   * Verifies the signature, then checks the claims. Synchronous.
   *
   * @throws JwtError, and nothing else, whatever the token is
   */
  verify(token: string): VerifiedToken
}

/**
 * Makes a verifier for one policy.
 *
 * Order of refusal: size, three canonical base64url parts, header, key by `kid` and `alg`, signature, and only then the
 * claims. Failures are never cached. Does not authorise: what the subject may do is for the caller to decide.
 *
 * @throws PolicyError (a TypeError) when an option is missing, unknown, or of a wrong type
 * @see RFC 7519 §7.2, RFC 8725
 */
export function createVerifier(policy: VerifierPolicy): Verifier {
  const rules = readPolicy(policy)
  const verify = verifyUnder(rules)
  return Object.freeze({ verify: rules.cache === undefined ? verify : cached(verify, rules, rules.cache) })
}

type Verify = (token: string) => VerifiedToken

function verifyUnder(rules: VerificationRules): Verify {
  const open = createCompactOpener(rules)
  const isCached = rules.cache !== undefined

  return function verify(token) {
    const { header, key, payload, payloadLength } = open(token)
    const claims = parseJsonObject(payload, payloadLength)
    checkClaimTypes(claims)
    checkTime(claims, readClock(rules), rules)
    checkParties(claims, rules)
    const verified: VerifiedToken = { header, claims: isCached ? freezeDeeply(claims) : claims, key }
    checkRevocation(verified, rules)
    return verified
  }
}

function cached(verify: Verify, rules: VerificationRules, limits: Required<VerifierPolicy>['cache']): Verify {
  const cache = new TokenCache({ maxBytes: Number.MAX_SAFE_INTEGER, ...limits })

  return function verifyCached(token) {
    const hit = typeof token === 'string' ? cache.get(token) : undefined
    if (hit === undefined || !isStillTrusted(hit, rules)) {
      if (hit !== undefined) cache.delete(token)
      const { version } = rules.keys
      const verified = verify(token)
      cache.set(token, { verified, version })
      return verified
    }
    checkTime(hit.verified.claims, readClock(rules), rules)
    checkRevocation(hit.verified, rules)
    return hit.verified
  }
}

/** Whether the key that verified the token would still be chosen for it, should the trusted set have changed since. */
function isStillTrusted(hit: CachedToken, { keys }: VerificationRules): boolean {
  const { version } = keys
  if (hit.version === version) return true
  const { header, key } = hit.verified
  if (!keys.select(key.alg, header.kid).includes(key)) return false
  hit.version = version
  return true
}

function readClock({ now }: VerificationRules): number {
  const seconds = now()
  // Every comparison with NaN is false, so a broken clock would make tokens valid for ever.
  if (!Number.isFinite(seconds)) throw new JwtError('clock_invalid', 'the clock did not return a finite number')
  return seconds
}

function checkRevocation(verified: VerifiedToken, { isRevoked }: VerificationRules): void {
  if (isRevoked !== undefined && isRevoked(verified)) throw new JwtError('token_revoked', 'the token has been revoked')
}
