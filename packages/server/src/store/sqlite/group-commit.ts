import { CompiledQuery } from 'kysely'
import type { RunStatement, SqlDatabase } from '../sql/database.ts'

/** Transactions that share one commit at most, so that nobody waits long for the others. */
const MAX_GROUP = 64

/**
 * Lets transactions that arrive together share one commit, and so one sync of the disk, which is what a small
 * transaction mostly costs.
 *
 * Each keeps what it was promised: it is a savepoint of its own, undone alone when it throws; it sees those before it;
 * its promise resolves when the commit is on the disk. When the commit fails, all of the group have failed.
 */
export function withGroupCommit(db: SqlDatabase): SqlDatabase {
  const waiting: Job[] = []
  let scheduled = false

  /** At the end of this turn of the event loop: what came in with one reading of the sockets meets here. */
  function schedule(): void {
    if (scheduled || waiting.length === 0) return
    scheduled = true
    setImmediate(() => void commitNext())
  }

  const isBusy = (): boolean => scheduled

  async function commitNext(): Promise<void> {
    await commitTogether(db, waiting.splice(0, MAX_GROUP))
    scheduled = false
    schedule()
  }

  return {
    ...db,
    write: <T>(work: (run: RunStatement) => Promise<T>) =>
      new Promise<T>((resolve, reject) => {
        waiting.push(createJob(work, resolve, reject))
        schedule()
      }),
    async close() {
      // whoever was let in is served before the door is shut
      while (isBusy()) await new Promise((resolve) => setImmediate(resolve))
      await db.close()
    },
  }
}

/** Never rejects: those who wait are told. */
async function commitTogether(db: SqlDatabase, jobs: readonly Job[]): Promise<void> {
  try {
    await db.write(async (run) => {
      for (const job of jobs) await job.perform(run)
    })
    for (const job of jobs) job.settle()
  } catch (error) {
    for (const job of jobs) job.reject(error)
  }
}

/** One transaction of a group, and whoever waits for it. */
interface Job {
  /** Does the work or undoes it. Throws only when the engine can do neither. */
  perform(run: RunStatement): Promise<void>
  /** Gives what the work gave, or throws what it threw, now that the commit stands. */
  settle(): void
  reject(error: unknown): void
}

function createJob<T>(
  work: (run: RunStatement) => Promise<T>,
  resolve: (value: T) => void,
  reject: (error: unknown) => void,
): Job {
  const outcome: { settle: () => void } = { settle: () => reject(new TypeError('settled before it was performed')) }
  return {
    async perform(run) {
      await run(SAVEPOINT)
      try {
        const value = await work(run)
        outcome.settle = () => resolve(value)
      } catch (error) {
        outcome.settle = () => reject(error)
        await run(ROLLBACK)
      }
      await run(RELEASE)
    },
    settle: () => outcome.settle(),
    reject,
  }
}

const SAVEPOINT = CompiledQuery.raw('savepoint job')
const ROLLBACK = CompiledQuery.raw('rollback to job')
const RELEASE = CompiledQuery.raw('release job')
