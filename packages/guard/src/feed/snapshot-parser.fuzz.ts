import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { parseCursor } from '@signet/protocol'
import type { FeedCursor, Revocation, RevocationSnapshot } from '@signet/protocol'
import { FeedError } from './feed-error.ts'
import { SnapshotParser } from './snapshot-parser.ts'

export const name = 'revocation snapshot'

const EMPTY = '"tokens":{},"sessions":{},"subjects":{},"keys":{}'

export const seeds: readonly Uint8Array[] = [
  `{"cursor":"1.2","taken_at":1,${EMPTY}}`,
  '{"cursor":"1.2","tokens":{"9":["a","\\u00e9"],"10":[]},"sessions":{"11":["b"]},"subjects":{"12":[["u",5]]},"keys":{"13":["k"]}}',
  ` { "cursor" : "1.2" , "more" : [ { "a" : [ -1.5e3 , true , null ] } ] , ${EMPTY} } `,
  `{"cursor":"1.2","note":"ä\\n\\"",${EMPTY}}`,
].map((text) => Buffer.from(text))

/**
 * Any bytes may come, cut anywhere: in one piece and byte by byte they come to the same, and what is accepted is what
 * the platform's own JSON parser finds in them.
 */
export function run(bytes: Uint8Array): void {
  const whole = read([bytes])
  assert.deepEqual(read(Array.from(bytes, (byte) => Uint8Array.of(byte))), whole)
  if (whole === undefined) return
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  const value = JSON.parse(text) as Partial<RevocationSnapshot>
  // A member that is given twice counts twice here, and once there.
  if (!hasNoRepeat(text)) return
  assert.deepEqual(parseCursor(String(value.cursor)), whole.cursor)
  assert.deepEqual(whole.entries.toSorted(), [...entriesOf(value)].sort())
}

function hasNoRepeat(text: string): boolean {
  const names = Array.from(text.matchAll(/"((?:[^"\\]|\\.)*)"\s*:/gs), ([, name]) => name)
  return new Set(names).size === names.length && !text.includes('\\')
}

function read(pieces: readonly Uint8Array[]): { readonly cursor: FeedCursor; readonly entries: string[] } | undefined {
  const entries: string[] = []
  const parser = new SnapshotParser((entry) => entries.push(textOf(entry)))
  try {
    for (const piece of pieces) parser.push(piece)
    return { cursor: parser.end(), entries }
  } catch (error) {
    if (!(error instanceof FeedError)) throw error
    return undefined
  }
}

function* entriesOf(snapshot: Partial<RevocationSnapshot>): Generator<string> {
  for (const [until, ids] of Object.entries(snapshot.tokens ?? {})) {
    for (const jti of ids) yield textOf({ kind: 'token', jti, until: Number(until) })
  }
  for (const [until, ids] of Object.entries(snapshot.sessions ?? {})) {
    for (const sid of ids) yield textOf({ kind: 'session', sid, until: Number(until) })
  }
  for (const [until, ids] of Object.entries(snapshot.keys ?? {})) {
    for (const kid of ids) yield textOf({ kind: 'key', kid, until: Number(until) })
  }
  for (const [until, pairs] of Object.entries(snapshot.subjects ?? {})) {
    for (const [sub, before] of pairs) yield textOf({ kind: 'subject', sub, before, until: Number(until) })
  }
}

function textOf(entry: Revocation): string {
  return JSON.stringify(Object.entries(entry).sort())
}
