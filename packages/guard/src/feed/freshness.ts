import type { FeedRuntime } from './runtime.ts'

/**
 * Measures how long ago it was known that nothing was missing.
 *
 * By two clocks, of which the larger span counts: the steady one cannot be set back, and the wall clock goes on while
 * the machine sleeps. So a clock that is set back never makes old knowledge look fresh; one that is set forward makes
 * it look older, which is the safe side.
 */
export class Freshness {
  readonly #runtime: Pick<FeedRuntime, 'now' | 'monotonic'>
  #knownAtSteady = Number.NEGATIVE_INFINITY
  #knownAtWall = Number.NEGATIVE_INFINITY

  constructor(runtime: Pick<FeedRuntime, 'now' | 'monotonic'>) {
    this.#runtime = runtime
  }

  /** @param ago seconds since everything was known */
  mark(ago = 0): void {
    this.#knownAtSteady = this.#runtime.monotonic() - ago * 1000
    this.#knownAtWall = this.#runtime.now() - ago
  }

  /** Infinite before the first mark. */
  seconds(): number {
    const steady = (this.#runtime.monotonic() - this.#knownAtSteady) / 1000
    // NaN from a broken clock must not compare as fresh.
    const span = Math.max(0, steady, this.#runtime.now() - this.#knownAtWall)
    return Number.isNaN(span) ? Number.POSITIVE_INFINITY : span
  }
}
