import type { EpochSeconds } from '../domain/time.ts'

/** Where a stream's bytes go. */
export interface FeedSink {
  write(bytes: Uint8Array): void
  /** Bytes written that the network has not taken yet. */
  bufferedBytes(): number
  /** Resolves when nothing is buffered any more, or the sink is gone. */
  drained(): Promise<void>
  /** Ends the stream after what was written. */
  end(): void
  /** Cuts it. */
  destroy(): void
}

/** Who follows the feed, as far as it has said so. */
export interface ReaderIdentity {
  /** What the guard calls itself, or else its credential; empty when it has said nothing. */
  readonly name: string
  /** The credential it came with; `null` where the feed is open. */
  readonly credentialId: string | null
  /** Key ids it holds. */
  readonly kids: readonly string[]
  readonly address: string
}

/** More than this unread, and a reader is dropped: it comes back and catches up at its own pace. */
const MAX_BUFFERED_BYTES = 1_048_576

/** Beats in a row at which something was still unread. */
const MAX_STUCK_BEATS = 4

/** One open stream. */
export class FeedReader {
  readonly identity: ReaderIdentity
  readonly connectedAt: EpochSeconds
  readonly sink: FeedSink
  /** The last sequence written to it. */
  sequence: number
  /** `behind` until everything there was has been written to it; then it gets what comes, when it comes. */
  state: 'behind' | 'live' | 'gone' = 'behind'
  #stuckBeats = 0

  constructor(identity: ReaderIdentity, connectedAt: EpochSeconds, sink: FeedSink, sequence: number) {
    this.identity = identity
    this.connectedAt = connectedAt
    this.sink = sink
    this.sequence = sequence
  }

  /** Writes an event. Returns whether the reader keeps up; if not, it is to be dropped. */
  send(bytes: Uint8Array, sequence = this.sequence): boolean {
    this.sink.write(bytes)
    this.sequence = sequence
    return this.sink.bufferedBytes() <= MAX_BUFFERED_BYTES
  }

  /** To be asked at every heartbeat: whether it has read anything lately. */
  isMoving(): boolean {
    this.#stuckBeats = this.sink.bufferedBytes() === 0 ? 0 : this.#stuckBeats + 1
    return this.#stuckBeats < MAX_STUCK_BEATS
  }
}
