import { formatCursor } from '@signet/protocol'
import type { FeedCursor, FeedEvents } from '@signet/protocol'
import type { EpochSeconds } from '../domain/time.ts'

/** Entries in order; the event's id is the cursor after the last of them. */
export function revokeEvent(entries: FeedEvents['revoke']['entries'], cursor: FeedCursor): Uint8Array {
  return encode('revoke', { entries }, `id: ${formatCursor(cursor)}\n`)
}

/** Has no id: a cursor moves by what was received, not by what exists. */
export function heartbeatEvent(cursor: FeedCursor, now: EpochSeconds): Uint8Array {
  return encode('heartbeat', { cursor: formatCursor(cursor), now })
}

export function resetEvent(): Uint8Array {
  return encode('reset', {})
}

/** `text/event-stream` as the HTML standard has it; JSON never holds a line end, so one `data:` line is enough. */
function encode<Name extends keyof FeedEvents>(name: Name, data: FeedEvents[Name], id = ''): Uint8Array {
  return Buffer.from(`${id}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
}
