import type { Compilable } from 'kysely'
import type { EpochSeconds } from '../../domain/time.ts'
import type { SqlDatabase } from './database.ts'

/** Rows of a kind forgotten in one transaction: a few milliseconds, in which nobody else can write. */
const ROWS_AT_ONCE = 100
/** Transactions for each kind in one call; what is left goes with the next. */
const MAX_ROUNDS = 50

/** Forgets what has lapsed, in short transactions between which everybody else has their turn. */
export async function prune({ build, write }: SqlDatabase, now: EpochSeconds, keepSeconds: number): Promise<void> {
  const before = now - keepSeconds
  const attempts = build.selectFrom('attempts').select('key').where('last_at', '<=', before).limit(ROWS_AT_ONCE)
  const proofs = build.selectFrom('proofs').select('id').where('expires_at', '<=', now).limit(ROWS_AT_ONCE)
  const sessions = build.selectFrom('sessions').select('id').where('created_at', '<=', before).limit(ROWS_AT_ONCE)
  const sources = build
    .selectFrom('former_sources')
    .select(['account_id', 'address_prefix'])
    .where('last_at', '<=', before)
    .limit(ROWS_AT_ONCE)
    .$asTuple('account_id', 'address_prefix')

  const deletions: readonly Compilable[] = [
    build.deleteFrom('attempts').where('key', 'in', attempts),
    build.deleteFrom('proofs').where('id', 'in', proofs),
    build.deleteFrom('sessions').where('id', 'in', sessions),
    build
      .deleteFrom('former_sources')
      .where(({ eb, refTuple }) => eb(refTuple('account_id', 'address_prefix'), 'in', sources)),
  ]
  for (const deletion of deletions) {
    const query = deletion.compile()
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const { changed } = await write((run) => run(query))
      if (changed < ROWS_AT_ONCE) break
    }
  }
}
