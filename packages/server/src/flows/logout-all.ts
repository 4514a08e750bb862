import { draftEvent } from '../domain/event.ts'
import type { Source } from '../domain/event.ts'
import { revokeEverySession } from '../domain/revocation.ts'
import type { SessionRevocation } from '../store/store.ts'
import { requireSession } from './caller.ts'
import type { Caller } from './caller.ts'
import type { Context } from './context.ts'

/** Ends every session of the caller's account, the asking one included. Throws `token_revoked`. */
export async function logoutAll(context: Context, caller: Caller, source: Source): Promise<void> {
  await requireSession(context, caller)
  const at = context.now()
  const because = 'logout_all'
  const event = draftEvent('session.ended', at, source, { accountId: caller.accountId, details: { because } })
  const revocation = { at, because, revocations: (ended) => revokeEverySession(ended, at) } satisfies SessionRevocation
  await context.store.sessions.revokeAll(caller.accountId, revocation, [event])
}
