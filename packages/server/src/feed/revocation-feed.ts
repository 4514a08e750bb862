import { HEARTBEAT_SECONDS, SignetError } from '@signet/protocol'
import type { FeedCursor } from '@signet/protocol'
import type { EpochSeconds } from '../domain/time.ts'
import type { GuardCredentialStore, RevocationStore, SequencedRevocation } from '../store/store.ts'
import { FeedReader } from './reader.ts'
import type { FeedSink, ReaderIdentity } from './reader.ts'
import { createSnapshots } from './snapshot.ts'
import type { FeedSnapshot } from './snapshot.ts'
import { heartbeatEvent, resetEvent, revokeEvent } from './stream-events.ts'
import type { Timers } from './timers.ts'

/**
 * The revocation feed of one server process: whatever is committed to the list reaches every connected guard.
 *
 * The sequence in the database is the truth. A commit of this process is a hint to look at once; those of other
 * processes are found by looking every second. A reader gets every entry after its cursor, in order, once, and then
 * what comes; one that reads too slowly is dropped and catches up when it comes back.
 */
export interface RevocationFeed {
  /** Finds out where the list has got to, and begins to follow it. To be awaited before anything else. */
  start(): Promise<void>
  /** Everything on the list: at least what was committed before the call, except as `createSnapshots` says. */
  snapshot(): Promise<FeedSnapshot>
  /**
   * Lets a reader follow the list from its cursor, or from now on. `open` is called once it is admitted. A cursor of
   * another history, or ahead of this one, gets a `reset` and the end of the stream.
   *
   * Rejects with `overloaded` when there are too many readers, `unavailable` when the feed is closed.
   */
  connect(identity: ReaderIdentity, cursor: FeedCursor | null, open: () => FeedSink): Promise<FeedConnection>
  /** The guards that follow the feed at this process, in the order they came. */
  connectedGuards(): readonly ConnectedReader[]
  /** Ends every stream. Idempotent. */
  close(): void
}

export interface FeedConnection {
  /** To be called when the reader has gone. Idempotent. */
  close(): void
}

export interface ConnectedReader extends ReaderIdentity {
  /** The last thing written to it. */
  readonly cursor: FeedCursor
  readonly since: EpochSeconds
}

export interface RevocationFeedOptions {
  readonly revocations: Pick<RevocationStore, 'since' | 'newest' | 'onAdded'>
  readonly credentials: Pick<GuardCredentialStore, 'list'>
  readonly now: () => EpochSeconds
  readonly timers: Timers
  readonly maxReaders: number
  /** Told when the database could not be asked; it will be asked again. */
  readonly onError: (error: unknown) => void
}

/** How long a commit of another process may go unnoticed. */
const POLL_MILLISECONDS = 1000
/** Commits that follow each other more closely travel together: a flood costs so many writes a second and no more. */
const GATHER_MILLISECONDS = 10
/** Entries in one event. */
const MAX_BATCH = 500
/** While catching up, no more than this is read from the database ahead of the network. */
const CATCH_UP_BUFFERED_BYTES = 65_536
const RETRY_AFTER_SECONDS = 5

export function createRevocationFeed(options: RevocationFeedOptions): RevocationFeed {
  return new Hub(options)
}

class Hub implements RevocationFeed {
  readonly #options: RevocationFeedOptions
  readonly #snapshots: () => Promise<FeedSnapshot>
  readonly #readers = new Set<FeedReader>()
  /** Everything up to here has been written to every live reader. */
  #head: FeedCursor = { epoch: 0, sequence: 0 }
  #stops: readonly (() => void)[] = []
  #admitting = 0
  #closed = false
  #pumping: Promise<void> | undefined
  #morePumping = false
  #gathering = false
  #moreGathered = false

  constructor(options: RevocationFeedOptions) {
    this.#options = options
    this.#snapshots = createSnapshots(options)
  }

