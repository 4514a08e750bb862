import { SignetError } from '@signet/protocol'
import type { AccountResponse } from '@signet/protocol'
import { displayName } from '../domain/account.ts'
import { draftEvent } from '../domain/event.ts'
import type { Source } from '../domain/event.ts'
import { requireSession } from './caller.ts'
import type { Caller } from './caller.ts'
import type { Context } from './context.ts'
import { describeAccount } from './read-account.ts'

export interface UpdateAccountInput {
  /** `null` removes it; absent leaves it. */
  readonly name?: string | null
}

/** Changes what the caller may change about the own account. Throws `token_revoked`. */
export async function updateAccount(
  context: Context,
  caller: Caller,
  input: UpdateAccountInput,
  source: Source,
): Promise<AccountResponse> {
  const { account, session } = await requireSession(context, caller)
  const name = typeof input.name === 'string' ? displayName(input.name) : input.name
  if (name === undefined || name === account.name) return describeAccount(account)
  const details = { changed: 'name' }
  const about = { accountId: account.id, sessionId: session.id, details }
  const event = draftEvent('account.updated', context.now(), source, about)
  const updated = await context.store.accounts.update(account.id, { name }, [event])
  if (updated === null) throw new SignetError('token_revoked', { reason: 'the account is gone' })
  return describeAccount(updated)
}
