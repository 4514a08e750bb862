import { SignetError } from '@signet/protocol'
import type { Account } from '../domain/account.ts'
import { canonicalEmail, displayEmail } from '../domain/email.ts'
import { draftEvent } from '../domain/event.ts'
import type { Source } from '../domain/event.ts'
import type { Context } from './context.ts'
import { acceptPassword } from './accept-password.ts'

export interface NewAccount {
  readonly email: string
  readonly password: string
  readonly name: string | null
  readonly roles: readonly string[]
}

/**
 * Creates an account; resolves to `null` when the address is taken, after the same work.
 * Throws `email_invalid`, a `password_…` code, `overloaded`. Does not ask whether the caller may.
 */
export async function createAccount(context: Context, input: NewAccount, source: Source): Promise<Account | null> {
  const canonical = canonicalEmail(input.email)
  if (canonical === null) throw new SignetError('email_invalid')
  const password = acceptPassword(context, input.password, canonical)
  const passwordHash = await context.passwords.hash(password)
  const now = context.now()
  const account: Account = {
    id: context.newAccountId(),
    email: displayEmail(input.email),
    canonicalEmail: canonical,
    name: input.name,
    passwordHash,
    passwordChangedAt: now,
    roles: input.roles,
    createdAt: now,
    disabledAt: null,
  }
  const details = { roles: input.roles.join(' ') }
  const event = draftEvent('account.registered', now, source, { accountId: account.id, details })
  return (await context.store.accounts.create(account, [event])) ? account : null
}
