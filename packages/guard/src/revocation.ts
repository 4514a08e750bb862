import type { EpochSeconds } from '@signet/jwt'
import { LONGEST_CLOCK_SKEW_SECONDS } from '@signet/protocol'
import type { RevocableToken, Revocation } from '@signet/protocol'
import { systemClock } from './clock.ts'
import { RevocationSet } from './revocation/revocation-set.ts'

/**
 * Where a guard learns that a token was revoked before it expired.
 *
 * `isRevoked` is called for every request that presents an otherwise valid token, whether the token was verified anew
 * or taken from the cache; it answers at once, from memory. If it throws, the request is refused.
 */
export interface RevocationSource {
  /**
   * Changes with everything that could stop a token which was not stopped before, so that a token found clean need not
   * be looked up again until then. A source without it is asked every time.
   */
  readonly version?: number
  isRevoked(token: RevocableToken): boolean
  health(): RevocationHealth
}

export interface RevocationHealth {
  /** Entries held; an entry leaves after the last token it could stop has expired. */
  readonly entries: number
  /** Memory they take. */
  readonly bytes?: number
  /** Of a feed: everything up to here is held; `null` before the first snapshot. */
  readonly cursor?: string | null
  /** Of a feed: since it was last known that nothing is missing; `null` if it never was. */
  readonly stalenessSeconds?: number | null
  /** Of a feed: whether a stream is open. */
  readonly connected?: boolean
  /** Of a feed: why the last connection ended or could not be made; `null` once one delivers again. */
  readonly lastError?: string | null
}

export interface RevocationList extends RevocationSource {
  /** Adds an entry; the same one twice, or in any order, has the effect of one. */
  add(entry: Revocation): void
}

/**
 * Makes a revocation list in memory: for tests, for one process, and as the set that a feed fills.
 *
 * Keyed by `jti`, `sid`, `sub` and `kid`, never by a token's text, so that no respelling of a token escapes it.
 * Entries are dropped a while after their `until`, when the longest clock skew a guard may allow is over too; the
 * sweep visits a few of them whenever one is added, so a check never pays for it.
 */
export function createRevocationList(options: { readonly now?: () => EpochSeconds } = {}): RevocationList {
  return new RevocationSet({ now: options.now ?? systemClock, retainSeconds: LONGEST_CLOCK_SKEW_SECONDS })
}
