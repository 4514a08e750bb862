import type { FeedRuntime } from './runtime.ts'

/**
 * Calls out once when it has not been touched for a while. Touching is a clock reading, not a new timer, so a busy
 * stream may do it at every event.
 */
export class Watchdog {
  readonly #runtime: FeedRuntime
  readonly #milliseconds: number
  readonly #onSilence: () => void
  #touchedAt: number
  #cancel: () => void

  constructor(runtime: FeedRuntime, milliseconds: number, onSilence: () => void) {
    this.#runtime = runtime
    this.#milliseconds = milliseconds
    this.#onSilence = onSilence
    this.#touchedAt = runtime.monotonic()
    this.#cancel = runtime.after(milliseconds, () => this.#look())
  }

  touch(): void {
    this.#touchedAt = this.#runtime.monotonic()
  }

  stop(): void {
    this.#cancel()
  }

  #look(): void {
    const left = this.#touchedAt + this.#milliseconds - this.#runtime.monotonic()
    if (left <= 0) this.#onSilence()
    // Rounded up: a timer may come a fraction of a millisecond early, and should not then come a thousand times.
    else this.#cancel = this.#runtime.after(Math.ceil(left), () => this.#look())
  }
}
