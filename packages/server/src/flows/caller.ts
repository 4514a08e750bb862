import { SignetError } from '@signet/protocol'
import { isLive } from '../domain/session.ts'
import type { SessionAndAccount } from '../store/store.ts'
import type { Context } from './context.ts'

/** Whose access token a request carried, already verified by the guard. */
export interface Caller {
  readonly accountId: string
  readonly sessionId: string
}

/**
 * Looks up the caller's session, so that an access token of an ended one changes nothing here, however long it still
 * lives elsewhere. Throws `token_revoked`.
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
  return found
}
