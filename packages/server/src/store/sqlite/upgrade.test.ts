import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Kysely, sql } from 'kysely'
import { Migrator } from 'kysely/migration'
import type { SqlTraits } from '../sql/database.ts'
import { createFirstTables } from '../sql/migrations/0001-first.ts'
import { openDatabase } from './database.ts'
import { nodeSqliteDialect } from './dialect.ts'
import { openSqliteStore } from './open.ts'

const TRAITS: SqlTraits = {
  integer: 'integer',
  bytes: 'blob',
  sequenceColumn: (column) => column.primaryKey().autoIncrement(),
  tableSuffix: sql`strict`,
  appendOnly: () => [],
  lockSuffix: sql``,
}

/** Writes a database as version 0.1 left it: one signing key, and nothing known of the tokens it has signed. */
async function writeFirstVersion(path: string): Promise<void> {
  const db = new Kysely<unknown>({ dialect: nodeSqliteDialect(openDatabase(path)) })
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => ({ '0001-first': { up: (on) => createFirstTables(on, TRAITS) } }) },
    migrationTableName: 'signet_migrations',
    migrationLockTableName: 'signet_migrations_lock',
  })
  const { error } = await migrator.migrateToLatest()
  assert.equal(error, undefined)
  await sql`insert into signing_keys
    (kid, alg, state, public_jwk, sealed_private_jwk, created_at, activated_at, retired_at)
    values ('kid', 'RS256', 'active', '{}', 'sealed', 1, 1, null)`.execute(db)
  await db.destroy()
}

test('KY-03: a key of version 0.1 is taken over, and may have signed the longest tokens there were', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'signet-upgrade-'))
  try {
    const path = join(directory, 'signet.db')
    await writeFirstVersion(path)
    const store = await openSqliteStore({ path })
    assert.deepEqual(await store.signingKeys.list(), [
      {
        kid: 'kid',
        alg: 'RS256',
        state: 'active',
        publicJwk: '{}',
        sealedPrivateJwk: 'sealed',
        createdAt: 1,
        activatedAt: 1,
        retiredAt: null,
        revokedAt: null,
        tokenSeconds: 3600,
      },
    ])
    assert.deepEqual([await store.signingKeys.version(), await store.signingKeys.jwksMaxAge()], [1, 0])
    await store.close()
  } finally {
    await rm(directory, { recursive: true })
  }
})
