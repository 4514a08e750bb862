import { SignetError } from '@signet/protocol'
import { isLive } from '../domain/session.ts'
import type { SessionAndAccount } from '../store/store.ts'
import type { Context } from './context.ts'

/** Whose access token a request carried, already verified by the guard. */
export interface Caller {
  readonly accountId: string
  readonly sessionId: string
  /** The `jti` of the token. */
  readonly tokenId: string
}

/** Whom an event is about when somebody asked for it; nobody when a command or the server itself did. */
export function whoIs(caller: Caller | null): { readonly accountId?: string; readonly sessionId?: string } {
  return caller === null ? {} : { accountId: caller.accountId, sessionId: caller.sessionId }
}

/**
 * Looks up the caller's session and token, so that an ended one changes nothing here, from the instant it was ended,
 * on whatever node; guards elsewhere hear of it a moment later. Throws `token_revoked`.
 */
export async function requireSession(context: Context, caller: Caller): Promise<SessionAndAccount> {
  const found = await context.store.sessions.get(caller.sessionId)
  const epoch = await context.store.epoch()
  const usable =
    found !== null &&
    found.session.accountId === caller.accountId &&
    found.account.disabledAt === null &&
    isLive(found.session, context.now(), context.settings, epoch)
  if (!usable) throw new SignetError('token_revoked', { reason: 'the session is over' })
  if (await context.store.revocations.hasToken(caller.tokenId)) {
    throw new SignetError('token_revoked', { reason: 'the token was revoked by itself' })
  }
  return found
}
