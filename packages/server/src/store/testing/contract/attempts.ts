import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decideAttempt } from '../../../domain/throttle.ts'
import type { AttemptCounter, AttemptPolicy } from '../../../domain/throttle.ts'
import { T0, tally, withStore } from './fixtures.ts'
import type { OpenStore } from './fixtures.ts'

const POLICY: AttemptPolicy = { freeAttempts: 5, maxDelaySeconds: 900, ceiling: 50, forgetAfterSeconds: 86_400 }

export function describeAttempts(open: OpenStore): void {
  const at = (now: number) => (counter: AttemptCounter | null) => decideAttempt(counter, now, POLICY)

  describe('attempts', () => {
    test('LG-06: 100 parallel guesses reach the password check as often as allowed, and no oftener', () =>
      withStore(open, async ({ store, connect }) => {
        const other = await connect()
        const decisions = await Promise.all(
          Array.from({ length: 100 }, (_, index) => (index % 2 === 0 ? store : other).attempts.take('key', at(T0))),
        )
        assert.deepEqual(tally(decisions.map(({ kind }) => kind)), { allow: 5, refuse: 95 })
      }))

    test('LG-05: the count goes on where another connection left it', () =>
      withStore(open, async ({ store, connect }) => {
        for (let count = 0; count < 5; count++) await store.attempts.take('key', at(T0))
        const other = await connect()
        assert.deepEqual(await other.attempts.take('key', at(T0)), { kind: 'refuse', retryAfterSeconds: 1 })
        assert.equal((await other.attempts.take('key', at(T0 + 1))).kind, 'allow')
        assert.equal((await other.attempts.take('another', at(T0))).kind, 'allow')
      }))

    test('cleared counters begin anew; others do not', () =>
      withStore(open, async ({ store }) => {
        const keys = ['a', 'b', 'c']
        for (const key of keys) for (let count = 0; count < 5; count++) await store.attempts.take(key, at(T0))
        await store.attempts.clear(['a', 'b', 'never taken'])
        await store.attempts.clear([])
        const kinds = await Promise.all(keys.map(async (key) => (await store.attempts.take(key, at(T0))).kind))
        assert.deepEqual(kinds, ['allow', 'allow', 'refuse'])
      }))
  })

  describe('proofs', () => {
    test('a proof is new once, whoever sees it at the same time', () =>
      withStore(open, async ({ store, connect }) => {
        const other = await connect()
        const seen = await Promise.all(
          Array.from({ length: 64 }, (_, index) => (index % 2 === 0 ? store : other).proofs.remember('jti', T0 + 60)),
        )
        assert.equal(seen.filter(Boolean).length, 1)
        assert.equal(await store.proofs.remember('another', T0 + 60), true)
        assert.equal(await store.proofs.remember('jti', T0 + 999), false)
      }))
  })
}
