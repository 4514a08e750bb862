import type { Kysely } from 'kysely'
import type { SqlTraits } from '../database.ts'
import { createFirstTables } from './0001-first.ts'
import { createRevocationTables } from './0002-revocations.ts'
import { addKeyRotation } from './0003-key-rotation.ts'

/** In the order of their names. A migration that has been released never changes; the next one does. */
export const MIGRATIONS: Readonly<Record<string, (db: Kysely<unknown>, traits: SqlTraits) => Promise<void>>> = {
  '0001-first': createFirstTables,
  '0002-revocations': createRevocationTables,
  '0003-key-rotation': addKeyRotation,
}
