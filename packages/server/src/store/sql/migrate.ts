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
    migrationTableName: 'signet_migrations',
    migrationLockTableName: 'signet_migrations_lock',
  })
  const { error } = await migrator.migrateToLatest()
  if (error === undefined) return
  throw new StoreUnavailableError('The database could not be brought to this version of Signet', { cause: error })
}