  async start(): Promise<void> {
    const { revocations, timers } = this.#options
    this.#head = await revocations.newest()
    this.#stops = [
      revocations.onAdded(() => this.#hear()),
      timers.every(POLL_MILLISECONDS, () => this.#attempt(this.#look())),
      timers.every(HEARTBEAT_SECONDS * 1000, () => this.#attempt(this.#beat())),
    ]
  }

  snapshot(): Promise<FeedSnapshot> {
    return this.#snapshots()
  }

  async connect(identity: ReaderIdentity, cursor: FeedCursor | null, open: () => FeedSink): Promise<FeedConnection> {
    if (this.#closed) throw new SignetError('unavailable', { retryAfterSeconds: RETRY_AFTER_SECONDS })
    if (this.#readers.size + this.#admitting >= this.#options.maxReaders) {
      throw new SignetError('overloaded', { retryAfterSeconds: RETRY_AFTER_SECONDS, reason: 'too many feed readers' })
    }
    this.#admitting++
    try {
      // it may come from a snapshot that another process took a moment ago
      if (cursor !== null && !this.#covers(cursor)) await this.#look()
    } finally {
      this.#admitting--
    }
    if (this.#closed) throw new SignetError('unavailable', { retryAfterSeconds: RETRY_AFTER_SECONDS })
    const reader = new FeedReader(identity, this.#options.now(), open(), (cursor ?? this.#head).sequence)
    this.#readers.add(reader)
    if (cursor !== null && !this.#covers(cursor)) this.#reset(reader)
    else this.#attempt(this.#catchUp(reader))
    return { close: () => this.#forget(reader) }
  }

  connectedGuards(): readonly ConnectedReader[] {
    const { epoch } = this.#head
    return [...this.#readers].map(({ identity, sequence, connectedAt }) => ({
      ...identity,
      cursor: { epoch, sequence },
      since: connectedAt,
    }))
  }

  close(): void {
    this.#closed = true
    for (const stop of this.#stops) stop()
    this.#stops = []
    for (const reader of this.#readers) this.#end(reader)
  }

  /** This process has committed something. The first of a flood goes at once, the rest of it gathers. */
  #hear(): void {
    if (this.#gathering) {
      this.#moreGathered = true
      return
    }
    this.#gathering = true
    this.#options.timers.after(GATHER_MILLISECONDS, () => {
      this.#gathering = false
      if (!this.#moreGathered || this.#closed) return
      this.#moreGathered = false
      this.#hear()
    })
    this.#attempt(this.#pump())
  }

  /** Compares with the database: commits of others are found here, and a history that was exchanged. */
  async #look(): Promise<void> {
    const before = this.#head
    const newest = await this.#options.revocations.newest()
    if (newest.epoch === before.epoch && newest.sequence >= before.sequence) return this.#pump()
    this.#head = newest
    for (const reader of this.#readers) this.#reset(reader)
  }

  /** Writes to every live reader what has been committed since the last time. One at a time; a call during one is one more. */
  #pump(): Promise<void> {
    this.#morePumping = true
    this.#pumping ??= this.#pumpAll()
    return this.#pumping
  }

  async #pumpAll(): Promise<void> {
    try {
      while (this.#morePumping && !this.#closed) {
        this.#morePumping = false
        let batch: readonly SequencedRevocation[]
        do {
          const { epoch, sequence } = this.#head
          batch = await this.#options.revocations.since(sequence, MAX_BATCH)
          // the history may have been exchanged while its entries were on their way
          if (this.#head.epoch === epoch && this.#head.sequence === sequence) this.#broadcast(batch)
          if (batch.length === MAX_BATCH) await this.#options.timers.pause()
        } while (batch.length === MAX_BATCH && !this.#closed)
      }
    } finally {
      this.#pumping = undefined
    }
  }

  /** Serialised once, however many listen. */
  #broadcast(batch: readonly SequencedRevocation[]): void {
    const last = batch.at(-1)
    if (last === undefined) return
    this.#head = { epoch: this.#head.epoch, sequence: last.sequence }
    if (this.#readers.size === 0) return
    const bytes = revokeEvent(entriesOf(batch), this.#head)
    for (const reader of this.#readers) if (reader.state === 'live') this.#send(reader, bytes, last.sequence)
  }

  /** Writes to one reader what it has missed, page by page and no faster than it reads, until it is where all are. */
  async #catchUp(reader: FeedReader): Promise<void> {
    const { revocations } = this.#options
    try {
      while (reader.sequence !== this.#head.sequence) {
        const head = this.#head
        const page = await revocations.since(reader.sequence, MAX_BATCH)
        if (reader.state === 'gone') return
        const due = page.filter(({ sequence }) => sequence <= head.sequence)
        // nothing more up to the head: what is missing in between has lapsed and is forgotten
        const isLast = page.length < MAX_BATCH || due.length < page.length
        const upTo = isLast ? head.sequence : (due.at(-1)?.sequence ?? head.sequence)
        const cursor = { epoch: head.epoch, sequence: upTo }
        if (!this.#send(reader, revokeEvent(entriesOf(due), cursor), upTo)) return
        if (reader.sink.bufferedBytes() > CATCH_UP_BUFFERED_BYTES) await reader.sink.drained()
        if (isGone(reader)) return
      }
    } catch (error) {
      this.#drop(reader)
      throw error
    }
    reader.state = 'live'
    this.#send(reader, heartbeatEvent(this.#head, this.#options.now()), reader.sequence)
  }

  /**
   * Tells every live reader where the list has got to. Silent when the database cannot be asked: readers are to notice
   * that nobody knows. Those who are catching up hear enough, and would take a heartbeat for a gap.
   */
  async #beat(): Promise<void> {
    await this.#look()
    const credentials = await this.#options.credentials.list()
    const revoked = new Set(credentials.filter(({ revokedAt }) => revokedAt !== null).map(({ id }) => id))
    const bytes = heartbeatEvent(this.#head, this.#options.now())
    for (const reader of this.#readers) {
      const { credentialId } = reader.identity
      if (credentialId !== null && revoked.has(credentialId)) this.#end(reader)
      else if (!reader.isMoving()) this.#drop(reader)
      else if (reader.state === 'live') this.#send(reader, bytes, reader.sequence)
    }
  }

  #covers(cursor: FeedCursor): boolean {
    return cursor.epoch === this.#head.epoch && cursor.sequence <= this.#head.sequence
  }

  #send(reader: FeedReader, bytes: Uint8Array, sequence: number): boolean {
    const keepsUp = reader.send(bytes, sequence)
    if (!keepsUp) this.#drop(reader)
    return keepsUp
  }

  #reset(reader: FeedReader): void {
    reader.sink.write(resetEvent())
    this.#end(reader)
  }

  #end(reader: FeedReader): void {
    this.#forget(reader)
    reader.sink.end()
  }

  #drop(reader: FeedReader): void {
    this.#forget(reader)
    reader.sink.destroy()
  }

  #forget(reader: FeedReader): void {
    reader.state = 'gone'
    this.#readers.delete(reader)
  }

  #attempt(work: Promise<void>): void {
    work.catch((error: unknown) => {
      if (!this.#closed) this.#options.onError(error)
    })
  }
}

function entriesOf(batch: readonly SequencedRevocation[]) {
  return batch.map(({ entry }) => entry)
}

/** A function of its own, since the type checker does not know that waiting lets others act. */
function isGone(reader: FeedReader): boolean {
  return reader.state === 'gone'
}
