import {
  formatCursor,
  GUARD_NAME_HEADER,
  HEARTBEAT_SECONDS,
  HELD_KEYS_HEADER,
  LONGEST_CLOCK_SKEW_SECONDS,
} from '@signet/protocol'
import type { FeedCursor, RevocableToken } from '@signet/protocol'
import type { RevocationHealth, RevocationSource } from '../revocation.ts'
import { RevocationSet } from '../revocation/revocation-set.ts'
import { FeedError } from './feed-error.ts'
import { reasonOf, requestFeed } from './feed-request.ts'
import { FeedResetError, FeedStream } from './feed-stream.ts'
import { Freshness } from './freshness.ts'
import type { FeedRuntime } from './runtime.ts'
import { readSnapshot, SNAPSHOT_MAX_BYTES } from './snapshot.ts'
import { Watchdog } from './watchdog.ts'

export interface FeedClientOptions {
  /** Finds the feed's address; `undefined` when the issuer has none. Asked again after a failure. */
  readonly findUrl: () => Promise<string | undefined>
  /** Sent with every request to the feed. */
  readonly credential: string | undefined
  /** What the guard calls itself, for the operator of the server. */
  readonly name: string | undefined
  /** Ids of the keys the guard holds; a change of them is told to the server by a new stream. */
  readonly heldKeys: () => readonly string[]
  /** Called about once a second while the feed is followed. */
  readonly onTick: () => void
  readonly firstSnapshotTimeoutSeconds: number
  readonly maxStalenessSeconds: number
  readonly runtime: FeedRuntime
}

export interface FeedHealth extends RevocationHealth {
  readonly bytes: number
  /** Everything up to here is held; `null` before the first snapshot. */
  readonly cursor: string | null
  /** Since it was last known that nothing is missing; `null` if it never was. */
  readonly stalenessSeconds: number | null
  /** Whether a stream is open. */
  readonly connected: boolean
  /** Why the last connection ended or could not be made; `null` once one delivers again. */
  readonly lastError: string | null
}

const SILENCE_MS = 2 * HEARTBEAT_SECONDS * 1000
const SNAPSHOT_TIMEOUT_MS = 30_000
/** The pause before the first reconnect is half of this up to all of it; it doubles with each failure … */
const FIRST_PAUSE_MS = 250
/** … up to this, so that a server that is back is noticed well before guards become stale. */
const LONGEST_PAUSE_MS = 5000
/** A stream may be cut before its first event; when that goes on, something on the way keeps them back. */
const MAX_FRUITLESS = 2
/** An issuer without a feed may get one. */
const LOOK_AGAIN_MS = 300_000
const TICK_MS = 1000
const SWEEPS_PER_ROUND = 60
/** More ids than an issuer ever publishes; a header has to stay small. */
const MAX_HELD_KEYS_LENGTH = 4096

/**
 * Follows a revocation feed: a snapshot, then the stream of what comes after it, for as long as the guard lives.
 *
 * A stream that ends, breaks, falls silent (twice the heartbeat) or leaves out what it announced is opened again at
 * the cursor, after a pause that grows and is spread at random. A new snapshot is taken when the server asks for one
 * or has begun another history, and when streams bring nothing at all, as behind a proxy that holds back what is not
 * finished. The set in use stays in use until the new one is complete, and is then replaced at
 * once: nothing revoked is accepted in between.
 *
 * Does not decide what a stale guard does. A connection keeps the process alive, a pause does not; `close` ends both.
 */
export class FeedClient implements RevocationSource {
  readonly set: RevocationSet
  readonly #options: FeedClientOptions
  readonly #runtime: FeedRuntime
  readonly #freshness: Freshness
  readonly #settling = Promise.withResolvers<void>()
  #settled = false
  #started = false
  #closed = false
  #url: string | undefined
  #cursor: FeedCursor | undefined
  #needsSnapshot = true
  /** Attempts in a row without an event. */
  #failures = 0
  /** Streams in a row that were accepted and brought no event. */
  #fruitless = 0
  /** Where the last gap was met: the same one twice, and the stream will not close it. */
  #gapAt: number | undefined
  #isConnected = false
  #lastError: FeedError | undefined
  #connection: AbortController | undefined
  #heldKeys = ''
  #cancelSettle: (() => void) | undefined
  #cancelTick: (() => void) | undefined
  #endPause: (() => void) | undefined

