import { setImmediate } from 'node:timers/promises'
import type { Compilable } from 'kysely'
import type { EpochSeconds } from '../../domain/time.ts'
import type { SqlDatabase } from './database.ts'

/** Rows of a kind forgotten in one transaction: a few milliseconds, in which nobody else can write. */
const ROWS_AT_ONCE = 100
/** Small rows without an index to keep, and they can come much faster than anything else here. */
const REVOCATIONS_AT_ONCE = 1000

interface Forgetting {
  readonly deletion: Compilable
  readonly rowsAtOnce: number
}

/** Forgets all that has lapsed, in short transactions between which everybody else has their turn. */
export async function prune(db: SqlDatabase, now: EpochSeconds, keepSeconds: number): Promise<void> {
  for (const { deletion, rowsAtOnce } of forgettings(db, now, now - keepSeconds)) {
    const query = deletion.compile()
    for (let deleted = rowsAtOnce; deleted === rowsAtOnce;) {
      deleted = (await db.write((run) => run(query))).changed
      // an embedded engine works in our own thread: without this, a long list would hold up everybody
      await setImmediate()
    }
  }
}

function forgettings({ build }: SqlDatabase, now: EpochSeconds, before: EpochSeconds): readonly Forgetting[] {
  const attempts = build.selectFrom('attempts').select('key').where('last_at', '<=', before).limit(ROWS_AT_ONCE)
  const proofs = build.selectFrom('proofs').select('id').where('expires_at', '<=', now).limit(ROWS_AT_ONCE)
  const sessions = build.selectFrom('sessions').select('id').where('created_at', '<=', before).limit(ROWS_AT_ONCE)
  const sources = build
    .selectFrom('known_sources')
    .select(['account_id', 'address_prefix'])
    .where('last_at', '<=', before)
    .limit(ROWS_AT_ONCE)
    .$asTuple('account_id', 'address_prefix')
  // the newest row stays, because the list's sequence is read from it
  const newest = build.selectFrom('revocations').select(({ fn }) => fn.max('sequence').as('sequence'))
  const revocations = build
    .selectFrom('revocations')
    .select('sequence')
    .where('until', '<=', now)
    .where('sequence', '<', newest)
    .limit(REVOCATIONS_AT_ONCE)

  const deletions = [
    build.deleteFrom('attempts').where('key', 'in', attempts),
    build.deleteFrom('proofs').where('id', 'in', proofs),
    build.deleteFrom('sessions').where('id', 'in', sessions),
    build
      .deleteFrom('known_sources')
      .where(({ eb, refTuple }) => eb(refTuple('account_id', 'address_prefix'), 'in', sources)),
  ]
  return [
    ...deletions.map((deletion) => ({ deletion, rowsAtOnce: ROWS_AT_ONCE })),
    {
      deletion: build.deleteFrom('revocations').where('sequence', 'in', revocations),
      rowsAtOnce: REVOCATIONS_AT_ONCE,
    },
  ]
}
