import type { EpochSeconds } from '@signet/jwt'

/** The machine's clock in whole seconds: the default of every `now`, and the only place a guard reads it. */
export function systemClock(): EpochSeconds {
  return Math.floor(Date.now() / 1000)
}