  constructor(options: FeedClientOptions) {
    this.#options = options
    this.#runtime = options.runtime
    this.#freshness = new Freshness(options.runtime)
    this.set = new RevocationSet({ now: options.runtime.now, retainSeconds: LONGEST_CLOCK_SKEW_SECONDS })
  }

  get version(): number {
    return this.set.version
  }

  isRevoked(token: RevocableToken): boolean {
    return this.set.isRevoked(token)
  }

  /** Whether waiting is over: the first snapshot is there, or did not come in time. */
  get settled(): boolean {
    return this.#settled
  }

  /** More than `maxStalenessSeconds` since it was known that nothing is missing; also when there is no feed to follow. */
  isStale(): boolean {
    return this.#freshness.seconds() > this.#options.maxStalenessSeconds
  }

  health(): FeedHealth {
    const seconds = this.#freshness.seconds()
    return {
      ...this.set.health(),
      cursor: this.#cursor === undefined ? null : formatCursor(this.#cursor),
      stalenessSeconds: Number.isFinite(seconds) ? seconds : null,
      connected: this.#isConnected,
      lastError: this.#lastError?.message ?? null,
    }
  }

  /** Begins to follow, at the first call. */
  start(): void {
    if (this.#started || this.#closed) return
    this.#started = true
    void this.#run()
    this.#cancelTick = this.#runtime.after(TICK_MS, () => this.#tick())
  }

  /** Begins to follow and waits for the first snapshot, at most `firstSnapshotTimeoutSeconds` from the first call. */
  ready(): Promise<void> {
    this.start()
    if (!this.#settled) {
      this.#cancelSettle ??= this.#runtime.after(this.#options.firstSnapshotTimeoutSeconds * 1000, () => this.#settle())
    }
    return this.#settling.promise
  }

  /** Ends everything; what was learnt stays. Idempotent. */
  close(): void {
    this.#closed = true
    this.#connection?.abort(new FeedError('the guard is closed'))
    this.#cancelTick?.()
    this.#endPause?.()
    this.#settle()
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      const pause = await this.#attempt()
      if (pause > 0 && !this.#closed) await this.#pause(pause)
    }
  }

  /** One connection from beginning to end. @returns how many milliseconds to wait before the next one */
  async #attempt(): Promise<number> {
    try {
      this.#url ??= await this.#options.findUrl()
      if (this.#url === undefined) throw new FeedError('the issuer publishes no revocation feed on its own origin')
      if (this.#needsSnapshot) await this.#connect((connection) => this.#load(connection))
      await this.#connect((connection) => this.#follow(connection))
      return 0
    } catch (error) {
      return this.#fail(error)
    }
  }

  #fail(error: unknown): number {
    const failure = error instanceof FeedError ? error : new FeedError('the feed could not be read', { cause: error })
    if (!this.#closed) this.#lastError = failure
    if (this.#url === undefined && error === failure) {
      this.#settle()
      return LOOK_AGAIN_MS
    }
    const isFirst = this.#failures === 0
    this.#failures += 1
    if (failure instanceof FeedResetError) {
      this.#needsSnapshot = true
      if (isFirst) return 0
    }
    const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.#failures - 1))
    return Math.max(longest * (0.5 + this.#runtime.random() / 2), (failure.retryAfterSeconds ?? 0) * 1000)
  }

  /** Runs one request under a signal of its own. A change of the held keys ends it without being a failure. */
  async #connect(run: (connection: AbortController) => Promise<void>): Promise<void> {
    if (this.#closed) return
    const connection = new AbortController()
    this.#connection = connection
    try {
      await run(connection)
    } catch (error) {
      if (connection.signal.reason === KEYS_CHANGED) return
      throw reasonOf(connection.signal) ?? error
    } finally {
      this.#connection = undefined
      // Whatever is left of the answer is not wanted.
      connection.abort()
    }
  }

  async #load(connection: AbortController): Promise<void> {
    const { runtime } = this.#options
    const cancel = runtime.after(SNAPSHOT_TIMEOUT_MS, () =>
      connection.abort(new FeedError('the snapshot took too long')),
    )
    const asked = new Freshness(runtime)
    asked.mark()
    try {
      // The first may come from a cache, since the stream brings what it lacks; a later one is taken for what it says.
      const response = await this.#request(connection, 'application/json', this.#cursor === undefined ? {} : NO_CACHE)
      const next = this.set.createEmpty()
      const cursor = await readSnapshot(bodyOf(response), next, SNAPSHOT_MAX_BYTES)
      if (this.#closed) return
      this.#replace(next, cursor)
      this.#freshness.mark(asked.seconds() + ageOf(response))
      this.#needsSnapshot = false
      this.#fruitless = 0
      this.#settle()
    } finally {
      cancel()
    }
  }

  /** A snapshot from before what we know, of the same history, cannot take back what was revoked since. */
  #replace(next: RevocationSet, cursor: FeedCursor): void {
    const isOlder = this.#cursor?.epoch === cursor.epoch && cursor.sequence < this.#cursor.sequence
    if (isOlder) this.set.addAll(next)
    else this.set.adopt(next)
    this.#cursor = cursor
  }

  async #follow(connection: AbortController): Promise<void> {
    const { runtime } = this.#options
    if (this.#cursor === undefined) return
    const stop = (error: FeedError): void => connection.abort(error)
    const watchdog = new Watchdog(runtime, SILENCE_MS, () => {
      if (events === 0) this.#needsSnapshot = true
      stop(new FeedError('the stream fell silent'))
    })
    let events = 0
    const stream = new FeedStream({
      set: this.set,
      cursor: this.#cursor,
      runtime,
      onProgress: ({ cursor }, isComplete) => {
        events += 1
        this.#fruitless = 0
        watchdog.touch()
        this.#advance(cursor, isComplete)
      },
      onGap: (error) => {
        if (this.#gapAt === stream.cursor.sequence) this.#needsSnapshot = true
        this.#gapAt = stream.cursor.sequence
        stop(error)
      },
    })
    try {
      this.#heldKeys = this.#listHeldKeys()
      const response = await this.#request(connection, 'text/event-stream', this.#streamHeaders(this.#cursor))
      this.#isConnected = true
      this.#fruitless += 1
      for await (const bytes of bodyOf(response)) stream.push(bytes)
      throw new FeedError('the stream ended')
    } finally {
      this.#isConnected = false
      watchdog.stop()
      stream.stop()
      if (this.#fruitless >= MAX_FRUITLESS) this.#needsSnapshot = true
    }
  }

  #advance(cursor: FeedCursor, isComplete: boolean): void {
    this.#cursor = cursor
    if (!isComplete) return
    this.#freshness.mark()
    this.#failures = 0
    this.#lastError = undefined
  }

  #request(
    { signal }: AbortController,
    accept: 'application/json' | 'text/event-stream',
    headers: Record<string, string>,
  ): Promise<Response> {
    const { credential } = this.#options
    return requestFeed({ url: this.#url ?? '', fetch: this.#runtime.fetch, credential, accept, headers, signal })
  }

  #streamHeaders(cursor: FeedCursor): Record<string, string> {
    const { name } = this.#options
    return {
      ...NO_CACHE,
      'last-event-id': formatCursor(cursor),
      ...(this.#heldKeys === '' ? {} : { [HELD_KEYS_HEADER]: this.#heldKeys }),
      ...(name === undefined ? {} : { [GUARD_NAME_HEADER]: name }),
    }
  }

  /** A key id that would not fit into the list is left out; the server counts such a key as not held, and waits. */
  #listHeldKeys(): string {
    const kids = this.#options.heldKeys().filter((kid) => /^[\x21-\x2b\x2d-\x7e]{1,256}$/.test(kid))
    const list = kids.toSorted().join(',')
    return list.length <= MAX_HELD_KEYS_LENGTH ? list : ''
  }

  #tick(): void {
    if (this.#closed) return
    this.#cancelTick = this.#runtime.after(TICK_MS, () => this.#tick())
    this.set.sweep(1 / SWEEPS_PER_ROUND)
    this.#options.onTick()
    if (this.#isConnected && this.#listHeldKeys() !== this.#heldKeys) this.#connection?.abort(KEYS_CHANGED)
  }

  #settle(): void {
    this.#cancelSettle?.()
    this.#settled = true
    this.#settling.resolve()
  }

  #pause(milliseconds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const cancel = this.#runtime.after(milliseconds, resolve)
    this.#endPause = () => {
      cancel()
      resolve()
    }
    return promise
  }
}

const KEYS_CHANGED = new FeedError('the held keys have changed')
const NO_CACHE = { 'cache-control': 'no-cache' }

/** Seconds the answer has lain in a cache (RFC 9111 §5.1). */
function ageOf({ headers }: Response): number {
  const age = headers.get('age') ?? ''
  return /^\d{1,9}$/.test(age) ? Number(age) : 0
}

async function* bodyOf(response: Response): AsyncGenerator<Uint8Array> {
  for await (const chunk of response.body ?? []) yield chunk
}
