import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import { Migrator } from 'kysely/migration'
import { StoreUnavailableError } from '../store.ts'
import type { SqlTraits } from './database.ts'
import type { Schema } from './schema.ts'
import { MIGRATIONS } from './migrations/all.ts'

/**
 * Brings a database to this version's schema: all of it in one transaction, or nothing.
 *
 * Any number of processes may do so at once; the first one in does the work. Rejects with `StoreUnavailableError` when
 * the database was written by a newer version, or when a migration fails.
 */
export async function migrate(db: Kysely<Schema>, traits: SqlTraits): Promise<void> {
  const migrations = Object.entries(MIGRATIONS).map(([name, up]) => [
    name,
    { up: (transaction: Kysely<unknown>) => up(transaction, traits) },
  ])
  const migrator = new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve(Object.fromEntries(migrations)) },
    migrationTableName: MIGRATIONS_TABLE,
    migrationLockTableName: 'signet_migrations_lock',
  })
  const { error } = await migrator.migrateToLatest()
  if (error === undefined) return
  const because = (await knowsLaterMigrations(db)) ? 'it was written by a newer version' : 'a migration failed'
  throw new StoreUnavailableError(`The database cannot be used by this version of Signet: ${because}`, { cause: error })
}

async function knowsLaterMigrations(db: Kysely<Schema>): Promise<boolean> {
  try {
    const { rows } = await sql<{ name: string }>`select name from ${sql.table(MIGRATIONS_TABLE)}`.execute(db)
    return rows.some(({ name }) => !Object.hasOwn(MIGRATIONS, name))
  } catch {
    return false // what failed first is what gets reported
  }
}

const MIGRATIONS_TABLE = 'signet_migrations'
