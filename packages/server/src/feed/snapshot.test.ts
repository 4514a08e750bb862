import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import type { FeedCursor, Revocation } from '@signet/protocol'
import type { SequencedRevocation } from '../store/store.ts'
import { createSnapshots } from './snapshot.ts'
import type { FeedSnapshot } from './snapshot.ts'

const NOW = 1_800_000_000

/** A list in memory that counts what is read of it. */
function aList(entries: readonly Revocation[] = []) {
  const rows: SequencedRevocation[] = []
  const clock = { now: NOW }
  const list = { pages: 0, pauses: 0, epoch: 1, gate: Promise.resolve() }
  const add = (...added: readonly Revocation[]): void => {
    for (const entry of added) rows.push({ sequence: rows.length + 1, entry })
  }
  add(...entries)
  const snapshot = createSnapshots({
    revocations: {
      newest: async (): Promise<FeedCursor> => ({ epoch: list.epoch, sequence: rows.length }),
      since: async (sequence, limit) => {
        list.pages++
        await list.gate
        return rows.slice(sequence, sequence + limit)
      },
    },
    now: () => clock.now,
    timers: { pause: async () => void list.pauses++ },
  })
  return { list, add, clock, snapshot }
}

async function read(snapshot: FeedSnapshot): Promise<Record<string, unknown>> {
  return JSON.parse(Buffer.from(await snapshot.body('identity')).toString()) as Record<string, unknown>
}

const session = (sid: string, until = NOW + 960): Revocation => ({ kind: 'session', sid, until })
const large = () => Array.from({ length: 10_000 }, (_, index) => session(`ses_${index}`))

describe('snapshots', () => {
  test('hold every entry that has not lapsed, by kind and by the second at which it lapses', async () => {
    const { snapshot } = aList([
      session('ses_1'),
      session('ses "2"', NOW + 961),
      session('ses_3'),
      session('ses_over', NOW),
      { kind: 'token', jti: 'jti_1', until: NOW + 1 },
      { kind: 'subject', sub: 'acc_1', before: NOW, until: NOW + 960 },
      { kind: 'key', kid: 'kid_1', until: NOW + 960 },
    ])
    assert.deepEqual(await read(await snapshot()), {
      cursor: '1.7',
      taken_at: NOW,
      tokens: { [NOW + 1]: ['jti_1'] },
      sessions: { [NOW + 960]: ['ses_1', 'ses_3'], [NOW + 961]: ['ses "2"'] },
      subjects: { [NOW + 960]: [['acc_1', NOW]] },
      keys: { [NOW + 960]: ['kid_1'] },
    })
    assert.deepEqual(await read(await aList().snapshot()), {
      cursor: '1.0',
      taken_at: NOW,
      tokens: {},
      sessions: {},
      subjects: {},
      keys: {},
    })
  })

  test('are the same in every encoding, each made once', async () => {
    const { snapshot } = aList(large())
    const made = await snapshot()
    const plain = Buffer.from(await made.body('identity'))
    assert.ok(gunzipSync(await made.body('gzip')).equals(plain))
    assert.ok(brotliDecompressSync(await made.body('br')).equals(plain))
    assert.equal(await made.body('br'), await made.body('br'))
  })

  test('are made once for many who ask at the same time, and again when something has come', async () => {
    const { snapshot, list, add } = aList([session('ses_1')])
    const made = await Promise.all(Array.from({ length: 50 }, () => snapshot()))
    assert.equal(new Set(made).size, 1)
    assert.equal(list.pages, 1)
    add(session('ses_2'))
    assert.equal((await snapshot()).cursor, '1.2')
    assert.equal((await snapshot()).cursor, '1.2')
    assert.equal(list.pages, 2)
  })

  test('SE-01: one that was begun before an entry came is not given to who asks after it', async () => {
    const { snapshot, list, add } = aList([session('ses_1')])
    const gate = Promise.withResolvers<void>()
    list.gate = gate.promise
    const first = snapshot()
    await new Promise(setImmediate)
    add(session('ses_2'))
    const second = snapshot()
    gate.resolve()
    assert.equal((await first).cursor, '1.1')
    assert.equal((await second).cursor, '1.2')
  })

  test('of a long list are read page by page with pauses, and good for five seconds', async () => {
    const { snapshot, list, add, clock } = aList(large())
    assert.equal((await snapshot()).cursor, '1.10000')
    assert.ok(list.pages >= 5 && list.pauses >= 5)
    add(session('ses_new'))
    clock.now += 4
    assert.equal((await snapshot()).cursor, '1.10000')
    clock.now += 1
    assert.equal((await snapshot()).cursor, '1.10001')
  })

  test('are made anew after a minute, so that what has lapsed leaves, and when the history is another', async () => {
    const { snapshot, list, clock } = aList([session('ses_1', NOW + 30)])
    assert.deepEqual((await read(await snapshot()))['sessions'], { [NOW + 30]: ['ses_1'] })
    clock.now += 60
    assert.deepEqual((await read(await snapshot()))['sessions'], {})
    list.epoch = 2
    assert.equal((await snapshot()).cursor, '2.1')
  })
})
