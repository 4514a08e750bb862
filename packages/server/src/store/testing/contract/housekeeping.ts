import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decideAttempt } from '../../../domain/throttle.ts'
import type { AttemptCounter } from '../../../domain/throttle.ts'
import { T0, aSession, signedIn, withStore } from './fixtures.ts'
import type { OpenStore } from './fixtures.ts'

const KEEP = 2_592_000
const POLICY = { freeAttempts: 1, maxDelaySeconds: 900, ceiling: 50, forgetAfterSeconds: KEEP }

export function describeHousekeeping(open: OpenStore): void {
  describe('housekeeping', () => {
    test('a new store is in its first epoch and answers', () =>
      withStore(open, async ({ store }) => {
        assert.equal(await store.epoch(), 1)
        await store.ping()
      }))

    test('sessions are forgotten when they are old enough, and not a second before', () =>
      withStore(open, async ({ store }) => {
        const { account, session } = await signedIn(store)
        const younger = aSession(account, { createdAt: T0 + 1 })
        await store.sessions.open(younger, account.passwordHash, [])
        await store.prune(T0 + KEEP - 1, KEEP)
        assert.notEqual(await store.sessions.get(session.id), null)
        await store.prune(T0 + KEEP, KEEP)
        assert.equal(await store.sessions.get(session.id), null)
        assert.notEqual(await store.sessions.get(younger.id), null)
        assert.notEqual(await store.accounts.get(account.id), null)
      }))

    test('proofs are forgotten when they have lapsed, and not a second before', () =>
      withStore(open, async ({ store }) => {
        await store.proofs.remember('jti', T0 + 60)
        await store.prune(T0 + 59, KEEP)
        assert.equal(await store.proofs.remember('jti', T0 + 60), false)
        await store.prune(T0 + 60, KEEP)
        assert.equal(await store.proofs.remember('jti', T0 + 120), true)
      }))

    test('attempts are forgotten when they are old enough, and not a second before', () =>
      withStore(open, async ({ store }) => {
        const take = (now: number) =>
          store.attempts.take('key', (counter: AttemptCounter | null) => decideAttempt(counter, now, POLICY))
        await take(T0)
        await store.prune(T0 + KEEP - 1, KEEP)
        assert.equal((await take(T0)).kind, 'refuse')
        await store.prune(T0 + KEEP, KEEP)
        assert.equal((await take(T0)).kind, 'allow')
      }))

    test('known sources are forgotten when they are old enough, and not a second before', () =>
      withStore(open, async ({ store }) => {
        const { account } = await signedIn(store, { address: '192.0.2.7', createdAt: T0 })
        await store.prune(T0 + KEEP - 1, KEEP)
        assert.equal(await store.sessions.knowsSource(account.id, '192.0.2.7', T0), true)
        await store.prune(T0 + KEEP, KEEP)
        assert.equal(await store.sessions.knowsSource(account.id, '192.0.2.7', T0), false)
      }))

    test('more is forgotten than fits into one transaction', () =>
      withStore(open, async ({ store }) => {
        const ids = Array.from({ length: 250 }, (_, index) => `jti-${index}`)
        await Promise.all(ids.map((id) => store.proofs.remember(id, T0)))
        await store.prune(T0, KEEP)
        const seen = await Promise.all(ids.map((id) => store.proofs.remember(id, T0)))
        assert.equal(seen.filter(Boolean).length, ids.length)
      }))

    test('what was begun before closing is done, and there afterwards', () =>
      withStore(open, async ({ store, connect }) => {
        const other = await connect()
        const written = store.proofs.remember('jti', T0)
        await store.close()
        assert.equal(await written, true)
        if (other !== store) assert.equal(await other.proofs.remember('jti', T0), false)
      }))

    test('a closed store refuses with the error of an unreachable one', () =>
      withStore(open, async ({ store }) => {
        await store.close()
        await store.close()
        await assert.rejects(store.ping(), { name: 'StoreUnavailableError' })
        await assert.rejects(store.events.append([]), { name: 'StoreUnavailableError' })
      }))
  })
}
