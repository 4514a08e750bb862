import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { FeedCursor, Revocation } from '@signet/protocol'
import { openSqliteStore } from '../store/sqlite/open.ts'
import type { RevocationStore, Store } from '../store/store.ts'
import { createRevocationFeed } from './revocation-feed.ts'
import type { RevocationFeed } from './revocation-feed.ts'
import { createManualTimers, settle } from './testing/manual-timers.ts'
import type { ManualTimers } from './testing/manual-timers.ts'
import { RecordingSink } from './testing/recording-sink.ts'

const NOW = 1_800_000_000
const GUARD = { name: 'orders', credentialId: null, kids: ['k1'], address: '192.0.2.7' }

interface Opened {
  readonly store: Store
  readonly feed: RevocationFeed
  readonly timers: ManualTimers
  readonly errors: unknown[]
  add(...jtis: readonly string[]): Promise<void>
  /** Commits as another process does: without a hint. */
  addElsewhere(...jtis: readonly string[]): Promise<void>
  connect(cursor: FeedCursor | null, sink?: RecordingSink): Promise<RecordingSink>
  /** What reading the database comes to, once set. */
  readonly fault: { error: Error | null; epoch: number | null }
}

async function open(t: TestContext, maxReaders = 10): Promise<Opened> {
  const store = await openSqliteStore({ path: ':memory:' })
  const timers = createManualTimers()
  const errors: unknown[] = []
  const fault: Opened['fault'] = { error: null, epoch: null }
  let listener: (() => void) | undefined
  const revocations: Pick<RevocationStore, 'since' | 'newest' | 'onAdded'> = {
    async newest() {
      if (fault.error !== null) throw fault.error
      const newest = await store.revocations.newest()
      return fault.epoch === null ? newest : { epoch: fault.epoch, sequence: newest.sequence }
    },
    since: (sequence, limit) => store.revocations.since(sequence, limit),
    onAdded: (given) => {
      listener = given
      return () => (listener = undefined)
    },
  }
  const feed = createRevocationFeed({
    revocations,
    credentials: store.guardCredentials,
    now: () => NOW,
    timers,
    maxReaders,
    onError: (error) => errors.push(error),
  })
  await feed.start()
  t.after(async () => {
    feed.close()
    await store.close()
  })
  const addElsewhere: Opened['addElsewhere'] = (...jtis) =>
    store.revocations.add({ at: NOW, entries: jtis.map(aToken) }, [])
  return {
    store,
    feed,
    timers,
    errors,
    fault,
    addElsewhere,
    async add(...jtis) {
      await addElsewhere(...jtis)
      listener?.()
      await settle()
    },
    async connect(cursor, sink = new RecordingSink()) {
      await feed.connect(GUARD, cursor, () => sink)
      await settle()
      return sink
    },
  }
}

function aToken(jti: string): Revocation {
  return { kind: 'token', jti, until: NOW + 960 }
}

const jtisOf = (sink: RecordingSink) => sink.entries().map((entry) => (entry.kind === 'token' ? entry.jti : ''))
const from = (sequence: number): FeedCursor => ({ epoch: 1, sequence })

