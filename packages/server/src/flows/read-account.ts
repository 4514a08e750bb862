import type { AccountResponse } from '@signet/protocol'
import type { Account } from '../domain/account.ts'
import { requireSession } from './caller.ts'
import type { Caller } from './caller.ts'
import type { Context } from './context.ts'

/** Reads the caller's own account. Throws `token_revoked`. */
export async function readAccount(context: Context, caller: Caller): Promise<AccountResponse> {
  const { account } = await requireSession(context, caller)
  return describeAccount(account)
}

export function describeAccount(account: Account): AccountResponse {
  return {
    id: account.id,
    email: account.email,
    name: account.name,
    roles: account.roles,
    created_at: account.createdAt,
    password_changed_at: account.passwordChangedAt,
  }
}
