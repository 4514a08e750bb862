import type { EpochSeconds } from './time.ts'

/** Consecutive failures seen under one key. */
export interface AttemptCounter {
  readonly failures: number
  readonly lastAt: EpochSeconds
}

export type AttemptDecision =
  | { readonly kind: 'allow'; readonly next: AttemptCounter }
  | { readonly kind: 'refuse'; readonly retryAfterSeconds: number }

export interface AttemptPolicy {
  /** Failures that cost nothing but the answer. */
  readonly freeAttempts: number
  /** The longest wait between two attempts, once the delays have grown. */
  readonly maxDelaySeconds: number
  /** Failures after which only one attempt a day is left (NIST SP 800-63B-4 §3.2.2 allows no more than 100). */
  readonly ceiling: number
  /** A counter untouched for this long is forgotten. */
  readonly forgetAfterSeconds: number
}

const DAY_SECONDS = 86_400

/**
 * Decides whether one more guess may be checked.
 *
 * An allowed attempt is counted before its outcome is known, so that guesses sent in parallel cannot outrun the
 * count; a success clears the counter. Delays double from one second after the free attempts.
 *
 * Pure. Does not say whose attempt it is: the caller chooses the key, and keeps the key of a source that has signed
 * in before apart, so that strangers' failures never delay the owner.
 */
export function decideAttempt(
  counter: AttemptCounter | null,
  now: EpochSeconds,
  policy: AttemptPolicy,
): AttemptDecision {
  if (counter === null || now >= counter.lastAt + policy.forgetAfterSeconds) return allow(1, now)
  const opensAt = counter.lastAt + delayAfter(counter.failures, policy)
  if (now < opensAt) return { kind: 'refuse', retryAfterSeconds: opensAt - now }
  return allow(counter.failures + 1, now)
}

function allow(failures: number, now: EpochSeconds): AttemptDecision {
  return { kind: 'allow', next: { failures, lastAt: now } }
}

function delayAfter(failures: number, policy: AttemptPolicy): number {
  if (failures < policy.freeAttempts) return 0
  if (failures >= policy.ceiling) return DAY_SECONDS
  return Math.min(2 ** (failures - policy.freeAttempts), policy.maxDelaySeconds)
}
