import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely'
import { compileOnce, pick } from './compile-once.ts'
import type { Schema } from './schema.ts'

const build = new Kysely<Schema>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
})

describe('a query compiled once', () => {
  test('is built at its first use and only gets new values afterwards', () => {
    let builds = 0
    const query = compileOnce((values: { id: string; at: number }) => {
      builds++
      return build.updateTable('sessions').set({ revoked_at: values.at }).where('id', '=', values.id)
    })
    assert.equal(builds, 0)
    const [one, two] = [query({ id: 'a', at: 1 }), query({ id: 'b', at: 2 })]
    assert.equal(builds, 1)
    assert.equal(one.sql, 'update "sessions" set "revoked_at" = ? where "id" = ?')
    assert.equal(two.sql, one.sql)
    assert.deepEqual(
      [one.parameters, two.parameters],
      [
        [1, 'a'],
        [2, 'b'],
      ],
    )
  })

  test('puts a value wherever its name stands, and leaves constants alone', () => {
    const query = compileOnce((values: { at: number }) =>
      build
        .selectFrom('proofs')
        .select('id')
        .where('expires_at', '<=', values.at)
        .where('id', '<>', 'constant')
        .where('expires_at', '<>', values.at),
    )
    assert.deepEqual(query({ at: 7 }).parameters, [7, 'constant', 7])
  })

  test('inserts the members that are named, null and bytes included', () => {
    const query = compileOnce((row: { id: string; expires_at: number; other: string }) =>
      build.insertInto('proofs').values(pick(row, ['id', 'expires_at'])),
    )
    assert.equal(
      query({ id: 'a', expires_at: 1, other: 'x' }).sql,
      'insert into "proofs" ("id", "expires_at") values (?, ?)',
    )
    const secret = new Uint8Array([1, 2])
    const update = compileOnce((values: { secret: Uint8Array; scope: string | null }) =>
      build.updateTable('sessions').set(pick(values, ['secret', 'scope'])),
    )
    assert.deepEqual(update({ secret, scope: null }).parameters, [secret, null])
  })
})
