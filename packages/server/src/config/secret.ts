import { inspect } from 'node:util'

/** What a secret looks like wherever it is printed. */
export const REDACTED = '[redacted]'

/**
 * A value that does not print.
 *
 * `console.log`, template strings, JSON and loggers all see `[redacted]`; only `reveal()` gives the value, so every
 * place that uses a secret is found by search.
 */
export class Secret<T> {
  readonly #value: T

  constructor(value: T) {
    this.#value = value
  }

  reveal(): T {
    return this.#value
  }

  toString(): string {
    return REDACTED
  }

  toJSON(): string {
    return REDACTED
  }

  [inspect.custom](): string {
    return REDACTED
  }
}
