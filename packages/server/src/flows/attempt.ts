import { createHash } from 'node:crypto'
import { SignetError } from '@signet/protocol'
import { decideAttempt, withoutLastAttempt } from '../domain/throttle.ts'
import type { AttemptPolicy } from '../domain/throttle.ts'
import type { Context } from './context.ts'

/** One counter that an attempt is taken under. */
export interface AttemptLimit {
  readonly key: string
  readonly policy: AttemptPolicy
}

/**
 * Checks a guarded secret, with the attempt counted first, so that guesses sent at once cannot outrun the count.
 *
 * Throws `throttled` when it has to wait. An attempt that turns out good clears the counters; one that fails without
 * a verdict (the server is busy, the store is away) does not count.
 *
 * @param check resolves to `null` when the secret is wrong
 */
export async function withAttempt<T>(
  context: Context,
  limits: readonly AttemptLimit[],
  check: () => Promise<T | null>,
): Promise<T | null> {
  for (const limit of limits) await take(context, limit)
  let verdict: T | null
  try {
    verdict = await check()
  } catch (error) {
    for (const { key } of limits) await giveBack(context, key)
    throw error
  }
  if (verdict !== null) await context.store.attempts.clear(limits.map(({ key }) => key))
  return verdict
}

async function take(context: Context, { key, policy }: AttemptLimit): Promise<void> {
  const now = context.now()
  const decision = await context.store.attempts.take(key, (counter) => decideAttempt(counter, now, policy))
  if (decision.kind === 'allow') return
  throw new SignetError('throttled', { retryAfterSeconds: decision.retryAfterSeconds, reason: 'too many failures' })
}

async function giveBack(context: Context, key: string): Promise<void> {
  const now = context.now()
  await context.store.attempts.take(key, (counter) => {
    const next = withoutLastAttempt(counter ?? { failures: 0, lastAt: now })
    return { kind: 'allow', next }
  })
}

/** What a source address can do only so often, whoever it concerns. */
export type AddressPurpose = 'login' | 'register'

/** Takes one attempt for a source address; throws `throttled`. */
export async function takeAddressAttempt(context: Context, purpose: AddressPurpose, prefix: string): Promise<void> {
  const wait = await context.addressLimit.take(addressKey(purpose, prefix))
  if (wait > 0) throw new SignetError('throttled', { retryAfterSeconds: wait, reason: 'too many attempts from there' })
}

/** Gives back an attempt that turned out good, or was never looked at. */
export async function giveBackAddressAttempt(context: Context, purpose: AddressPurpose, prefix: string): Promise<void> {
  await context.addressLimit.giveBack(addressKey(purpose, prefix))
}

function addressKey(purpose: AddressPurpose, prefix: string): string {
  return `${purpose} ${prefix}`
}

/**
 * Names a counter without writing down whom it concerns: there is one for addresses nobody has registered, too.
 * No parts of one purpose give the name of other parts or of another purpose.
 */
export function attemptKey(purpose: string, ...parts: readonly string[]): string {
  const name = JSON.stringify([purpose, ...parts])
  return `${purpose}:${createHash('sha256').update(name).digest('base64url')}`
}
