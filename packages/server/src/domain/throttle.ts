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
  /** Failures after which only one attempt a day is left. */
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
 * Pure. Does not say whose attempt it is: the caller chooses the key.
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

/**
 * The counter without the last attempt: it never got as far as being right or wrong, so it must not count as wrong.
 * The instant stays, which can only lengthen a delay that is due anyway.
 */
export function withoutLastAttempt(counter: AttemptCounter): AttemptCounter {
  return { failures: Math.max(0, counter.failures - 1), lastAt: counter.lastAt }
}

function allow(failures: number, now: EpochSeconds): AttemptDecision {
  return { kind: 'allow', next: { failures, lastAt: now } }
}

function delayAfter(failures: number, policy: AttemptPolicy): number {
  if (failures < policy.freeAttempts) return 0
  if (failures >= policy.ceiling) return DAY_SECONDS
  return Math.min(2 ** (failures - policy.freeAttempts), policy.maxDelaySeconds)
}
