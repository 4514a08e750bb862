import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { SqlTraits } from '../database.ts'

/** Keys that rotate: what each has signed, which guards hold it, and a version that changes with every change. */
export async function addKeyRotation(db: Kysely<unknown>, traits: SqlTraits): Promise<void> {
  const { integer, tableSuffix } = traits
  await db.schema.alterTable('signing_keys').addColumn('revoked_at', integer).execute()
  // the longest that the version before this one allowed
  await db.schema
    .alterTable('signing_keys')
    .addColumn('token_seconds', integer, (column) => column.notNull().defaultTo(3600))
    .execute()
  await sql`create unique index signing_keys_one_pending on signing_keys (state) where state = 'pending'`.execute(db)
  await db.schema
    .createTable('connections')
    .addColumn('node', 'text', (column) => column.primaryKey().notNull())
    .addColumn('guards', 'text', (column) => column.notNull())
    .addColumn('at', integer, (column) => column.notNull())
    .modifyEnd(tableSuffix)
    .execute()
  await sql`insert into meta (name, value) values ('keys_version', '1'), ('jwks_max_age', '0')`.execute(db)
}
