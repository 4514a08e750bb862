import { setImmediate } from 'node:timers/promises'

/** What of the machine's time the feed uses; a test puts its own in the place. */
export interface Timers {
  /** Calls `run` again and again. Returns how to stop. */
  every(milliseconds: number, run: () => void): () => void
  /** Calls `run` once. Returns how to prevent it. */
  after(milliseconds: number, run: () => void): () => void
  /** Resolves when others have had their turn. */
  pause(): Promise<void>
}

/** None of them keeps a process alive. */
export const systemTimers: Timers = {
  every(milliseconds, run) {
    const timer = setInterval(run, milliseconds).unref()
    return () => clearInterval(timer)
  },
  after(milliseconds, run) {
    const timer = setTimeout(run, milliseconds).unref()
    return () => clearTimeout(timer)
  },
  pause: () => setImmediate(),
}
