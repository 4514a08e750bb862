import { Kysely, sql } from 'kysely'
import type { SqlDatabase, SqlTraits } from '../sql/database.ts'
import { createKyselyDatabase } from '../sql/kysely-database.ts'
import { migrate } from '../sql/migrate.ts'
import type { Schema } from '../sql/schema.ts'
import { createSqlStore } from '../sql/sql-store.ts'
import type { Store } from '../store.ts'
import { openDatabase } from './database.ts'
import { nodeSqliteDialect } from './dialect.ts'
import { withGroupCommit } from './group-commit.ts'

export interface SqliteStoreOptions {
  /** The database file, made at first use; or `:memory:`, gone when closed. */
  readonly path: string
}

/**
 * Opens the store in one SQLite file and brings it to this version's schema.
 *
 * Several processes may use the same file at once, on one machine. Rejects with `StoreUnavailableError` when the file
 * cannot be opened or written, is damaged, belongs to another application, or was written by a newer version.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  return createSqlStore(withGroupCommit(await openSqlite(options)))
}

/** The database under the store, without sharing of commits. */
export async function openSqlite(options: SqliteStoreOptions): Promise<SqlDatabase> {
  const database = openDatabase(options.path)
  const kysely = new Kysely<Schema>({ dialect: nodeSqliteDialect(database) })
  try {
    await migrate(kysely, TRAITS)
  } catch (error) {
    database.close()
    throw error
  }
  return createKyselyDatabase(kysely, TRAITS)
}

const TRAITS: SqlTraits = {
  integer: 'integer',
  bytes: 'blob',
  sequenceColumn: (column) => column.primaryKey().autoIncrement(),
  tableSuffix: sql`strict`,
  appendOnly: (table) =>
    ['update', 'delete'].map(
      (verb) =>
        sql`create trigger ${sql.id(`${table}_refuse_${verb}`)} before ${sql.raw(verb)} on ${sql.table(table)}
            begin select raise(abort, ${sql.lit(`${table} is append-only`)}); end`,
    ),
  lockSuffix: sql``,
}
