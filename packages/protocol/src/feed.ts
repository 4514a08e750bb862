import type { Revocation } from './revocation.ts'

/**
 * The revocation feed, at one address: a snapshot as JSON, or a stream of what came after it as `text/event-stream`.
 *
 * A cursor is `<epoch>.<sequence>`. Sequences grow strictly and become visible in order; numbers may be missing,
 * because entries that have lapsed are forgotten. Another epoch means another history: what was known before says
 * nothing about it.
 */
export const REVOCATION_FEED_PATH = '/auth/revocations'

/** Under this name the authorization server metadata (RFC 8414) gives the feed's address. */
export const REVOCATION_FEED_METADATA = 'signet_revocation_feed'

/** A stream is silent for no longer than this; a reader that hears nothing for twice as long reconnects. */
export const HEARTBEAT_SECONDS = 5

/** On the stream's request: the key ids the guard holds, separated by commas, so that a rotation does not outrun it. */
export const HELD_KEYS_HEADER = 'signet-held-keys'

/** On the stream's request: what the guard calls itself, for the operator. */
export const GUARD_NAME_HEADER = 'signet-guard-name'

/** A position in the feed. */
export interface FeedCursor {
  readonly epoch: number
  readonly sequence: number
}

export function formatCursor({ epoch, sequence }: FeedCursor): string {
  return `${epoch}.${sequence}`
}

/** Reads a cursor; `null` for anything else. */
export function parseCursor(text: string): FeedCursor | null {
  const [, epoch, sequence] = /^(\d{1,15})\.(\d{1,15})$/.exec(text) ?? []
  return epoch === undefined ? null : { epoch: Number(epoch), sequence: Number(sequence) }
}

/**
 * `GET /auth/revocations` as JSON: every live entry, grouped by the epoch second at which it lapses, because that
 * is most of what a long list would repeat.
 */
export interface RevocationSnapshot {
  /** Everything up to here is in it. */
  readonly cursor: string
  /** Server time when it was taken. */
  readonly taken_at: number
  /** `jti`s by `until`. */
  readonly tokens: Readonly<Record<string, readonly string[]>>
  /** `sid`s by `until`. */
  readonly sessions: Readonly<Record<string, readonly string[]>>
  /** `[sub, before]` by `until`. */
  readonly subjects: Readonly<Record<string, readonly (readonly [string, number])[]>>
  /** `kid`s by `until`. */
  readonly keys: Readonly<Record<string, readonly string[]>>
}

/**
 * Events of the stream, by `event:` name, with the JSON of their `data:`.
 *
 * - `revoke`     entries in order; the event's `id:` is the cursor after the last of them
 * - `heartbeat`  the newest cursor: a reader that is behind it has missed something
 * - `reset`      the cursor asked for is not of this history: take a snapshot
 */
export interface FeedEvents {
  readonly revoke: { readonly entries: readonly Revocation[] }
  readonly heartbeat: { readonly cursor: string; readonly now: number }
  readonly reset: Record<string, never>
}
