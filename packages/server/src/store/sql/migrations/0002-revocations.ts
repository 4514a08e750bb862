import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { SqlTraits } from '../database.ts'

/** The longest that an access token of version 0.1 could be set to live. */
const LONGEST_TTL_SECONDS = 3600

/** The revocation list, the credentials that may read it, and until when each session's tokens live. */
export async function createRevocationTables(db: Kysely<unknown>, traits: SqlTraits): Promise<void> {
  const { integer, tableSuffix } = traits

  await db.schema
    .createTable('revocations')
    .addColumn('sequence', integer, (column) => traits.sequenceColumn(column))
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('value', 'text', (column) => column.notNull())
    .addColumn('before', integer)
    .addColumn('until', integer, (column) => column.notNull())
    .addColumn('at', integer, (column) => column.notNull())
    .modifyEnd(tableSuffix)
    .execute()
  await db.schema.createIndex('revocations_by_end').on('revocations').column('until').execute()
  // whoever holds a token may revoke it as often as they like: the list must not grow by it
  await sql`create unique index revocations_one_a_token on revocations (value) where kind = 'token'`.execute(db)

  await db.schema
    .createTable('guard_credentials')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('audience', 'text')
    .addColumn('hash', 'text', (column) => column.notNull().unique())
    .addColumn('created_at', integer, (column) => column.notNull())
    .addColumn('revoked_at', integer)
    .modifyEnd(tableSuffix)
    .execute()

  await db.schema
    .alterTable('sessions')
    .addColumn('tokens_until', integer, (column) => column.notNull().defaultTo(0))
    .execute()
  await sql`update sessions set tokens_until = rotated_at + ${sql.lit(LONGEST_TTL_SECONDS)}`.execute(db)
}
