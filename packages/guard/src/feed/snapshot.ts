import { Buffer } from 'node:buffer'
import { setImmediate } from 'node:timers/promises'
import { parseCursor } from '@signet/protocol'
import type { FeedCursor, Revocation } from '@signet/protocol'
import type { RevocationSet } from '../revocation/revocation-set.ts'
import { isInstant } from './entries.ts'
import { FeedError } from './feed-error.ts'

/** Some 64 bytes an entry: four million of them. Counted after decompression, so a small bomb stays small. */
export const SNAPSHOT_MAX_BYTES = 256 * 1024 * 1024

/** Entries added before other work gets its turn: about a millisecond. */
const ENTRIES_PER_TURN = 5000

/**
 * Reads a snapshot into a set.
 *
 * The set is not to be used when this rejects: it holds a part. Does not bound the time; whoever opened the body does.
 *
 * @returns the cursor up to which the set is complete
 * @throws FeedError
 */
export async function readSnapshot(
  body: AsyncIterable<Uint8Array>,
  set: RevocationSet,
  maxBytes: number,
): Promise<FeedCursor> {
  const snapshot = parse(await readAll(body, maxBytes))
  const cursor = typeof snapshot['cursor'] === 'string' ? parseCursor(snapshot['cursor']) : null
  if (cursor === null) throw malformed('cursor')
  let count = 0
  for (const entry of entriesOf(snapshot)) {
    set.add(entry)
    count += 1
    if (count % ENTRIES_PER_TURN === 0) await setImmediate()
  }
  return cursor
}

async function readAll(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > maxBytes) throw new FeedError('the snapshot is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, length)
}

function parse(bytes: Buffer): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw new FeedError('the snapshot is not JSON')
  }
  return objectOf(value, 'whole')
}

function* entriesOf(snapshot: Record<string, unknown>): Generator<Revocation> {
  for (const [jti, until] of group(snapshot, 'tokens')) yield { kind: 'token', jti: textOf(jti, 'tokens'), until }
  for (const [sid, until] of group(snapshot, 'sessions')) yield { kind: 'session', sid: textOf(sid, 'sessions'), until }
  for (const [kid, until] of group(snapshot, 'keys')) yield { kind: 'key', kid: textOf(kid, 'keys'), until }
  for (const [pair, until] of group(snapshot, 'subjects')) {
    const [sub, before] = Array.isArray(pair) ? (pair as unknown[]) : []
    if (!isInstant(before)) throw malformed('subjects')
    yield { kind: 'subject', sub: textOf(sub, 'subjects'), before, until }
  }
}

function* group(snapshot: Record<string, unknown>, name: string): Generator<[unknown, number]> {
  for (const [key, list] of Object.entries(objectOf(snapshot[name], name))) {
    const until = /^\d{1,15}$/.test(key) ? Number(key) : 0
    if (until === 0 || !Array.isArray(list)) throw malformed(name)
    for (const item of list as unknown[]) yield [item, until]
  }
}

function objectOf(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed(name)
  return value as Record<string, unknown>
}

function textOf(value: unknown, name: string): string {
  if (typeof value !== 'string') throw malformed(name)
  return value
}

function malformed(part: string): FeedError {
  return new FeedError(`the snapshot cannot be read (${part})`)
}
