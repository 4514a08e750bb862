import { LONGEST_CLOCK_SKEW_SECONDS } from '@signet/protocol'
import type { Revocation } from '@signet/protocol'
import type { Session } from './session.ts'
import type { EpochSeconds } from './time.ts'

/** What is left of a session that has just ended: whose it was, and which tokens of it may still be about. */
export type EndedSession = Pick<Session, 'id' | 'accountId' | 'rotatedAt' | 'tokensUntil'>

/**
 * Says what an ending puts on the revocation list, given the sessions it ended. Pure. A store calls it inside the
 * transaction that ends them, with the rows as they were then, and writes what it gives or nothing at all.
 */
export type CauseRevocations = (ended: readonly EndedSession[]) => readonly Revocation[]

/** Above this, one entry for the subject says it shorter than one for each session. */
const MANY_SESSIONS = 8

/**
 * One entry for each session that ended and still has a token that lives: hits exactly those, whatever else the
 * account has. A session whose last token has expired needs none.
 *
 * For a logout, for reuse, for one session ended by its owner, and for a password change, which keeps a session.
 */
export function revokeSessions(ended: readonly EndedSession[], at: EpochSeconds): readonly Revocation[] {
  return withLiveTokens(ended, at).map(({ id, tokensUntil }) => ({
    kind: 'session',
    sid: id,
    until: lapsesAt(tokensUntil),
  }))
}

/**
 * For signing out everywhere: every session of the account has ended, and the person may sign in again within the
 * same second.
 *
 * A subject entry stops what was issued before its instant and nothing issued in the same second, so that a new login
 * lives; whoever of the ended was active in that second gets an entry of their own. Few sessions need no subject entry.
 */
export function revokeEverySession(ended: readonly EndedSession[], at: EpochSeconds): readonly Revocation[] {
  const live = withLiveTokens(ended, at)
  const [first] = live
  if (first === undefined || live.length <= MANY_SESSIONS) return revokeSessions(live, at)
  const inThisSecond = live.filter(({ rotatedAt }) => rotatedAt >= at)
  return [
    { kind: 'subject', sub: first.accountId, before: at, until: latestOf(live) },
    ...revokeSessions(inThisSecond, at),
  ]
}

/**
 * For an account that is disabled or gone: one entry stops every token it has, those of this second too, since nobody
 * signs in to it any more. None when no token of it lives.
 */
export function revokeSubject(ended: readonly EndedSession[], at: EpochSeconds): readonly Revocation[] {
  const live = withLiveTokens(ended, at)
  const [first] = live
  if (first === undefined) return []
  // a node whose clock runs ahead may have issued one "later" than now
  const newest = live.reduce((latest, { rotatedAt }) => Math.max(latest, rotatedAt), at)
  return [{ kind: 'subject', sub: first.accountId, before: newest + 1, until: latestOf(live) }]
}

/** For one access token; the rest of its session goes on. None for a token that is past its use everywhere. */
export function revokeToken(token: { readonly jti: string; readonly exp: EpochSeconds }, at: EpochSeconds) {
  const until = lapsesAt(token.exp)
  return until <= at ? [] : [{ kind: 'token', jti: token.jti, until } satisfies Revocation]
}

/** For a signing key. @param lastExp the latest `exp` of any token it can have signed */
export function revokeKey(kid: string, lastExp: EpochSeconds): Revocation {
  return { kind: 'key', kid, until: lapsesAt(lastExp) }
}

/** The first second at which no guard accepts a token with this `exp`. */
function lapsesAt(exp: EpochSeconds): EpochSeconds {
  return exp + LONGEST_CLOCK_SKEW_SECONDS
}

function withLiveTokens(ended: readonly EndedSession[], at: EpochSeconds): readonly EndedSession[] {
  return ended.filter(({ tokensUntil }) => lapsesAt(tokensUntil) > at)
}

function latestOf(sessions: readonly EndedSession[]): EpochSeconds {
  return sessions.reduce((latest, { tokensUntil }) => Math.max(latest, lapsesAt(tokensUntil)), 0)
}
