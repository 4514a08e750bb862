import { RateLimiterMemory } from 'rate-limiter-flexible'
import type { AddressLimit } from '../flows/context.ts'

export interface AddressLimitOptions {
  /** Failed attempts from one address within a window that are still looked at. */
  readonly attempts: number
  readonly windowSeconds: number
  /** The longest that an address has to wait. Default one hour: people who do no harm may be behind it too. */
  readonly maxDelaySeconds?: number
  /** Addresses remembered; beyond it the one not heard of for longest is forgotten. Default 100 000. */
  readonly maxAddresses?: number
}

/**
 * Limits attempts per source address, in this process's memory.
 *
 * An address that uses up a window has to wait for one window; each time it does so again for twice as long as before,
 * up to `maxDelaySeconds`, until it has given no cause for twice that time. Does not survive a restart and does not count
 * across nodes: the counters per account in the store do both.
 */
export function createAddressLimit(options: AddressLimitOptions): AddressLimit {
  const { attempts, windowSeconds, maxDelaySeconds = 3600, maxAddresses = 100_000 } = options
  const window = new RateLimiterMemory({ points: attempts, duration: windowSeconds })
  const excesses = new RateLimiterMemory({ points: 1, duration: 2 * maxDelaySeconds })
  const remember = createMemory(maxAddresses)

  return {
    async take(address) {
      const forgotten = remember(address)
      if (forgotten !== null) await Promise.all([window.delete(forgotten), excesses.delete(forgotten)])
      const { consumedPoints, msBeforeNext } = await window.penalty(address)
      if (consumedPoints <= attempts) return 0
      if (consumedPoints > attempts + 1) return Math.max(1, Math.ceil(msBeforeNext / 1000))
      const times = (await excesses.get(address))?.consumedPoints ?? 0
      await excesses.set(address, times + 1, 2 * maxDelaySeconds)
      const delaySeconds = Math.min(windowSeconds * 2 ** times, maxDelaySeconds)
      await window.block(address, delaySeconds)
      return delaySeconds
    },

    async giveBack(address) {
      const counted = await window.get(address)
      // not for an address that must wait by now, and never below zero: credit could be saved up
      if (counted === null || counted.consumedPoints < 1 || counted.consumedPoints > attempts) return
      await window.reward(address)
    },
  }
}

/** Remembers so many names, the latest heard; tells which one had to be forgotten for a new one. */
function createMemory(max: number): (name: string) => string | null {
  const names = new Set<string>()
  return (name) => {
    names.delete(name)
    names.add(name)
    if (names.size <= max) return null
    const [oldest = name] = names
    names.delete(oldest)
    return oldest
  }
}
