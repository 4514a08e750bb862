import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, test } from 'node:test'
import type { CompiledQuery } from 'kysely'
import type { RunStatement, SqlDatabase } from '../sql/database.ts'
import { StoreUnavailableError } from '../store.ts'
import { aFailingEvent, aSession, anAccount, anAttempt, anEvent, signedIn } from '../testing/contract/fixtures.ts'
import { withGroupCommit } from './group-commit.ts'
import { openSqliteStore } from './open.ts'

describe('transactions that share a commit', () => {
  test('are undone alone: the one that fails takes nobody with it', () =>
    withFile(async (path) => {
      const store = await openSqliteStore({ path })
      const { account, session } = await signedIn(store)
      const fault = new TypeError('a fault')
      const faulty = anAttempt(1)
      const results = await Promise.allSettled([
        store.events.append([anEvent('login.failed')]),
        store.events.append([anEvent('login.failed'), aFailingEvent()]),
        store.sessions.refresh(session.id, { ...faulty, events: () => thrown(fault) }),
        store.sessions.open(aSession(account, { id: session.id }), account.passwordHash, []),
        store.sessions.refresh(session.id, anAttempt(1)),
        store.accounts.create(anAccount({ canonicalEmail: account.canonicalEmail }), []),
        store.events.append([anEvent('login.succeeded')]),
      ])
      assert.deepEqual(results.map(summary), [
        'undefined',
        'StoreUnavailableError',
        'TypeError',
        'StoreUnavailableError',
        'rotate',
        'false',
        'undefined',
      ])
      const types = (await store.events.list({ limit: 10 })).map(({ type }) => type)
      assert.deepEqual(types, ['login.failed', 'session.refreshed', 'login.succeeded'])
      assert.equal((await store.sessions.get(session.id))?.session.generation, 2)
      await store.close()
    }))

  test('are settled only when the commit stands, and fail together when it does not', async () => {
    const { db, commits, settled } = gatedDatabase()
    const grouped = withGroupCommit(db)
    const writes = ['a', 'b'].map(async (name) => {
      await grouped.write(() => Promise.resolve(name)).finally(() => settled.push(name))
    })
    const [first] = [await commits.next()]
    assert.deepEqual(settled, [])
    first.reject(new StoreUnavailableError('the disk is full'))
    const results = await Promise.allSettled(writes)
    assert.deepEqual(results.map(summary), ['StoreUnavailableError', 'StoreUnavailableError'])

    const later = grouped.write(() => Promise.resolve('c'))
    ;(await commits.next()).resolve()
    assert.equal(await later, 'c')
  })

  test('are never more than 64 at once, and keep their order', async () => {
    const { db, commits, performed } = gatedDatabase()
    const grouped = withGroupCommit(db)
    const order: number[] = []
    const writes = Array.from({ length: 150 }, (_, index) => grouped.write(async () => void order.push(index)))
    for (const size of [64, 64, 22]) {
      const commit = await commits.next()
      assert.equal(performed.splice(0).filter((sql) => sql.startsWith('savepoint')).length, size)
      commit.resolve()
    }
    await Promise.all(writes)
    assert.deepEqual(
      order,
      Array.from({ length: 150 }, (_, index) => index),
    )
  })

  test('are not visible to others before all of them are committed', () =>
    withFile(async (path) => {
      const store = await openSqliteStore({ path })
      const beside = new DatabaseSync(path)
      const count = () => beside.prepare('select count(*) as n from events').get()?.['n']
      const writes = Array.from({ length: 10 }, () => store.events.append([anEvent('login.failed')]))
      assert.equal(count(), 0)
      await Promise.race(writes)
      assert.equal(count(), 10)
      await Promise.all(writes)
      beside.close()
      await store.close()
    }))
})

/** A database that does nothing, and commits when the test says so. */
function gatedDatabase() {
  const opened: PromiseWithResolvers<void>[] = []
  let arrived = Promise.withResolvers<void>()
  const performed: string[] = []
  const settled: string[] = []
  const run: RunStatement = async (query: CompiledQuery) => {
    performed.push(query.sql)
    return { rows: [], changed: 0 }
  }
  const db = {
    write: async <T>(work: (run: RunStatement) => Promise<T>) => {
      const value = await work(run)
      const commit = Promise.withResolvers<void>()
      opened.push(commit)
      arrived.resolve()
      await commit.promise
      return value
    },
  } as SqlDatabase
  const next = async (): Promise<PromiseWithResolvers<void>> => {
    await arrived.promise
    arrived = Promise.withResolvers()
    return opened.shift() ?? assert.fail()
  }
  return { db, commits: { next }, performed, settled }
}

function summary(result: PromiseSettledResult<unknown>): string {
  if (result.status === 'rejected') return (result.reason as Error).name
  const value = result.value as { decision?: { kind: string } } | undefined
  return value?.decision?.kind ?? String(value)
}

function thrown(fault: Error): never {
  throw fault
}

async function withFile(body: (path: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'signet-group-'))
  try {
    await body(join(directory, 'signet.db'))
  } finally {
    await rm(directory, { recursive: true })
  }
}
