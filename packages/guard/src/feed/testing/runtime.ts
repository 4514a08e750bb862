import { performance } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'
import type { FeedRuntime } from '../runtime.ts'
import { systemRuntime } from '../runtime.ts'

export const NOW = 1_800_000_000

/** Real timers that run `speed` times as fast, with the steady clock to match; the wall clock stands still. */
export function hurriedRuntime(speed: number, overrides: Partial<FeedRuntime> = {}): FeedRuntime {
  const system = systemRuntime(globalThis.fetch, () => NOW)
  return {
    ...system,
    monotonic: () => performance.now() * speed,
    random: () => 0.5,
    after: (milliseconds, run) => system.after(milliseconds / speed, run),
    ...overrides,
  }
}

export interface ManualRuntime extends FeedRuntime {
  /** Lets time pass on both clocks and runs what is due, in order. */
  advance(milliseconds: number): void
  readonly pending: number
}

/** Time passes only when told to. */
export function manualRuntime(overrides: Partial<FeedRuntime> = {}): ManualRuntime {
  let elapsed = 0
  const due = new Set<{ readonly at: number; readonly run: () => void }>()
  return {
    ...hurriedRuntime(1),
    now: () => NOW + Math.floor(elapsed / 1000),
    monotonic: () => elapsed,
    after(milliseconds, run) {
      const entry = { at: elapsed + milliseconds, run }
      due.add(entry)
      return () => due.delete(entry)
    },
    advance(milliseconds) {
      const end = elapsed + milliseconds
      for (;;) {
        const [next] = [...due].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)
        if (next === undefined) break
        elapsed = Math.max(elapsed, next.at)
        due.delete(next)
        next.run()
      }
      elapsed = end
    },
    get pending() {
      return due.size
    },
    ...overrides,
  }
}

/** Waits until something is so; fails after ten seconds. */
export async function until(isSo: () => boolean, what = 'it did not come'): Promise<void> {
  const end = performance.now() + 10_000
  while (!isSo()) {
    if (performance.now() > end) throw new Error(what)
    await wait(1)
  }
}
