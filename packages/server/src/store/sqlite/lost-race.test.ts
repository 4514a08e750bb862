import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CompiledQuery } from 'kysely'
import { decideAttempt } from '../../domain/throttle.ts'
import type { AttemptCounter } from '../../domain/throttle.ts'
import type { RunStatement, SqlDatabase } from '../sql/database.ts'
import { createSqlStore } from '../sql/sql-store.ts'
import type { Store } from '../store.ts'
import { T0, anAttempt, signedIn, tally } from '../testing/contract/fixtures.ts'
import { openSqlite } from './open.ts'

/**
 * On an engine with many writers another transaction can come between reading a row and writing it. SQLite has one, so
 * here the statement of the one who came first is slipped in before the write.
 */
describe('a caller that loses a race between its read and its write', () => {
  for (const { name, before, kinds, generation } of [
    {
      name: 'RT-03: to a rotation: is decided again, and finds reuse',
      before: `update sessions set generation = generation + 1, rotated_at = ${T0 + 1}`,
      kinds: { rotate: 1, reuse: 1 },
      generation: 2,
    },
    {
      name: 'RT-06: to a revocation: is decided again, and finds it',
      before: `update sessions set revoked_at = ${T0 + 1}, revoked_because = 'logout'`,
      kinds: { rotate: 1, revoked: 1 },
      generation: 1,
    },
    {
      name: 'SE-06: to the account’s removal: finds nothing',
      before: 'delete from accounts',
      kinds: { rotate: 1 },
      generation: null,
    },
  ]) {
    test(name, () =>
      withRival('update "sessions" set "generation"', before, async (store) => {
        const { session } = await signedIn(store)
        const attempt = anAttempt(1)
        const decided: string[] = []
        let logged = 0
        const outcome = await store.sessions.refresh(session.id, {
          ...attempt,
          decide(state) {
            const decision = attempt.decide(state)
            decided.push(decision.kind)
            return decision
          },
          events(decision, state) {
            logged++
            return attempt.events(decision, state)
          },
        })
        assert.deepEqual(tally(decided), kinds)
        assert.equal(outcome?.session.generation ?? null, generation)
        assert.equal(logged, outcome === null ? 0 : 1)
      }),
    )
  }

  test('RT-02: who wants to revoke for reuse and finds the session rotated again still revokes it', () =>
    withRival(
      'update "sessions" set "revoked_at"',
      'update sessions set generation = generation + 1',
      async (store) => {
        const { session } = await signedIn(store, { generation: 3 })
        const outcome = await store.sessions.refresh(session.id, anAttempt(1))
        assert.equal(outcome?.decision.kind, 'reuse')
        assert.notEqual((await store.sessions.get(session.id))?.session.revokedAt, null)
      },
    ))

  for (const { name, first, before } of [
    { name: 'LG-06: to the first attempt', first: 0, before: `insert into attempts values ('key', 3, ${T0})` },
    { name: 'LG-06: to another attempt', first: 1, before: `update attempts set failures = 3` },
  ]) {
    test(`${name}: counts on from it, and is refused`, () =>
      withRival(first === 0 ? 'insert into "attempts"' : 'update "attempts"', before, async (store) => {
        const policy = { freeAttempts: 3, maxDelaySeconds: 60, ceiling: 50, forgetAfterSeconds: 86_400 }
        const seen: (number | null)[] = []
        const take = () =>
          store.attempts.take('key', (counter: AttemptCounter | null) => {
            seen.push(counter?.failures ?? null)
            return decideAttempt(counter, T0, policy)
          })
        for (let count = 0; count < first; count++) await take()
        assert.deepEqual(await take(), { kind: 'refuse', retryAfterSeconds: 1 })
        assert.deepEqual(seen, first === 0 ? [null, 3] : [null, 1, 3])
      }))
  }
})

/** A store in which, once, `before` is run just before the first statement that begins with `prefix`. */
async function withRival(prefix: string, before: string, body: (store: Store) => Promise<void>): Promise<void> {
  const db = await openSqlite({ path: ':memory:' })
  let done = false
  const overtaken: SqlDatabase = {
    ...db,
    write: (work) =>
      db.write((run) => {
        const slipIn: RunStatement = async (query) => {
          if (!done && query.sql.startsWith(prefix)) {
            done = true
            await run(CompiledQuery.raw(before))
          }
          return run(query)
        }
        return work(slipIn)
      }),
  }
  try {
    await body(createSqlStore(overtaken))
    assert.ok(done, 'the rival was never there')
  } finally {
    await db.close()
  }
}
