import type { Kysely } from 'kysely'
import type { SqlTraits } from '../database.ts'
import { createFirstTables } from './0001-first.ts'

/** In the order of their names. A migration that has been released never changes; the next one does. */
export const MIGRATIONS: Readonly<Record<string, (db: Kysely<unknown>, traits: SqlTraits) => Promise<void>>> = {
  '0001-first': createFirstTables,
}
