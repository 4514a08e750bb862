import type { Timers } from '../timers.ts'

export interface ManualTimers extends Timers {
  /** Moves time on and calls what is due, in its order, letting what it begins come to an end. */
  advance(milliseconds: number): Promise<void>
  /** Calls that are waited for. */
  pending(): number
}

interface Call {
  at: number
  readonly every: number | null
  readonly run: () => void
}

/** Timers that go off when a test says so. */
export function createManualTimers(): ManualTimers {
  const calls = new Set<Call>()
  let now = 0
  const add = (milliseconds: number, every: number | null, run: () => void): (() => void) => {
    const call = { at: now + milliseconds, every, run }
    calls.add(call)
    return () => void calls.delete(call)
  }
  return {
    every: (milliseconds, run) => add(milliseconds, milliseconds, run),
    after: (milliseconds, run) => add(milliseconds, null, run),
    pause: () => Promise.resolve(),
    pending: () => calls.size,
    async advance(milliseconds) {
      const end = now + milliseconds
      for (;;) {
        const due = [...calls].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)
        const [next] = due
        if (next === undefined) break
        now = next.at
        if (next.every === null) calls.delete(next)
        else next.at += next.every
        next.run()
        await settle()
      }
      now = end
    },
  }
}

/** Lets promises and reads of the embedded database come to an end. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
}
