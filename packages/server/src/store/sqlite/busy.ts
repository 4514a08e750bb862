import { setImmediate, setTimeout } from 'node:timers/promises'

/** How long in all to wait for another's transaction. They last milliseconds. */
const PATIENCE_MILLISECONDS = 5000
const LONGEST_PAUSE_MILLISECONDS = 25

/**
 * Does something on a connection that waits for nobody, again and again while another one holds the lock.
 *
 * SQLite's own busy timeout would block the thread: no request would be answered meanwhile, and a second connection in
 * the same process could never finish the transaction that is being waited for.
 */
export async function whenNotBusy<T>(work: () => T): Promise<T> {
  let pause = 0
  for (let waited = 0; ; waited += pause) {
    try {
      return work()
    } catch (error) {
      if (!isBusy(error) || waited >= PATIENCE_MILLISECONDS) throw error
    }
    await (pause === 0 ? setImmediate() : setTimeout(pause))
    pause = Math.min(pause * 2 || 1, LONGEST_PAUSE_MILLISECONDS)
  }
}

/** SQLITE_BUSY (5), and its extended codes, whose low byte it is. */
function isBusy(error: unknown): boolean {
  return (
    error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' && (error.errcode & 0xff) === 5
  )
}