describe('the feed', () => {
  test('SE-01: what is committed here reaches every reader at once, serialised once', async (t) => {
    const { add, connect } = await open(t)
    const sinks = [await connect(from(0)), await connect(null)]
    await add('a', 'b')
    for (const sink of sinks) {
      assert.deepEqual(sink.names(), ['heartbeat', 'revoke'])
      assert.deepEqual(jtisOf(sink), ['a', 'b'])
      assert.equal(sink.events[1]?.id, '1.2')
    }
    assert.equal(sinks[0]?.chunks[1], sinks[1]?.chunks[1])
  })

  test('what another process commits is found within a second', async (t) => {
    const { addElsewhere, connect, timers } = await open(t)
    const sink = await connect(from(0))
    await addElsewhere('a')
    await timers.advance(999)
    assert.deepEqual(jtisOf(sink), [])
    await timers.advance(1)
    assert.deepEqual(jtisOf(sink), ['a'])
  })

  test('a flood travels in few events, the first at once', async (t) => {
    const { add, connect, timers } = await open(t)
    const sink = await connect(from(0))
    await add('first')
    assert.deepEqual(jtisOf(sink), ['first'])
    for (let index = 0; index < 50; index++) await add(`more-${index}`)
    assert.deepEqual(jtisOf(sink), ['first'])
    await timers.advance(10)
    assert.equal(jtisOf(sink).length, 51)
    assert.equal(sink.names().filter((name) => name === 'revoke').length, 2)
  })

  test('RV-06: a reader gets everything after its cursor, in order, and then what comes', async (t) => {
    const { add, connect, timers } = await open(t)
    const all = Array.from({ length: 1203 }, (_, index) => `jti-${index}`)
    await add(...all)
    await timers.advance(10)
    for (const sequence of [0, 1, 499, 500, 501, 1202, 1203]) {
      const sink = await connect(from(sequence))
      assert.deepEqual(jtisOf(sink), all.slice(sequence), String(sequence))
      assert.deepEqual(sink.events.at(-1), { id: null, name: 'heartbeat', data: { cursor: '1.1203', now: NOW } })
    }
    const sink = await connect(from(1200))
    await add('later')
    assert.deepEqual(jtisOf(sink), [...all.slice(1200), 'later'])
  })

  test('RV-06: nothing is missed by a reader that connects while entries are written', async (t) => {
    const { feed, add, connect, timers } = await open(t, 1000)
    const sinks: RecordingSink[] = []
    for (let index = 0; index < 100; index++) {
      const sink = new RecordingSink()
      sinks.push(sink)
      await Promise.all([feed.connect(GUARD, from(Math.floor(index / 2)), () => sink), add(`jti-${index}`)])
    }
    await timers.advance(1000)
    for (const [index, sink] of sinks.entries()) {
      const expected = Array.from({ length: 100 }, (_, each) => `jti-${each}`).slice(Math.floor(index / 2))
      assert.deepEqual(jtisOf(sink), expected, `reader ${index}`)
      assert.equal(sink.sequence(), 100)
    }
    await connect(null)
  })

  test('a reader is not told of what lapsed and was forgotten, but gets to the newest cursor', async (t) => {
    const { add, connect, store, timers } = await open(t)
    await add('a', 'b', 'c')
    await timers.advance(10)
    await store.prune(NOW + 961, 1_000_000)
    const sink = await connect(from(1))
    assert.deepEqual(jtisOf(sink), ['c'])
    assert.equal(sink.sequence(), 3)
  })

  for (const [name, cursor] of [
    ['of another history', { epoch: 2, sequence: 0 }],
    ['ahead of this history', { epoch: 1, sequence: 3 }],
  ] as const) {
    test(`RV-06: a cursor ${name} is answered by a reset and the end`, async (t) => {
      const { add, connect, feed } = await open(t)
      await add('a', 'b')
      const sink = await connect(cursor)
      assert.deepEqual([sink.names(), sink.state], [['reset'], 'ended'])
      assert.deepEqual(feed.connectedGuards(), [])
    })
  }

  test('a cursor from a snapshot that knows more than this process did is no reason for a reset', async (t) => {
    const { addElsewhere, connect } = await open(t)
    const early = await connect(from(0))
    await addElsewhere('a', 'b')
    const sink = await connect(from(1))
    assert.deepEqual([jtisOf(early), jtisOf(sink)], [['a', 'b'], ['b']])
  })

  test('a history that is exchanged while readers follow it resets them all', async (t) => {
    const { add, connect, timers, fault } = await open(t)
    const sink = await connect(from(0))
    await add('a')
    fault.epoch = 2
    await timers.advance(1000)
    assert.deepEqual([sink.names().at(-1), sink.state], ['reset', 'ended'])
  })

  test('a heartbeat every five seconds names the newest cursor; none while the database cannot be asked', async (t) => {
    const { add, connect, timers, fault, errors } = await open(t)
    const sink = await connect(from(0))
    await add('a')
    const beats = () => sink.names().filter((name) => name === 'heartbeat').length
    assert.equal(beats(), 1)
    await timers.advance(4999)
    assert.equal(beats(), 1)
    await timers.advance(1)
    assert.equal(beats(), 2)
    assert.deepEqual(sink.events.at(-1)?.data, { cursor: '1.1', now: NOW })
    fault.error = new Error('gone')
    await timers.advance(10_000)
    assert.equal(beats(), 2)
    assert.ok(errors.length > 0)
    fault.error = null
    await timers.advance(5000)
    assert.equal(beats(), 3)
  })

  test('CWE-770: a reader that does not read is dropped when a mebibyte waits, and the others go on', async (t) => {
    const { add, connect, timers, feed } = await open(t)
    const slow = new RecordingSink()
    await connect(null, slow)
    const good = await connect(null)
    slow.reads = false
    let added = 0
    while (slow.state === 'open' && added < 100) {
      await add(...Array.from({ length: 500 }, (_, index) => `${'x'.repeat(40)}-${added}-${index}`))
      await timers.advance(10)
      added++
    }
    assert.equal(slow.state, 'destroyed')
    assert.ok(slow.bufferedBytes() < 1.1 * 2 ** 20)
    assert.equal(good.entries().length, added * 500)
    assert.equal(feed.connectedGuards().length, 1)
  })

  test('a reader that reads nothing for four heartbeats is dropped, however little waits', async (t) => {
    const { connect, timers } = await open(t)
    const slow = await connect(null)
    slow.reads = false
    await timers.advance(20_000)
    assert.equal(slow.state, 'open')
    await timers.advance(5000)
    assert.equal(slow.state, 'destroyed')
  })

  test('catching up goes no faster than the reader reads', async (t) => {
    const { add, connect, timers } = await open(t)
    await add(...Array.from({ length: 10_000 }, (_, index) => `jti-${index}`))
    await timers.advance(10)
    const sink = new RecordingSink()
    sink.reads = false
    await connect(from(0), sink)
    assert.ok(sink.bufferedBytes() < 150_000)
    assert.ok(sink.entries().length < 5000)
    sink.readAll()
    await settle()
    assert.equal(sink.entries().length, 10_000)
    assert.equal(sink.names().at(-1), 'heartbeat')
  })

  test('there are no more readers than allowed, and a place is free when one has gone', async (t) => {
    const { feed, connect } = await open(t, 2)
    const connection = await feed.connect(GUARD, null, () => new RecordingSink())
    await connect(null)
    await assert.rejects(connect(null), { code: 'overloaded', retryAfterSeconds: 5 })
    connection.close()
    await connect(null)
  })

  test('a stream whose credential is revoked ends within a heartbeat', async (t) => {
    const { feed, store, timers } = await open(t)
    const credential = { id: 'gua_1', name: 'orders', audience: null, hash: 'h', createdAt: NOW, revokedAt: null }
    await store.guardCredentials.create(credential, [])
    const sink = new RecordingSink()
    await feed.connect({ ...GUARD, credentialId: 'gua_1' }, null, () => sink)
    await timers.advance(5000)
    assert.equal(sink.state, 'open')
    await store.guardCredentials.revoke('gua_1', NOW, [])
    await timers.advance(5000)
    assert.equal(sink.state, 'ended')
  })

  test('it tells who follows it, with which keys and up to where', async (t) => {
    const { feed, add, connect } = await open(t)
    await connect(null)
    await add('a')
    assert.deepEqual(feed.connectedGuards(), [{ ...GUARD, cursor: from(1), since: NOW }])
  })

  test('closing ends every stream, stops every timer and takes nobody any more', async (t) => {
    const { feed, connect, timers } = await open(t)
    const sink = await connect(null)
    feed.close()
    feed.close()
    assert.deepEqual([sink.state, timers.pending()], ['ended', 0])
    await assert.rejects(connect(null), { code: 'unavailable' })
  })
})
