import { SignetError } from '@signet/protocol'
import type { ProblemCode } from '@signet/protocol'
import { draftEvent } from '../domain/event.ts'
import type { EventDraft, EventType, Source } from '../domain/event.ts'
import { decideRefresh } from '../domain/refresh.ts'
import type { PresentedRefresh, RefreshDecision, RefreshPolicy } from '../domain/refresh.ts'
import { revokeSessions } from '../domain/revocation.ts'
import { accessTokenExpiresAt, isLive } from '../domain/session.ts'
import type { RefreshAttempt, SessionAndAccount } from '../store/store.ts'
import type { AuthenticRefreshToken, Context } from './context.ts'
import { issueTokens } from './issue-tokens.ts'
import type { IssuedTokens } from './issue-tokens.ts'
import { proveKey } from './prove-key.ts'
import type { DpopRequest } from './prove-key.ts'

export interface RefreshInput {
  readonly refreshToken: string
  readonly clientId: string | null
  readonly dpop: DpopRequest | null
  /** Whether a browser sent the token in a cookie by itself, as Fetch-Metadata says. */
  readonly browser: boolean
}

/**
 * Exchanges a refresh token for the next pair of tokens.
 *
 * Throws `refresh_token_invalid` for a token this server did not make or cannot place, `refresh_token_reused` for a
 * spent one (its session is then over), `session_expired`, `session_ended`, `dpop_proof_invalid`. Only a genuine
 * token gets a code that tells why.
 *
 * @see decideRefresh
 */
export async function refresh(context: Context, input: RefreshInput, source: Source): Promise<IssuedTokens> {
  const token = context.refreshTokens.authenticate(input.refreshToken)
  if (token === null) throw new SignetError('refresh_token_invalid', { reason: 'not made by this server' })
  const now = context.now()
  const policy: RefreshPolicy = { ...context.settings, epoch: await context.store.epoch() }
  const provenKey = await proveLiveKey(context, input.dpop, token, policy.epoch)
  const presented: PresentedRefresh = {
    generation: token.generation,
    provenKey,
    browser: input.browser,
    clientId: input.clientId,
  }
  const attempt: RefreshAttempt = {
    at: now,
    presented,
    address: source.address,
    userAgent: source.userAgent,
    tokensUntil: (session) => Math.max(session.tokensUntil, accessTokenExpiresAt(session, now, context.settings)),
    decide: (state) => decide(context, token, state, presented, now, policy),
    revocations: (ended) => revokeSessions(ended, now),
    events: (decision, state) => refreshEvents(decision, state, presented, now, source),
  }
  const outcome = await context.store.sessions.refresh(token.sessionId, attempt)
  if (outcome === null) throw new SignetError('refresh_token_invalid', { reason: 'no such session' })
  const { decision, session, account } = outcome
  if (decision.kind !== 'rotate' && decision.kind !== 'replay') throw refusal(decision)
  return issueTokens(context, session, account, now)
}

/** A proof is remembered only for a session that it can matter to, so that dead tokens cannot fill the store. */
async function proveLiveKey(
  context: Context,
  dpop: DpopRequest | null,
  token: AuthenticRefreshToken,
  epoch: number,
): Promise<string | null> {
  if (dpop === null) return null
  const found = await context.store.sessions.get(token.sessionId)
  const isOurs = found !== null && context.refreshTokens.matches(token, found.session.secret)
  return isOurs && isLive(found.session, context.now(), context.settings, epoch) ? proveKey(context, dpop) : null
}

/** A MAC alone does not make a token genuine: whoever stole that key still lacks the session's secret. */
function decide(
  context: Context,
  token: AuthenticRefreshToken,
  { session, account }: SessionAndAccount,
  presented: PresentedRefresh,
  now: number,
  policy: RefreshPolicy,
): RefreshDecision {
  if (!context.refreshTokens.matches(token, session.secret)) return { kind: 'unknown' }
  if (account.disabledAt !== null) return { kind: 'revoked' }
  return decideRefresh(session, presented, now, policy)
}

const REFUSALS = {
  reuse: 'refresh_token_reused',
  unproven: 'dpop_proof_invalid',
  expired: 'session_expired',
  revoked: 'session_ended',
  unknown: 'refresh_token_invalid',
} as const satisfies Record<string, ProblemCode>

function refusal(decision: Exclude<RefreshDecision, { kind: 'rotate' | 'replay' }>): SignetError {
  const reason = decision.kind === 'expired' ? `${decision.limit} limit` : decision.kind
  return new SignetError(REFUSALS[decision.kind], { reason })
}

const EVENT_OF: Partial<Record<RefreshDecision['kind'], EventType>> = {
  rotate: 'session.refreshed',
  replay: 'session.replayed',
  reuse: 'session.reused',
  unproven: 'session.refresh_refused',
}

/** Tokens of sessions that are over leave no event: their end has one, and a flood of them must not fill the log. */
function refreshEvents(
  decision: RefreshDecision,
  { session }: SessionAndAccount,
  presented: PresentedRefresh,
  at: number,
  source: Source,
): readonly EventDraft[] {
  const type = EVENT_OF[decision.kind]
  if (type === undefined) return []
  const details = { presentedGeneration: presented.generation, currentGeneration: session.generation }
  return [draftEvent(type, at, source, { accountId: session.accountId, sessionId: session.id, details })]
}
