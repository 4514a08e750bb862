import type { Revocation } from '@signet/protocol'
import { FeedError } from './feed-error.ts'

/**
 * Reads the `entries` of a `revoke` event, one after the other, so that the sound ones before a broken one count.
 *
 * @throws FeedError at the first that is not a revocation; one that cannot be understood must not be passed over
 */
export function* readEntries(data: string): Generator<Revocation> {
  const entries = memberOf(parseJson(data), 'entries')
  if (!Array.isArray(entries)) throw malformed()
  for (const entry of entries as unknown[]) yield readEntry(entry)
}

/** Reads the `cursor` of a `heartbeat`. @throws FeedError */
export function readHeartbeat(data: string): string {
  const cursor = memberOf(parseJson(data), 'cursor')
  if (typeof cursor !== 'string') throw malformed()
  return cursor
}

/** An instant that can be kept: whole, positive. */
export function isInstant(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0
}

function readEntry(entry: unknown): Revocation {
  const kind = memberOf(entry, 'kind')
  const until = memberOf(entry, 'until')
  if (!isInstant(until)) throw malformed()
  switch (kind) {
    case 'token':
      return { kind, jti: textOf(entry, 'jti'), until }
    case 'session':
      return { kind, sid: textOf(entry, 'sid'), until }
    case 'key':
      return { kind, kid: textOf(entry, 'kid'), until }
    case 'subject': {
      const before = memberOf(entry, 'before')
      if (!isInstant(before)) throw malformed()
      return { kind, sub: textOf(entry, 'sub'), before, until }
    }
    default:
      throw new FeedError('the feed holds an entry of an unknown kind: the server is newer than this guard')
  }
}

function textOf(entry: unknown, name: string): string {
  const value = memberOf(entry, name)
  if (typeof value !== 'string') throw malformed()
  return value
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) throw malformed()
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined
}

function parseJson(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    throw malformed()
  }
}

function malformed(): FeedError {
  return new FeedError('the feed sent an event that cannot be read')
}
