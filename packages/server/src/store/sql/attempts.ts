import type { AttemptStore } from '../store.ts'
import { compileOnce } from './compile-once.ts'
import type { RunStatement, SqlDatabase } from './database.ts'
import type { AttemptsTable } from './schema.ts'

export function createAttemptStore(db: SqlDatabase): AttemptStore {
  const { build } = db
  const byKey = compileOnce(({ key }: { key: string }) =>
    build.selectFrom('attempts').select(['failures', 'last_at']).where('key', '=', key),
  )
  const replace = createReplace(db)

  return {
    take: (key, decide) =>
      db.write(async (run) => {
        for (;;) {
          const row = (await run(byKey({ key }))).rows[0] ?? null
          const decision = decide(row === null ? null : { failures: row.failures, lastAt: row.last_at })
          if (decision.kind === 'refuse') return decision
          const next = { key, failures: decision.next.failures, last_at: decision.next.lastAt }
          // a caller that lost has seen another one counted: it decides again, on the newer count
          if (await replace(run, row, next)) return decision
        }
      }),

    clear: (keys) =>
      keys.length === 0
        ? Promise.resolve()
        : db.write(async (run) => {
            await run(build.deleteFrom('attempts').where('key', 'in', keys).compile())
          }),
  }
}

/** Writes `next` if the counter is still `seen`; resolves to whether it was. */
function createReplace({ build }: SqlDatabase) {
  const insert = compileOnce((next: AttemptsTable) =>
    build
      .insertInto('attempts')
      .values({ key: next.key, failures: next.failures, last_at: next.last_at })
      .onConflict((conflict) => conflict.column('key').doNothing()),
  )
  const update = compileOnce((values: AttemptsTable & { seenFailures: number; seenAt: number }) =>
    build
      .updateTable('attempts')
      .set({ failures: values.failures, last_at: values.last_at })
      .where('key', '=', values.key)
      .where('failures', '=', values.seenFailures)
      .where('last_at', '=', values.seenAt),
  )
  return async (run: RunStatement, seen: Omit<AttemptsTable, 'key'> | null, next: AttemptsTable) => {
    const query = seen === null ? insert(next) : update({ ...next, seenFailures: seen.failures, seenAt: seen.last_at })
    return (await run(query)).changed > 0
  }
}
