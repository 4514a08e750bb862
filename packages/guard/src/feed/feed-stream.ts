import { formatCursor, parseCursor } from '@signet/protocol'
import type { FeedCursor } from '@signet/protocol'
import type { RevocationSet } from '../revocation/revocation-set.ts'
import { readEntries, readHeartbeat } from './entries.ts'
import { EventStreamError, EventStreamParser } from './event-stream.ts'
import type { StreamEvent } from './event-stream.ts'
import { FeedError } from './feed-error.ts'
import type { FeedRuntime } from './runtime.ts'

export interface FeedStreamOptions {
  readonly set: RevocationSet
  /** Everything up to here is in the set. */
  readonly cursor: FeedCursor
  readonly runtime: FeedRuntime
  /** Called for every event that was understood; `isComplete` when the set now holds all the server had. */
  readonly onProgress: (stream: FeedStream, isComplete: boolean) => void
  /** Called once, outside of `push`, when something that was announced has not come. */
  readonly onGap: (error: FeedError) => void
}

/** The server's history is not the one our cursor is of: only a snapshot helps. */
export class FeedResetError extends FeedError {}

const LIMITS = { maxLineBytes: 4 * 1024 * 1024, maxEventBytes: 4 * 1024 * 1024 }
/** What a heartbeat announces may be on its way behind it, but not for longer than this. */
const GAP_GRACE_MS = 1000
/** Heartbeats in a row that are behind us, before the connection is given up: this server does not know what we know. */
const MAX_HEARTBEATS_BEHIND = 2

/**
 * Takes in one connection's stream: adds its entries to the set and moves the cursor along.
 *
 * Entries are added before the cursor moves, and only whole events count: a connection that breaks anywhere is
 * resumed from the last event that arrived whole. An event that comes twice does no harm.
 */
export class FeedStream {
  readonly #options: FeedStreamOptions
  readonly #parser: EventStreamParser
  #cursor: FeedCursor
  /** A heartbeat spoke of this; it has not arrived yet. */
  #announced = 0
  #cancelGap: (() => void) | undefined
  #heartbeatsBehind = 0

  constructor(options: FeedStreamOptions) {
    this.#options = options
    this.#cursor = options.cursor
    this.#parser = new EventStreamParser(LIMITS, (event) => this.#take(event))
  }

  get cursor(): FeedCursor {
    return this.#cursor
  }

  /** @throws FeedError; the connection is of no more use then */
  push(bytes: Uint8Array): void {
    try {
      this.#parser.push(bytes)
    } catch (error) {
      if (error instanceof EventStreamError) throw new FeedError(`the stream is broken: ${error.message}`)
      throw error
    }
  }

  stop(): void {
    this.#cancelGap?.()
    this.#cancelGap = undefined
  }

  #take({ event, data, id }: StreamEvent): void {
    if (event === 'revoke') this.#revoke(data, id)
    else if (event === 'heartbeat') this.#heartbeat(data)
    else if (event === 'reset') throw new FeedResetError('the server asked for a new snapshot')
  }

  #revoke(data: string, id: string | undefined): void {
    const cursor = this.#ofThisHistory(id ?? '')
    for (const entry of readEntries(data)) this.#options.set.add(entry)
    this.#heartbeatsBehind = 0
    if (cursor.sequence > this.#cursor.sequence) this.#cursor = cursor
    this.#report()
  }

  #heartbeat(data: string): void {
    const { sequence } = this.#ofThisHistory(readHeartbeat(data))
    if (sequence < this.#cursor.sequence) {
      this.#heartbeatsBehind += 1
      if (this.#heartbeatsBehind > MAX_HEARTBEATS_BEHIND) throw new FeedError('the server is behind this guard')
      this.#options.onProgress(this, false)
      return
    }
    this.#heartbeatsBehind = 0
    this.#announced = Math.max(this.#announced, sequence)
    this.#report()
  }

  #report(): void {
    const isComplete = this.#announced <= this.#cursor.sequence
    if (isComplete) this.stop()
    else this.#cancelGap ??= this.#awaitAnnounced()
    this.#options.onProgress(this, isComplete)
  }

  /** Patient as long as something comes: a long catch-up is not a gap. */
  #awaitAnnounced(): () => void {
    const { sequence } = this.#cursor
    return this.#options.runtime.after(GAP_GRACE_MS, () => {
      if (this.#cursor.sequence > sequence) this.#cancelGap = this.#awaitAnnounced()
      else
        this.#options.onGap(new FeedError(`the stream left out what it announced, after ${formatCursor(this.#cursor)}`))
    })
  }

  #ofThisHistory(text: string): FeedCursor {
    const cursor = parseCursor(text)
    if (cursor === null) throw new FeedError('the feed sent a cursor that is none')
    if (cursor.epoch !== this.#cursor.epoch) throw new FeedResetError('the server began another history')
    return cursor
  }
}
