import { performance } from 'node:perf_hooks'
import { clearTimeout, setTimeout } from 'node:timers'
import type { EpochSeconds } from '@signet/jwt'

/** What the feed takes from the world around it, so that tests can stand in for it. */
export interface FeedRuntime {
  readonly fetch: typeof globalThis.fetch
  readonly now: () => EpochSeconds
  /** Milliseconds that only ever grow; they may stand still while the machine sleeps. */
  readonly monotonic: () => number
  /** 0 ≤ … < 1, for spreading reconnects. */
  readonly random: () => number
  /** Runs something later, without keeping the process alive for it. Gives back how to call it off. */
  readonly after: (milliseconds: number, run: () => void) => () => void
}

/** The machine's timers and steady clock. `Math.random` will do: it spreads load, it guards nothing. */
export function systemRuntime(fetch: typeof globalThis.fetch, now: () => EpochSeconds): FeedRuntime {
  return {
    fetch,
    now,
    monotonic: () => performance.now(),
    random: () => Math.random(),
    after(milliseconds, run) {
      const timer = setTimeout(run, milliseconds)
      timer.unref()
      return () => clearTimeout(timer)
    },
  }
}
