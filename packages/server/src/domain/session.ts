import type { Delivery } from '@signet/protocol'
import type { EpochSeconds } from './time.ts'

/** One login on one device: the family of every token it ever receives. */
export interface Session {
  /** The `sid` of its tokens. */
  readonly id: string
  readonly accountId: string
  readonly clientId: string
  readonly audience: string
  /** Space-separated; granted at login and never widened. */
  readonly scope: string | null
  readonly delivery: Delivery
  /** RFC 8176 method names. */
  readonly amr: readonly string[]
  readonly authenticatedAt: EpochSeconds
  readonly createdAt: EpochSeconds
  /** How often the refresh token has rotated, plus one: the generation now current. */
  readonly generation: number
  /** When the current generation was issued. */
  readonly rotatedAt: EpochSeconds
  /** The latest `exp` of any access token it has received, whatever their lifetime was set to when they were issued. */
  readonly tokensUntil: EpochSeconds
  /** 32 random bytes; half of what makes a refresh token genuine. Never leaves the server. */
  readonly secret: Uint8Array
  /** RFC 7638 thumbprint of the key the session is bound to (RFC 9449), if it is. */
  readonly keyThumbprint: string | null
  /** The store's epoch at login; a session of an older epoch than the store's is over. */
  readonly epoch: number
  readonly revokedAt: EpochSeconds | null
  readonly revokedBecause: RevocationReason | null
  /** Where it was last used from. */
  readonly address: string
  readonly userAgent: string
}

export type RevocationReason =
  | 'logout'
  | 'logout_all'
  | 'ended_by_owner'
  | 'revoked_by_client'
  | 'reuse'
  | 'password_changed'
  | 'account_disabled'
  | 'account_deleted'
  | 'administrator'

/** How long sessions may live. */
export interface SessionLifetimes {
  /** A refresh token lapses this long after it was issued. */
  readonly idleTtlSeconds: number
  /** A session lapses this long after login, however busy it is. */
  readonly absoluteTtlSeconds: number
}

/** The `exp` of an access token issued at `at`: it never outlives its session's absolute end. */
export function accessTokenExpiresAt(
  session: Pick<Session, 'createdAt'>,
  at: EpochSeconds,
  lifetimes: Pick<SessionLifetimes, 'absoluteTtlSeconds'> & { readonly accessTokenTtlSeconds: number },
): EpochSeconds {
  return Math.min(at + lifetimes.accessTokenTtlSeconds, session.createdAt + lifetimes.absoluteTtlSeconds)
}

/** The first instant at which the session's refresh token no longer works. */
export function sessionExpiresAt(session: Session, lifetimes: SessionLifetimes): EpochSeconds {
  return Math.min(session.rotatedAt + lifetimes.idleTtlSeconds, session.createdAt + lifetimes.absoluteTtlSeconds)
}

/** Whether the session can still be used at `now`. Does not look at the account. */
export function isLive(session: Session, now: EpochSeconds, lifetimes: SessionLifetimes, epoch: number): boolean {
  return session.revokedAt === null && session.epoch === epoch && now < sessionExpiresAt(session, lifetimes)
}
