import { createHash } from 'node:crypto'
import { SignetError } from '@signet/protocol'
import { decideAttempt } from '../domain/throttle.ts'
import type { AttemptPolicy } from '../domain/throttle.ts'
import type { Context } from './context.ts'

/**
 * Takes one attempt at a guarded secret, before it is checked; throws `throttled` when it has to wait.
 * Call `context.store.attempts.clear([key])` when the attempt turns out to be good.
 */
export async function takeAttempt(context: Context, key: string, policy: AttemptPolicy): Promise<void> {
  const now = context.now()
  const decision = await context.store.attempts.take(key, (counter) => decideAttempt(counter, now, policy))
  if (decision.kind === 'allow') return
  throw new SignetError('throttled', { retryAfterSeconds: decision.retryAfterSeconds, reason: 'too many failures' })
}

/** Takes one attempt for a source address, whoever it aims at; throws `throttled`. */
export async function takeAddressAttempt(context: Context, addressPrefix: string): Promise<void> {
  const wait = await context.addressLimit.take(addressPrefix)
  if (wait > 0) throw new SignetError('throttled', { retryAfterSeconds: wait, reason: 'too many attempts from there' })
}

/** Names a counter without writing down whom it concerns: there is one for addresses nobody has registered, too. */
export function attemptKey(purpose: 'login' | 'password', ...parts: readonly string[]): string {
  return `${purpose}:${createHash('sha256').update(parts.join('\n')).digest('base64url')}`
}
