import type { SessionResponse } from '@signet/protocol'
import { sessionExpiresAt } from '../domain/session.ts'
import type { Session } from '../domain/session.ts'
import { requireSession } from './caller.ts'
import type { Caller } from './caller.ts'
import type { Context } from './context.ts'

/** More live sessions than a person can look through; older ones show when newer ones have ended. */
const MAX_LISTED = 200

/** Lists the caller's live sessions, newest first. Throws `token_revoked`. */
export async function listSessions(context: Context, caller: Caller): Promise<readonly SessionResponse[]> {
  await requireSession(context, caller)
  const now = context.now()
  const epoch = await context.store.epoch()
  const { idleTtlSeconds, absoluteTtlSeconds } = context.settings
  const bounds = { createdAfter: now - absoluteTtlSeconds, rotatedAfter: now - idleTtlSeconds, epoch }
  const live = await context.store.sessions.listLive(caller.accountId, bounds, MAX_LISTED)
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
