import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import type { FeedCursor, Revocation } from '@signet/protocol'
import { RevocationSet } from '../revocation/revocation-set.ts'
import { FeedError } from './feed-error.ts'
import { FeedResetError, FeedStream } from './feed-stream.ts'
import { heartbeatEvent, RESET_EVENT, revokeEvent } from './testing/feed-server.ts'
import { manualRuntime, NOW } from './testing/runtime.ts'
import type { ManualRuntime } from './testing/runtime.ts'

const ENTRIES: readonly Revocation[] = [
  { kind: 'token', jti: 'j1', until: NOW + 900 },
  { kind: 'session', sid: 's€', until: NOW + 900 },
  { kind: 'subject', sub: 'u1', before: NOW, until: NOW + 900 },
  { kind: 'key', kid: 'k1', until: NOW + 900 },
]

interface Follower {
  readonly stream: FeedStream
  readonly set: RevocationSet
  readonly runtime: ManualRuntime
  readonly completions: boolean[]
  readonly gaps: FeedError[]
}

function follow(cursor: FeedCursor = { epoch: 1, sequence: 0 }, set = emptySet()): Follower {
  const runtime = manualRuntime()
  const completions: boolean[] = []
  const gaps: FeedError[] = []
  const stream = new FeedStream({
    set,
    cursor,
    runtime,
    onProgress: (_, isComplete) => completions.push(isComplete),
    onGap: (error) => gaps.push(error),
  })
  return { stream, set, runtime, completions, gaps }
}

function emptySet(): RevocationSet {
  return new RevocationSet({ now: () => NOW, retainSeconds: 60 })
}

/** What the server sends to whoever is at this sequence. */
function deltaFrom(sequence: number): Buffer {
  const events = ENTRIES.slice(sequence).map((entry, index) => revokeEvent([entry], `1.${sequence + index + 1}`))
  return Buffer.from(events.join('') + heartbeatEvent(`1.${ENTRIES.length}`))
}

test('RV-06: cut at every byte of a delta and resumed at the cursor, nothing is missed and nothing is there too early', () => {
  const delta = deltaFrom(0)
  for (let cut = 0; cut <= delta.length; cut++) {
    const { stream, set } = follow()
    stream.push(delta.subarray(0, cut))
    assert.ok(set.holdsExactly(ENTRIES.slice(0, stream.cursor.sequence), NOW), `before the cut at ${cut}`)
    const resumed = follow(stream.cursor, set)
    resumed.stream.push(deltaFrom(stream.cursor.sequence))
    assert.ok(set.holdsExactly(ENTRIES, NOW), `after the cut at ${cut}`)
    assert.equal(resumed.stream.cursor.sequence, ENTRIES.length)
  }
})

test('RV-08: events that come again or late change nothing and never move the cursor back', () => {
  const { stream, set } = follow()
  stream.push(Buffer.from(revokeEvent(ENTRIES, '1.4')))
  stream.push(Buffer.from(revokeEvent(ENTRIES.slice(0, 2), '1.2')))
  stream.push(Buffer.from(revokeEvent([], '1.3')))
  assert.deepEqual(stream.cursor, { epoch: 1, sequence: 4 })
  assert.ok(set.holdsExactly(ENTRIES, NOW))
})

test('RV-06: a heartbeat ahead of the cursor is a gap when nothing follows within a second', () => {
  const { stream, runtime, completions, gaps } = follow()
  stream.push(Buffer.from(heartbeatEvent('1.3')))
  assert.deepEqual(completions, [false], 'not all is known')
  runtime.advance(999)
  assert.equal(gaps.length, 0)
  runtime.advance(1)
  assert.equal(gaps.length, 1)
})

test('what a heartbeat announced may come right behind it', () => {
  const { stream, runtime, completions, gaps } = follow()
  stream.push(Buffer.from(heartbeatEvent('1.2')))
  runtime.advance(500)
  stream.push(Buffer.from(revokeEvent(ENTRIES.slice(0, 1), '1.1')))
  runtime.advance(500)
  assert.equal(gaps.length, 0, 'something came, so it waits on')
  stream.push(Buffer.from(revokeEvent(ENTRIES.slice(1, 2), '1.2')))
  runtime.advance(60_000)
  assert.deepEqual(completions, [false, false, true])
  assert.equal(gaps.length, 0)
  assert.equal(runtime.pending, 0)
})

test('GD-06: a server that is behind does not vouch for anything, and is left at the third time', () => {
  const { stream, completions } = follow({ epoch: 1, sequence: 9 })
  const behind = Buffer.from(heartbeatEvent('1.8'))
  stream.push(behind)
  stream.push(behind)
  assert.deepEqual(completions, [false, false])
  assert.throws(() => stream.push(behind), FeedError)
})

const resets: readonly (readonly [string, string])[] = [
  ['a reset', RESET_EVENT],
  ['a heartbeat of another history', heartbeatEvent('2.0')],
  ['revocations of another history', revokeEvent(ENTRIES, '2.4')],
]
for (const [name, text] of resets) {
  test(`${name} asks for a new snapshot and adds nothing`, () => {
    const { stream, set } = follow()
    assert.throws(() => stream.push(Buffer.from(text)), FeedResetError)
    assert.equal(set.health().entries, 0)
  })
}

const token = { kind: 'token', jti: 'j', until: NOW + 900 }
const malformed: readonly (readonly [string, string])[] = [
  ['no JSON', 'id: 1.1\nevent: revoke\ndata: {"entries":[\n\n'],
  ['no entries', 'id: 1.1\nevent: revoke\ndata: {}\n\n'],
  ['entries that are no list', 'id: 1.1\nevent: revoke\ndata: {"entries":{}}\n\n'],
  ['null', 'id: 1.1\nevent: revoke\ndata: null\n\n'],
  ['no cursor', revokeEvent([], '').replace('id: \n', '')],
  ['a cursor that is none', revokeEvent([], '1.x')],
  ['a heartbeat without cursor', 'event: heartbeat\ndata: {"now":1}\n\n'],
  ...[
    { ...token, jti: 1 },
    { ...token, jti: undefined },
    { ...token, until: '9' },
    { ...token, until: 1.5 },
    { ...token, until: 0 },
    { ...token, kind: 'tenant' },
    { kind: 'subject', sub: 'u', until: NOW },
    { kind: 'subject', sub: 'u', before: -1, until: NOW },
    'token',
    null,
  ].map((entry) => [`the entry ${JSON.stringify(entry)}`, revokeEvent([entry as never], '1.1')] as const),
]
for (const [name, text] of malformed) {
  test(`an event with ${name} ends the connection and does not move the cursor`, () => {
    const { stream } = follow()
    assert.throws(() => stream.push(Buffer.from(text)), FeedError)
    assert.deepEqual(stream.cursor, { epoch: 1, sequence: 0 })
  })
}

test('the sound entries before a broken one count', () => {
  const { stream, set } = follow()
  assert.throws(() => stream.push(Buffer.from(revokeEvent([...ENTRIES, null as never], '1.5'))), FeedError)
  assert.ok(set.holdsExactly(ENTRIES, NOW))
})

test('events of a name that is not known are passed over', () => {
  const { stream, completions } = follow()
  stream.push(Buffer.from('event: news\ndata: {}\n\ndata: {}\n\n'))
  assert.deepEqual(completions, [])
})
