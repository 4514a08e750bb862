import type { Session, SessionLifetimes } from './session.ts'
import type { EpochSeconds } from './time.ts'

export type RefreshDecision =
  | { readonly kind: 'rotate' }
  | { readonly kind: 'replay' }
  | { readonly kind: 'reuse' }
  | { readonly kind: 'unproven' }
  | { readonly kind: 'expired'; readonly limit: 'idle' | 'absolute' }
  | { readonly kind: 'revoked' }
  | { readonly kind: 'unknown' }

/** What came with the refresh token, already authenticated. */
export interface PresentedRefresh {
  /** From a refresh token whose MAC has been checked. */
  readonly generation: number
  /** Thumbprint of the key whose DPoP proof came along and was verified; `null` when there was no proof. */
  readonly provenKey: string | null
  /** Whether the token came in a cookie that a browser sent by itself, as Fetch-Metadata says. */
  readonly browser: boolean
  /** The client that asks, where it says so. */
  readonly clientId: string | null
}

export interface RefreshPolicy extends SessionLifetimes {
  /** How long the token just replaced may still be presented. Default 0: reuse is always an attack. */
  readonly graceSeconds: number
  /** The same for browsers' cookie requests: tabs share one cookie jar and race honestly. Default 10. */
  readonly browserGraceSeconds: number
  /** The store's epoch now; sessions of another one were ended by a restore. */
  readonly epoch: number
}

/**
 * Decides what a presented refresh token is entitled to.
 *
 * - `rotate`   it is the newest: issue the next generation
 * - `replay`   it is the one just replaced, and the caller may repeat: give the same successor again
 * - `reuse`    it is older than that: the session is compromised and must be revoked
 * - `unproven` it is the newest of a session bound to a key, and the key was not proven: refuse, change nothing;
 *              revoking here would let whoever copied the token sign its owner out
 * - `expired` `revoked` `unknown`  refuse; nothing to revoke
 *
 * Pure: no clock, no store. A store may call it more than once for one request.
 * Does not authenticate the token; `generation` comes from one already authenticated.
 *
 * @param now server time at arrival
 * @see RFC 9700 §4.14.2, RFC 9449 §5, docs/decisions/0003-refresh-rotation.md
 */
export function decideRefresh(
  session: Session,
  presented: PresentedRefresh,
  now: EpochSeconds,
  policy: RefreshPolicy,
): RefreshDecision {
  if (session.revokedAt !== null || session.epoch !== policy.epoch) return { kind: 'revoked' }
  if (presented.generation < 1 || presented.generation > session.generation) return { kind: 'unknown' }
  if (presented.clientId !== null && presented.clientId !== session.clientId) return { kind: 'unknown' }
  if (now >= session.createdAt + policy.absoluteTtlSeconds) return { kind: 'expired', limit: 'absolute' }
  if (now >= session.rotatedAt + policy.idleTtlSeconds) return { kind: 'expired', limit: 'idle' }
  if (presented.generation === session.generation) {
    return provesBinding(session, presented) ? { kind: 'rotate' } : { kind: 'unproven' }
  }
  return mayReplay(session, presented, now, policy) ? { kind: 'replay' } : { kind: 'reuse' }
}

/** An unbound session asks for no proof; a proof it did not ask for changes nothing. */
function provesBinding(session: Session, presented: PresentedRefresh): boolean {
  return session.keyThumbprint === null || session.keyThumbprint === presented.provenKey
}

/**
 * Only the direct predecessor is ever repeated. That its successor is still unused needs no look-up: had it been
 * used, the session would be one generation further. Only a session that lives in a cookie jar has tabs that race:
 * any other's token in a cookie is somebody pretending.
 */
function mayReplay(session: Session, presented: PresentedRefresh, now: EpochSeconds, policy: RefreshPolicy): boolean {
  if (presented.generation !== session.generation - 1) return false
  if (session.keyThumbprint !== null) return session.keyThumbprint === presented.provenKey
  const isTab = presented.browser && session.delivery === 'cookie'
  const grace = isTab ? policy.browserGraceSeconds : policy.graceSeconds
  return now < session.rotatedAt + grace
}
