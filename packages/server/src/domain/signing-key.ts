import { LONGEST_CLOCK_SKEW_SECONDS } from '@signet/protocol'
import type { EpochSeconds } from './time.ts'

/**
 * `pending` is published but does not sign; `active` signs; `retired` still verifies; `revoked` is gone at once.
 * A key that is dropped is in no state: it is forgotten.
 */
export type SigningKeyState = 'pending' | 'active' | 'retired' | 'revoked'

/** A signing key at rest. */
export interface StoredSigningKey {
  readonly kid: string
  readonly alg: string
  readonly state: SigningKeyState
  /** Public JWK as JSON; `null` for an HMAC secret, which has no public half. */
  readonly publicJwk: string | null
  /** Private JWK, encrypted under the master key; empty once the key is revoked. */
  readonly sealedPrivateJwk: string
  /** A pending key is published from here on. */
  readonly createdAt: EpochSeconds
  readonly activatedAt: EpochSeconds | null
  readonly retiredAt: EpochSeconds | null
  readonly revokedAt: EpochSeconds | null
  /** The longest that any token it has signed, or may be signing now, lives. Raised, never lowered. */
  readonly tokenSeconds: number
}

/** A node that has not heard of a change to the keys for this long asks before it signs. */
export const UNNOTICED_SECONDS = 5

/**
 * The first instant at which no token of a retired key is accepted anywhere: it may leave the published set.
 *
 * A node may go on signing for a moment after the key was retired, until it notices; those tokens count too.
 */
export function verifiesUntil(key: StoredSigningKey): EpochSeconds {
  if (key.retiredAt === null) return Infinity
  return key.retiredAt + UNNOTICED_SECONDS + key.tokenSeconds + LONGEST_CLOCK_SKEW_SECONDS
}

/** How long a verifier may go on using keys it cannot renew, `@signet/guard` among them (RFC 5861). */
const LONGEST_STALE_SECONDS = 86_400

/**
 * The latest `exp` that matters of a key being revoked: guards must know of it until then.
 *
 * Whoever stole it can sign tokens that expire in a hundred years. They pass until the last verifier has let go of the
 * key itself, so it is not the life of honest tokens that counts but that of cached key sets.
 *
 * @param jwksMaxAgeSeconds the longest that a published set was ever allowed to be cached
 */
export function lastExpOf(key: StoredSigningKey, jwksMaxAgeSeconds: number, now: EpochSeconds): EpochSeconds {
  return now + UNNOTICED_SECONDS + Math.max(jwksMaxAgeSeconds + LONGEST_STALE_SECONDS, key.tokenSeconds)
}
