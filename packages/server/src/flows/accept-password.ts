import { SignetError } from '@signet/protocol'
import { decidePassword } from '../domain/password-policy.ts'
import type { Context } from './context.ts'

/** Normalises a new password, or throws the `password_…` code that says what is wrong with it. */
export function acceptPassword(context: Context, password: string, canonicalEmail: string): string {
  const { passwordPolicy: policy, issuer } = context.settings
  const words = ['signet', new URL(issuer).hostname, canonicalEmail, ...canonicalEmail.split('@')]
  const decision = decidePassword(password, { policy, contextWords: words }, (p) => context.passwords.isCommon(p))
  switch (decision.kind) {
    case 'accept':
      return decision.normalized
    case 'too_short':
      throw new SignetError('password_too_short', { detail: `Use at least ${policy.minLength} characters.` })
    case 'too_long':
      throw new SignetError('password_too_long', { detail: `Use at most ${policy.maxLength} characters.` })
    case 'common':
      throw new SignetError('password_common', { detail: COMMON_DETAILS[decision.because] })
  }
}

const COMMON_DETAILS = {
  listed: 'It is on the list of passwords that attackers try first.',
  contains_context: 'It is made of your address or of the name of this service.',
  repetitive: 'It repeats itself.',
} as const
