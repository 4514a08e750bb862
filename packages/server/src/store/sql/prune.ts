import { setImmediate } from 'node:timers/promises'
import type { EpochSeconds } from '../../domain/time.ts'
import type { SqlDatabase } from './database.ts'

/** Rows of each kind forgotten by one call; what is left goes with the next. */
const MAX_ROWS = 1000

/** Forgets what has lapsed; each kind in its own short transaction, so that nobody waits long. */
export async function prune({ build, write }: SqlDatabase, now: EpochSeconds, keepSeconds: number): Promise<void> {
  const before = now - keepSeconds
  const attempts = build.selectFrom('attempts').select('key').where('last_at', '<=', before).limit(MAX_ROWS)
  const proofs = build.selectFrom('proofs').select('id').where('expires_at', '<=', now).limit(MAX_ROWS)
  const sessions = build.selectFrom('sessions').select('id').where('created_at', '<=', before).limit(MAX_ROWS)
  const sources = build
    .selectFrom('former_sources')
    .select(['account_id', 'address_prefix'])
    .where('last_at', '<=', before)
    .limit(MAX_ROWS)
  const deletions = [
    build.deleteFrom('attempts').where('key', 'in', attempts),
    build.deleteFrom('proofs').where('id', 'in', proofs),
    build.deleteFrom('sessions').where('id', 'in', sessions),
    build
      .deleteFrom('former_sources')
      .where(({ eb, refTuple }) =>
        eb(refTuple('account_id', 'address_prefix'), 'in', sources.$asTuple('account_id', 'address_prefix')),
      ),
  ]
  for (const deletion of deletions) await write((run) => run(deletion.compile()))
  await pruneRevocations({ build, write }, now)
}

/**
 * All of them, since they can come much faster than anything else here: in short transactions, so that others get
 * their turn. The newest row stays, because the list's sequence is read from it.
 */
async function pruneRevocations({ build, write }: Pick<SqlDatabase, 'build' | 'write'>, now: EpochSeconds) {
  const newest = build.selectFrom('revocations').select(({ fn }) => fn.max('sequence').as('sequence'))
  const lapsed = build
    .selectFrom('revocations')
    .select('sequence')
    .where('until', '<=', now)
    .where('sequence', '<', newest)
    .limit(MAX_ROWS)
  const deletion = build.deleteFrom('revocations').where('sequence', 'in', lapsed).compile()
  for (let deleted = MAX_ROWS; deleted === MAX_ROWS;) {
    deleted = (await write((run) => run(deletion))).changed
    // an embedded engine works in our own thread: without this, a long list would hold up everybody
    await setImmediate()
  }
}
