import assert from 'node:assert/strict'
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, test } from 'node:test'
import { aSession, anAccount, anEvent } from '../testing/contract/fixtures.ts'
import { StoreUnavailableError } from '../store.ts'
import { openDatabase } from './database.ts'
import { openSqliteStore } from './open.ts'

const POSIX = process.platform !== 'win32'

describe('the SQLite file', () => {
  test('KY-02: nobody else may read it, nor the log and index beside it', { skip: !POSIX }, () =>
    withPath(async (path) => {
      const store = await openSqliteStore({ path })
      await store.events.append([anEvent('login.failed')])
      for (const suffix of ['', '-wal', '-shm']) assert.equal((await stat(path + suffix)).mode & 0o777, 0o600)
      await store.close()
    }),
  )

  test('a file that others could read is closed to them', { skip: !POSIX }, () =>
    withPath(async (path) => {
      await (await openSqliteStore({ path })).close()
      await chmod(path, 0o644)
      await (await openSqliteStore({ path })).close()
      assert.equal((await stat(path)).mode & 0o777, 0o600)
    }),
  )

  test('the folder is made where there is none', () =>
    withPath(async (path) => {
      const store = await openSqliteStore({ path: join(path, 'deeper', 'signet.db') })
      await store.ping()
      await store.close()
    }))

  test('what was written is there after closing and opening again', () =>
    withPath(async (path) => {
      const account = anAccount()
      const session = aSession(account)
      const first = await openSqliteStore({ path })
      await first.accounts.create(account, [])
      await first.sessions.open(session, account.passwordHash, [anEvent('login.succeeded')])
      await first.close()
      const second = await openSqliteStore({ path })
      assert.deepEqual(await second.sessions.get(session.id), { session, account })
      assert.equal((await second.events.list({ limit: 10 })).length, 1)
      await second.close()
    }))

  test('RV-03: every commit is synced to the disk before it is acknowledged', () =>
    withPath(async (path) => {
      const database = openDatabase(path)
      const pragma = (name: string) => Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0]
      assert.deepEqual([pragma('journal_mode'), pragma('synchronous'), pragma('fullfsync')], ['wal', 2, 1])
      assert.deepEqual([pragma('foreign_keys'), pragma('trusted_schema')], [1, 0])
      database.close()
    }))

  test('LA-04: events can neither be changed nor removed', () =>
    withPath(async (path) => {
      const store = await openSqliteStore({ path })
      await store.events.append([anEvent('login.failed')])
      const beside = new DatabaseSync(path)
      assert.throws(() => beside.exec("update events set type = 'login.succeeded'"), /append-only/)
      assert.throws(() => beside.exec('delete from events'), /append-only/)
      beside.close()
      await store.close()
    }))

  for (const { name, content } of [
    {
      name: 'text',
      content: Buffer.from('this is no database at all, but it is long enough to be looked at'.repeat(20)),
    },
    { name: 'zeros', content: Buffer.alloc(8192) },
  ]) {
    test(`a file of ${name} is refused and left as it is`, () =>
      withPath(async (path) => {
        await writeFile(path, content)
        await assert.rejects(openSqliteStore({ path }), StoreUnavailableError)
        assert.deepEqual(await readFile(path), content)
      }))
  }

  test('the database of another application is refused and left as it is', () =>
    withPath(async (path) => {
      const theirs = new DatabaseSync(path)
      theirs.exec('create table invoices (id integer)')
      theirs.close()
      await assert.rejects(openSqliteStore({ path }), { message: /belongs to another application/ })
      const again = new DatabaseSync(path)
      assert.equal(again.prepare('select count(*) as n from sqlite_schema').get()?.['n'], 1)
      again.close()
    }))

  test('a damaged file is refused', () =>
    withPath(async (path) => {
      const store = await openSqliteStore({ path })
      for (let count = 0; count < 200; count++) await store.accounts.create(anAccount(), [])
      await store.close()
      const bytes = await readFile(path)
      const page = bytes.indexOf('@x.test') & ~4095
      bytes.fill(0xaa, page, page + 4096)
      await writeFile(path, bytes)
      await assert.rejects(openSqliteStore({ path }), StoreUnavailableError)
    }))

  test('a database of a newer version is refused', () =>
    withPath(async (path) => {
      await (await openSqliteStore({ path })).close()
      const beside = new DatabaseSync(path)
      beside.exec("insert into signet_migrations values ('9999-later', '2030-01-01T00:00:00.000Z')")
      beside.close()
      await assert.rejects(openSqliteStore({ path }), { message: /newer version/ })
    }))

  test('a path that cannot be opened is refused', () =>
    withPath(async (path) => {
      await writeFile(path, '')
      await assert.rejects(openSqliteStore({ path: join(path, 'inside-a-file.db') }), StoreUnavailableError)
    }))

  test('another connection’s transaction is waited for while the thread goes on', () =>
    withPath(async (path) => {
      const store = await openSqliteStore({ path })
      const beside = new DatabaseSync(path)
      beside.exec('begin immediate')
      let finished = false
      const write = async (): Promise<void> => {
        await store.events.append([anEvent('login.failed')])
        finished = true
      }
      const written = write()
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
      assert.equal(finished, false)
      beside.exec('commit')
      await written
      assert.equal((await store.events.list({ limit: 10 })).length, 1)
      beside.close()
      await store.close()
    }))
})

async function withPath(body: (path: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'signet-file-'))
  try {
    await body(join(directory, 'signet.db'))
  } finally {
    await rm(directory, { recursive: true })
  }
}
