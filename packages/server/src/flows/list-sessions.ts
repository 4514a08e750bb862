import type { SessionResponse } from '@signet/protocol'
import { isLive, sessionExpiresAt } from '../domain/session.ts'
import type { Session } from '../domain/session.ts'
import { requireSession } from './caller.ts'
import type { Caller } from './caller.ts'
import type { Context } from './context.ts'

/** More than a person can have by signing in; a list longer than this says nothing more. */
const MAX_LISTED = 200

/** Lists the caller's live sessions, newest first. Throws `token_revoked`. */
export async function listSessions(context: Context, caller: Caller): Promise<readonly SessionResponse[]> {
  await requireSession(context, caller)
  const now = context.now()
  const epoch = await context.store.epoch()
  const sessions = await context.store.sessions.listOpen(caller.accountId, MAX_LISTED)
  const live = sessions.filter((session) => isLive(session, now, context.settings, epoch))
  return live.map((session) => describeSession(context, caller, session))
}

function describeSession(context: Context, caller: Caller, session: Session): SessionResponse {
  return {
    id: session.id,
    current: session.id === caller.sessionId,
    client_id: session.clientId,
    audience: session.audience,
    delivery: session.delivery,
    bound_to_key: session.keyThumbprint !== null,
    created_at: session.createdAt,
    last_used_at: session.rotatedAt,
    expires_at: sessionExpiresAt(session, context.settings),
    address: session.address,
    user_agent: session.userAgent,
  }
}
