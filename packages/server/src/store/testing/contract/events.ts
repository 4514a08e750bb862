import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { T0, aFailingEvent, anEvent, eventTypes, withStore } from './fixtures.ts'
import type { OpenStore } from './fixtures.ts'

export function describeEvents(open: OpenStore): void {
  describe('events', () => {
    test('LA-01: an event is read back member for member', () =>
      withStore(open, async ({ store }) => {
        const source = { address: '2001:db8::1', userAgent: 'Zoë "quoted"', requestId: 'r-2' }
        const details = { reason: 'x', generation: 3, browser: true, nothing: null }
        const event = anEvent('session.reused', { accountId: 'acc_1', sessionId: 'ses_1', source, details })
        await store.events.append([event])
        const [{ sequence, ...read } = assert.fail()] = await store.events.list({ limit: 1 })
        assert.deepEqual(read, event)
        assert.equal(typeof sequence, 'number')
      }))

    test('sequence numbers rise in the order of commit, whoever writes', () =>
      withStore(open, async ({ store, connect }) => {
        const other = await connect()
        await Promise.all(
          Array.from({ length: 40 }, (_, index) =>
            (index % 2 === 0 ? store : other).events.append([
              anEvent('login.failed', { details: { index, part: 1 } }),
              anEvent('login.failed', { details: { index, part: 2 } }),
            ]),
          ),
        )
        const events = await store.events.list({ limit: 100 })
        assert.equal(events.length, 80)
        for (const [index, { sequence, details }] of events.entries()) {
          const before = events[index - 1]
          if (before === undefined) continue
          assert.ok(sequence > before.sequence)
          if (details['part'] === 2) assert.equal(before.details['index'], details['index'])
        }
      }))

    test('a list is filtered, bounded, and goes on after a sequence number', () =>
      withStore(open, async ({ store }) => {
        for (const [accountId, sessionId] of [
          ['a', 's1'],
          ['a', 's2'],
          ['b', 's3'],
          ['a', 's1'],
        ] as const) {
          await store.events.append([anEvent('login.succeeded', { accountId, sessionId })])
        }
        const all = await store.events.list({ limit: 10 })
        const sequences = all.map(({ sequence }) => sequence)
        const list = async (filter: object) =>
          (await store.events.list({ limit: 10, ...filter })).map(({ sequence }) => sequences.indexOf(sequence))
        assert.deepEqual(await list({}), [0, 1, 2, 3])
        assert.deepEqual(await list({ accountId: 'a' }), [0, 1, 3])
        assert.deepEqual(await list({ accountId: 'a', sessionId: 's1' }), [0, 3])
        assert.deepEqual(await list({ accountId: 'a', afterSequence: sequences[0], limit: 1 }), [1])
        assert.deepEqual(await list({ afterSequence: sequences[3] }), [])
      }))

    test('of events that belong together all are written or none', () =>
      withStore(open, async ({ store }) => {
        await assert.rejects(store.events.append([anEvent('login.failed'), aFailingEvent()]), {
          name: 'StoreUnavailableError',
        })
        assert.deepEqual(await eventTypes(store), [])
        await store.events.append([anEvent('login.failed', { at: T0 + 1 })])
        assert.deepEqual(await eventTypes(store), ['login.failed'])
      }))
  })
}
