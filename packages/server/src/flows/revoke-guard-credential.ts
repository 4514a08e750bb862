import { draftEvent } from '../domain/event.ts'
import type { Source } from '../domain/event.ts'
import type { Context } from './context.ts'

/**
 * Takes a guard's credential out of force: it opens nothing any more, and streams opened with it end within seconds.
 * `false` when there is none in force with this id. Does not ask whether the caller may.
 */
export function revokeGuardCredential(context: Context, id: string, source: Source): Promise<boolean> {
  const at = context.now()
  return context.store.guardCredentials.revoke(id, at, [draftEvent('guard.revoked', at, source, { details: { id } })])
}
