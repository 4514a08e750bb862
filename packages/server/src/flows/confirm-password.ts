import { SignetError } from '@signet/protocol'
import { draftEvent } from '../domain/event.ts'
import type { Source } from '../domain/event.ts'
import { normalizePassword } from '../domain/password-policy.ts'
import type { SessionAndAccount } from '../store/store.ts'
import { attemptKey, withAttempt } from './attempt.ts'
import type { Context } from './context.ts'

/**
 * Makes sure that it is still the owner who sits at a signed-in session, before something that cannot be undone.
 * A wrong password is counted and logged; throws `password_incorrect`, `throttled`, `overloaded`.
 */
export async function confirmPassword(
  context: Context,
  { session, account }: SessionAndAccount,
  password: string,
  source: Source,
): Promise<void> {
  const limit = { key: attemptKey('password', account.id), policy: context.settings.sourceAttempts }
  const normalized = normalizePassword(password)
  const matches = await withAttempt(context, [limit], async () => {
    const verdict = await context.passwords.verify(account.passwordHash, normalized)
    return verdict.matches ? verdict : null
  })
  if (matches !== null) return
  const about = { accountId: account.id, sessionId: session.id }
  await context.store.events.append([draftEvent('password.refused', context.now(), source, about)])
  throw new SignetError('password_incorrect')
}
