import { setImmediate } from 'node:timers/promises'
import type { FeedCursor } from '@signet/protocol'
import type { RevocationSet } from '../revocation/revocation-set.ts'
import { FeedError } from './feed-error.ts'
import { SnapshotParser } from './snapshot-parser.ts'

/** Some 32 bytes an entry: eight million of them. Counted after decompression, so a small bomb stays small. */
export const SNAPSHOT_MAX_BYTES = 256 * 1024 * 1024

/** Read before other work gets its turn: a few milliseconds. */
const BYTES_PER_TURN = 128 * 1024

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
  const parser = new SnapshotParser((entry) => set.load(entry))
  let length = 0
  let turn = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > maxBytes) throw new FeedError('the snapshot is too large')
    for (let at = 0; at < chunk.length; at += BYTES_PER_TURN) {
      const piece = chunk.subarray(at, at + BYTES_PER_TURN)
      parser.push(piece)
      turn += piece.length
      if (turn < BYTES_PER_TURN) continue
      turn = 0
      await setImmediate()
    }
  }
  return parser.end()
}
