import { SignetError } from '@signet/protocol'
import { addressPrefix } from '../domain/address.ts'
import { draftEvent } from '../domain/event.ts'
import type { Source } from '../domain/event.ts'
import { takeAddressAttempt } from './attempt.ts'
import type { Context } from './context.ts'
import { createAccount } from './create-account.ts'

export interface RegisterInput {
  readonly email: string
  readonly password: string
}

/**
 * Opens an account for whoever asks, where the operator allows it.
 *
 * A taken address gets the same silence as a free one, after the same work. Throws `registration_closed`,
 * `email_invalid`, a `password_…` code, `throttled`, `overloaded`. Does not prove that the address is theirs.
 */
export async function register(context: Context, input: RegisterInput, source: Source): Promise<void> {
  if (context.settings.registration === 'closed') throw new SignetError('registration_closed')
  await takeAddressAttempt(context, 'register', addressPrefix(source.address))
  const account = await createAccount(context, { ...input, name: null, roles: [] }, source)
  if (account !== null) return
  const details = { because: 'taken' }
  await context.store.events.append([draftEvent('account.registration_refused', context.now(), source, { details })])
}
