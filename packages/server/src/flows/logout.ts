import { draftEvent } from '../domain/event.ts'
import type { Source } from '../domain/event.ts'
import type { RevocationReason } from '../domain/session.ts'
import { revokeSessions } from '../domain/revocation.ts'
import type { SessionRevocation } from '../store/store.ts'
import type { Caller } from './caller.ts'
import type { Context } from './context.ts'

/**
 * Ends the session a refresh token belongs to, whichever generation it is.
 * A token that is not ours, or whose session is over, is no error: the caller wanted to be signed out, and is.
 */
export async function logout(
  context: Context,
  input: { readonly refreshToken: string },
  source: Source,
): Promise<void> {
  const token = context.refreshTokens.authenticate(input.refreshToken)
  if (token === null) return
  const found = await context.store.sessions.get(token.sessionId)
  if (found === null || !context.refreshTokens.matches(token, found.session.secret)) return
  await endOwnSession(context, { accountId: found.account.id, sessionId: token.sessionId }, 'logout', source)
}

/** Ends the session of a verified access token. A session already over is no error. */
export async function logoutCaller(context: Context, caller: Caller, source: Source): Promise<void> {
  await endOwnSession(context, caller, 'logout', source)
}

/** Revokes one session of the owner's; `false` when there was no such open session. */
export function endOwnSession(
  context: Context,
  owned: { readonly accountId: string; readonly sessionId: string },
  because: RevocationReason,
  source: Source,
): Promise<boolean> {
  const at = context.now()
  const { accountId, sessionId } = owned
  const revocation: SessionRevocation = {
    at,
    because,
    owner: accountId,
    revocations: (ended) => revokeSessions(ended, at),
  }
  const event = draftEvent('session.ended', at, source, { accountId, sessionId, details: { because } })
  return context.store.sessions.revoke(sessionId, revocation, [event])
}
