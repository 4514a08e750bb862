import { draftEvent } from '../domain/event.ts'
import type { Source } from '../domain/event.ts'
import { revokeSubject } from '../domain/revocation.ts'
import { requireSession } from './caller.ts'
import type { Caller } from './caller.ts'
import { confirmPassword } from './confirm-password.ts'
import type { Context } from './context.ts'

/**
 * Deletes the caller's account and every session of it, for good; what happened to it stays in the log under its
 * opaque id, which no later account gets. Throws `token_revoked`, `password_incorrect`, `throttled`, `overloaded`.
 */
export async function deleteAccount(
  context: Context,
  caller: Caller,
  input: { readonly password: string },
  source: Source,
): Promise<void> {
  const state = await requireSession(context, caller)
  await confirmPassword(context, state, input.password, source)
  const { account, session } = state
  const about = { accountId: account.id, sessionId: session.id }
  const at = context.now()
  const event = draftEvent('account.deleted', at, source, about)
  await context.store.accounts.delete(account.id, { at, revocations: (ended) => revokeSubject(ended, at) }, [event])
}
