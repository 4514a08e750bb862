import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { EventStreamError, EventStreamParser } from './event-stream.ts'
import type { StreamEvent } from './event-stream.ts'

export const name = 'event stream'

export const seeds: readonly Uint8Array[] = [
  'event: revoke\nid: 1.2\ndata: {"entries":[]}\n\n',
  'event: heartbeat\ndata: {"cursor":"1.2","now":1}\n\n: comment\r\n\r\n',
  'data: a\rdata: b\r\r\n',
  '\uFEFFid: \0\ndata\n\n',
  'data: ä€😀\n\nretry: 1',
].map((text) => Buffer.from(text))

const LIMITS = { maxLineBytes: 48, maxEventBytes: 96 }

/** Any bytes may come, cut anywhere: in one piece and byte by byte they give the same events, or both are refused. */
export function run(bytes: Uint8Array): void {
  const whole = read([bytes])
  const single = read(Array.from(bytes, (byte) => Uint8Array.of(byte)))
  const half = bytes.length >> 1
  const halves = read([bytes.subarray(0, half), bytes.subarray(half)])
  assert.deepEqual(single, whole)
  assert.deepEqual(halves, whole)
  for (const { data } of whole.events) assert.ok(Buffer.byteLength(data) <= LIMITS.maxEventBytes)
}

function read(pieces: readonly Uint8Array[]): { readonly events: StreamEvent[]; readonly refusal: string | undefined } {
  const events: StreamEvent[] = []
  const parser = new EventStreamParser(LIMITS, (event) => events.push(event))
  try {
    for (const piece of pieces) parser.push(piece)
    return { events, refusal: undefined }
  } catch (error) {
    if (!(error instanceof EventStreamError)) throw error
    return { events, refusal: error.message }
  }
}
