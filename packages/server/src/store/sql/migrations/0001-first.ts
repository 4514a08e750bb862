import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { SqlTraits } from '../database.ts'

/** The tables of version 0.1. */
export async function createFirstTables(db: Kysely<unknown>, traits: SqlTraits): Promise<void> {
  const { integer, bytes, tableSuffix } = traits

  await db.schema
    .createTable('accounts')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('email', 'text', (column) => column.notNull())
    .addColumn('canonical_email', 'text', (column) => column.notNull().unique())
    .addColumn('name', 'text')
    .addColumn('password_hash', 'text', (column) => column.notNull())
    .addColumn('password_changed_at', integer, (column) => column.notNull())
    .addColumn('roles', 'text', (column) => column.notNull())
    .addColumn('created_at', integer, (column) => column.notNull())
    .addColumn('disabled_at', integer)
    .modifyEnd(tableSuffix)
    .execute()
  await db.schema.createIndex('accounts_by_creation').on('accounts').columns(['created_at', 'id']).execute()

  await db.schema
    .createTable('sessions')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('account_id', 'text', (column) => column.notNull().references('accounts.id').onDelete('cascade'))
    .addColumn('client_id', 'text', (column) => column.notNull())
    .addColumn('audience', 'text', (column) => column.notNull())
    .addColumn('scope', 'text')
    .addColumn('delivery', 'text', (column) => column.notNull())
    .addColumn('amr', 'text', (column) => column.notNull())
    .addColumn('authenticated_at', integer, (column) => column.notNull())
    .addColumn('created_at', integer, (column) => column.notNull())
    .addColumn('generation', integer, (column) => column.notNull())
    .addColumn('rotated_at', integer, (column) => column.notNull())
    .addColumn('secret', bytes, (column) => column.notNull())
    .addColumn('key_thumbprint', 'text')
    .addColumn('epoch', integer, (column) => column.notNull())
    .addColumn('revoked_at', integer)
    .addColumn('revoked_because', 'text')
    .addColumn('address', 'text', (column) => column.notNull())
    .addColumn('user_agent', 'text', (column) => column.notNull())
    .modifyEnd(tableSuffix)
    .execute()
  // neither index holds a column that a refresh changes
  await db.schema.createIndex('sessions_by_account').on('sessions').columns(['account_id', 'created_at']).execute()
  await db.schema.createIndex('sessions_by_creation').on('sessions').column('created_at').execute()

  await db.schema
    .createTable('known_sources')
    .addColumn('account_id', 'text', (column) => column.notNull().references('accounts.id').onDelete('cascade'))
    .addColumn('address_prefix', 'text', (column) => column.notNull())
    .addColumn('last_at', integer, (column) => column.notNull())
    .addPrimaryKeyConstraint('known_sources_key', ['account_id', 'address_prefix'])
    .modifyEnd(tableSuffix)
    .execute()
  await db.schema.createIndex('known_sources_by_age').on('known_sources').column('last_at').execute()

  await db.schema
    .createTable('attempts')
    .addColumn('key', 'text', (column) => column.primaryKey().notNull())
    .addColumn('failures', integer, (column) => column.notNull())
    .addColumn('last_at', integer, (column) => column.notNull())
    .modifyEnd(tableSuffix)
    .execute()
  await db.schema.createIndex('attempts_by_age').on('attempts').column('last_at').execute()

  await db.schema
    .createTable('proofs')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('expires_at', integer, (column) => column.notNull())
    .modifyEnd(tableSuffix)
    .execute()
  await db.schema.createIndex('proofs_by_expiry').on('proofs').column('expires_at').execute()

  await db.schema
    .createTable('signing_keys')
    .addColumn('kid', 'text', (column) => column.primaryKey().notNull())
    .addColumn('alg', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('public_jwk', 'text')
    .addColumn('sealed_private_jwk', 'text', (column) => column.notNull())
    .addColumn('created_at', integer, (column) => column.notNull())
    .addColumn('activated_at', integer)
    .addColumn('retired_at', integer)
    .modifyEnd(tableSuffix)
    .execute()
  // the index, not a check before writing, is what keeps two nodes from signing with two keys
  await sql`create unique index signing_keys_one_active on signing_keys (state) where state = 'active'`.execute(db)

  await db.schema
    .createTable('secrets')
    .addColumn('name', 'text', (column) => column.primaryKey().notNull())
    .addColumn('sealed', 'text', (column) => column.notNull())
    .modifyEnd(tableSuffix)
    .execute()

  await db.schema
    .createTable('events')
    .addColumn('sequence', integer, (column) => traits.sequenceColumn(column))
    .addColumn('type', 'text', (column) => column.notNull())
    .addColumn('at', integer, (column) => column.notNull())
    .addColumn('account_id', 'text')
    .addColumn('session_id', 'text')
    .addColumn('address', 'text', (column) => column.notNull())
    .addColumn('user_agent', 'text', (column) => column.notNull())
    .addColumn('request_id', 'text', (column) => column.notNull())
    .addColumn('details', 'text', (column) => column.notNull())
    .modifyEnd(tableSuffix)
    .execute()
  await db.schema.createIndex('events_by_account').on('events').columns(['account_id', 'sequence']).execute()
  await db.schema.createIndex('events_by_session').on('events').columns(['session_id', 'sequence']).execute()
  for (const statement of traits.appendOnly('events')) await statement.execute(db)

  await db.schema
    .createTable('meta')
    .addColumn('name', 'text', (column) => column.primaryKey().notNull())
    .addColumn('value', 'text', (column) => column.notNull())
    .modifyEnd(tableSuffix)
    .execute()
  await sql`insert into meta (name, value) values ('epoch', '1')`.execute(db)
}
