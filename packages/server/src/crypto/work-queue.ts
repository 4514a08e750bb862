import { SignetError } from '@signet/protocol'

export interface WorkQueueOptions {
  /** Tasks that run at once, at least 1. */
  readonly concurrency: number
  /** Tasks that may wait; beyond it a task is refused at once. */
  readonly maxWaiting: number
  /** What a refused caller is told. */
  readonly retryAfterSeconds: number
}

export type WorkQueue = <T>(task: () => Promise<T>) => Promise<T>

/**
 * Makes a queue that bounds work: so much at once, so much waiting, first come first served.
 * Beyond that it throws `SignetError('overloaded')` without starting the task.
 */
export function createWorkQueue({ concurrency, maxWaiting, retryAfterSeconds }: WorkQueueOptions): WorkQueue {
  if (!(Number.isInteger(concurrency) && concurrency >= 1)) throw new TypeError('concurrency is at least 1')
  if (!(Number.isInteger(maxWaiting) && maxWaiting >= 0)) throw new TypeError('maxWaiting is at least 0')
  const waiting: (() => void)[] = []
  let running = 0

  function release(): void {
    const next = waiting.shift()
    // the place is handed over, not given back: nobody who comes later can take it
    if (next === undefined) running--
    else next()
  }

  return async (task) => {
    if (running < concurrency) running++
    else if (waiting.length < maxWaiting) await new Promise<void>((resolve) => waiting.push(resolve))
    else throw new SignetError('overloaded', { retryAfterSeconds, reason: 'too many passwords to hash' })
    try {
      return await task()
    } finally {
      release()
    }
  }
}
