import { SignetError } from '@signet/protocol'
import { draftEvent } from '../domain/event.ts'
import type { Source } from '../domain/event.ts'
import { normalizePassword } from '../domain/password-policy.ts'
import { revokeSessions } from '../domain/revocation.ts'
import type { CauseRevocations } from '../domain/revocation.ts'
import { acceptPassword } from './accept-password.ts'
import { requireSession } from './caller.ts'
import type { Caller } from './caller.ts'
import { confirmPassword } from './confirm-password.ts'
import type { Context } from './context.ts'

export interface ChangePasswordInput {
  readonly currentPassword: string
  readonly newPassword: string
}

/**
 * Replaces the caller's password and ends every other session of the account.
 * Throws `token_revoked`, `password_incorrect`, `password_unchanged`, another `password_…` code, `throttled`, `overloaded`,
 * `unavailable` when the password was changed or rehashed at the same time.
 */
export async function changePassword(
  context: Context,
  caller: Caller,
  input: ChangePasswordInput,
  source: Source,
): Promise<void> {
  const state = await requireSession(context, caller)
  const { session, account } = state
  await confirmPassword(context, state, input.currentPassword, source)
  const current = normalizePassword(input.currentPassword)
  const password = acceptPassword(context, input.newPassword, account.canonicalEmail)
  if (password === current) throw new SignetError('password_unchanged')
  const newHash = await context.passwords.hash(password)
  const now = context.now()
  const revocations: CauseRevocations = (ended) => revokeSessions(ended, now)
  const change = { expectedHash: account.passwordHash, newHash, at: now, keepSession: session.id, revocations }
  const event = draftEvent('password.changed', now, source, { accountId: account.id, sessionId: session.id })
  const ended = await context.store.accounts.changePassword(account.id, change, [event])
  if (ended === null)
    throw new SignetError('unavailable', { retryAfterSeconds: 1, reason: 'the hash changed meanwhile' })
}
