import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import { EventStreamError, EventStreamParser } from './event-stream.ts'
import type { StreamEvent } from './event-stream.ts'

const LIMITS = { maxLineBytes: 64, maxEventBytes: 128 }

function parse(...pieces: readonly (string | Uint8Array)[]): StreamEvent[] {
  const events: StreamEvent[] = []
  const parser = new EventStreamParser(LIMITS, (event) => events.push(event))
  for (const piece of pieces) parser.push(Buffer.from(piece as string))
  return events
}

const event = (data: string, rest: Partial<StreamEvent> = {}): StreamEvent => ({
  event: 'message',
  data,
  id: undefined,
  ...rest,
})

const cases: readonly (readonly [string, string, readonly StreamEvent[]])[] = [
  ['an event with all fields', 'event: revoke\nid: 1.2\ndata: {}\n\n', [event('{}', { event: 'revoke', id: '1.2' })]],
  ['two events', 'data: a\n\ndata: b\n\n', [event('a'), event('b')]],
  ['an id is not carried over', 'id: 7\ndata: a\n\ndata: b\n\n', [event('a', { id: '7' }), event('b')]],
  ['nothing until the blank line', 'data: a\n', []],
  ['CRLF', 'data: a\r\ndata: b\r\n\r\n', [event('a\nb')]],
  ['CR', 'data: a\rdata: b\r\r', [event('a\nb')]],
  ['one space after the colon is taken off, not two', 'data:  a\n\ndata:b\n\n', [event(' a'), event('b')]],
  ['a comment', ': still here\n\ndata: a\n: more\n\n', [event('a')]],
  ['an unknown field and retry', 'retry: 1\nfoo: bar\ndata: a\n\n', [event('a')]],
  ['a field without colon', 'data\n\n', [event('')]],
  ['an event without data is none, and leaves nothing behind', 'event: x\nid: 3\n\ndata: a\n\n', [event('a')]],
  ['a byte order mark', '\uFEFFdata: a\n\n\uFEFFdata: b\n\n', [event('a')]],
  ['characters of many bytes', 'data: ä€😀\n\n', [event('ä€😀')]],
  ['the longest line', `data: ${'x'.repeat(58)}\n\n`, [event('x'.repeat(58))]],
]
for (const [name, stream, expected] of cases) {
  test(`the parser reads ${name}, wherever the bytes are cut`, () => {
    const bytes = Buffer.from(stream)
    assert.deepEqual(parse(bytes), expected)
    for (let cut = 0; cut <= bytes.length; cut++) {
      assert.deepEqual(parse(bytes.subarray(0, cut), bytes.subarray(cut)), expected, `cut at ${cut}`)
    }
    assert.deepEqual(parse(...Array.from(bytes, (byte) => Uint8Array.of(byte))), expected, 'byte by byte')
  })
}

const refused: readonly (readonly [string, readonly (string | Uint8Array)[]])[] = [
  ['a line that is too long', [`data: ${'x'.repeat(59)}\n`]],
  ['a line that is too long and never ends', ['x'.repeat(30), 'x'.repeat(30), 'x'.repeat(5)]],
  ['an event that is too large', [`data: ${'x'.repeat(40)}\n`.repeat(3)]],
  ['an event of many short lines that never ends', Array.from({ length: 200 }, () => ':\n')],
  ['invalid UTF-8', [Uint8Array.of(0x64, 0x61, 0x74, 0x61, 0x3a, 0xff, 10)]],
  ['a NUL in an id', ['id: a\0b\n']],
]
for (const [name, pieces] of refused) {
  test(`the parser refuses ${name}`, () => {
    assert.throws(() => parse(...pieces), EventStreamError)
  })
}

test('a piece may be overwritten once it has been pushed', () => {
  const events: StreamEvent[] = []
  const parser = new EventStreamParser(LIMITS, (event) => events.push(event))
  const buffer = Buffer.from('data: a')
  parser.push(buffer)
  buffer.fill(0)
  parser.push(Buffer.from('\n\n'))
  assert.deepEqual(events, [event('a')])
})
