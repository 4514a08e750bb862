import { createServer } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { formatCursor, parseCursor } from '@signet/protocol'
import type { Revocation } from '@signet/protocol'

export interface FeedRequestSeen {
  readonly kind: 'snapshot' | 'stream'
  readonly headers: IncomingHttpHeaders
}

/** A feed on loopback, driven by hand: it has no timer, and says nothing it is not told to after the catch-up. */
export interface TestFeed {
  readonly url: string
  readonly requests: FeedRequestSeen[]
  /** Everything revoked in this history, in order. */
  readonly entries: Revocation[]
  epoch: number
  /** Answers instead of the feed when it returns true. */
  interfere: (req: IncomingMessage, res: ServerResponse) => boolean
  /** Cuts the next connection of each kind off after so many bytes of its body. */
  cutStreamAfter: number | undefined
  readonly openStreams: number
  revoke(...entries: Revocation[]): void
  heartbeat(sequence?: number): void
  /** Writes to every open stream. */
  say(text: string): void
  /** Ends every open stream, as a server or proxy in order does; or breaks it. */
  drop(how?: 'end' | 'destroy'): void
  close(): Promise<void>
}

export async function startFeed(): Promise<TestFeed> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const streams = new Set<ServerResponse>()
  const cursor = (sequence = feed.entries.length): string => formatCursor({ epoch: feed.epoch, sequence })

  const feed: TestFeed = {
    url: `http://127.0.0.1:${port}/auth/revocations`,
    requests: [],
    entries: [],
    epoch: 1,
    interfere: () => false,
    cutStreamAfter: undefined,
    get openStreams() {
      return streams.size
    },
    revoke(...entries) {
      feed.entries.push(...entries)
      feed.say(revokeEvent(entries, cursor()))
    },
    heartbeat(sequence) {
      feed.say(heartbeatEvent(cursor(sequence)))
    },
    say(text) {
      for (const res of streams) res.write(text)
    },
    drop(how = 'end') {
      for (const res of streams) {
        if (how === 'end') res.end()
        else res.destroy()
      }
      streams.clear()
    },
    close: () => close(server),
  }
  server.on('request', (req, res) => {
    const kind = req.headers.accept === 'text/event-stream' ? 'stream' : 'snapshot'
    feed.requests.push({ kind, headers: req.headers })
    if (feed.interfere(req, res)) return
    if (kind === 'snapshot') sendSnapshot(feed, res, cursor())
    else sendStream(feed, req, res, streams)
  })
  return feed
}

/** The JSON of a snapshot of these entries. */
export function snapshotOf(entries: readonly Revocation[], cursor: string): string {
  const groups = { tokens: {}, sessions: {}, subjects: {}, keys: {} }
  const put = (group: Record<string, unknown[]>, entry: Revocation, item: unknown): void => {
    ;(group[entry.until] ??= []).push(item)
  }
  for (const entry of entries) {
    if (entry.kind === 'token') put(groups.tokens, entry, entry.jti)
    else if (entry.kind === 'session') put(groups.sessions, entry, entry.sid)
    else if (entry.kind === 'key') put(groups.keys, entry, entry.kid)
    else put(groups.subjects, entry, [entry.sub, entry.before])
  }
  return JSON.stringify({ cursor, taken_at: 1_800_000_000, ...groups })
}

export function revokeEvent(entries: readonly Revocation[], cursor: string): string {
  return `id: ${cursor}\nevent: revoke\ndata: ${JSON.stringify({ entries })}\n\n`
}

export function heartbeatEvent(cursor: string): string {
  return `event: heartbeat\ndata: ${JSON.stringify({ cursor, now: 1_800_000_000 })}\n\n`
}

export const RESET_EVENT = 'event: reset\ndata: {}\n\n'

function sendSnapshot(feed: TestFeed, res: ServerResponse, cursor: string): void {
  res.writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'content-encoding': 'gzip' })
  res.end(gzipSync(snapshotOf(feed.entries, cursor)))
}

function sendStream(feed: TestFeed, req: IncomingMessage, res: ServerResponse, streams: Set<ServerResponse>): void {
  res.writeHead(200, { 'content-type': 'text/event-stream' })
  res.on('close', () => streams.delete(res))
  const from = parseCursor(String(req.headers['last-event-id']))
  const newest = { epoch: feed.epoch, sequence: feed.entries.length }
  if (from?.epoch !== feed.epoch || from.sequence > newest.sequence) {
    res.end(RESET_EVENT)
    return
  }
  const missed = feed.entries.slice(from.sequence)
  let text = ''
  for (const [index, entry] of missed.entries()) {
    text += revokeEvent([entry], formatCursor({ epoch: feed.epoch, sequence: from.sequence + index + 1 }))
  }
  text += heartbeatEvent(formatCursor(newest))
  const cut = feed.cutStreamAfter
  if (cut === undefined) {
    streams.add(res)
    res.write(text)
    return
  }
  feed.cutStreamAfter = undefined
  // Destroyed once written, so that the bytes before the cut do arrive.
  res.write(Buffer.from(text).subarray(0, cut), () => res.destroy())
}

function close(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => {
    server.close(() => resolve())
  })
}
