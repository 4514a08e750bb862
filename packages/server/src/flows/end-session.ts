import { SignetError } from '@signet/protocol'
import type { Source } from '../domain/event.ts'
import { requireSession } from './caller.ts'
import type { Caller } from './caller.ts'
import type { Context } from './context.ts'
import { endOwnSession } from './logout.ts'

/**
 * Ends one of the caller's own sessions. Throws `token_revoked`, and `session_not_found` for another account's
 * session, an ended one and one that never was, alike.
 */
export async function endSession(context: Context, caller: Caller, sessionId: string, source: Source): Promise<void> {
  await requireSession(context, caller)
  const ended = await endOwnSession(context, { accountId: caller.accountId, sessionId }, 'ended_by_owner', source)
  if (!ended) throw new SignetError('session_not_found')
}
