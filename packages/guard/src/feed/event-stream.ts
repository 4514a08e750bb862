/** One event of a stream, when its blank line has arrived. */
export interface StreamEvent {
  /** `message` where the stream names none. */
  readonly event: string
  readonly data: string
  /** The `id` of this event itself; an earlier one is not carried over. */
  readonly id: string | undefined
}

export interface EventStreamLimits {
  readonly maxLineBytes: number
  /** For all lines of one event together. */
  readonly maxEventBytes: number
}

/** The stream is not what it says it is, or more than is taken. Its message holds nothing of the stream. */
export class EventStreamError extends Error {
  override readonly name = 'EventStreamError'
}

const LF = 10
const CR = 13
const BYTE_ORDER_MARK = /^\uFEFF/

/**
 * Reads `text/event-stream` piece by piece, wherever the pieces are cut.
 *
 * An event is handed over when the blank line after it has arrived, never before: a stream that breaks off in the
 * middle of an event has not delivered it. Lines end in LF, CR or both. Comments and unknown fields are passed over;
 * `retry` is, too. Stricter than a browser: invalid UTF-8 and a NUL in an `id` are errors, not repaired.
 *
 * After an error the parser must not be used again.
 *
 * @see WHATWG HTML §9.2.6
 */
export class EventStreamParser {
  readonly #limits: EventStreamLimits
  readonly #onEvent: (event: StreamEvent) => void
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  /** The pieces of a line whose end has not arrived. */
  #pending: Uint8Array[] = []
  #pendingBytes = 0
  #eventBytes = 0
  #endedInCr = false
  #isFirstLine = true
  #event = ''
  #data: string[] = []
  #id: string | undefined

  constructor(limits: EventStreamLimits, onEvent: (event: StreamEvent) => void) {
    this.#limits = limits
    this.#onEvent = onEvent
  }

  /** @throws EventStreamError, and whatever `onEvent` throws */
  push(bytes: Uint8Array): void {
    let start = 0
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at]
      if (byte !== LF && byte !== CR) {
        this.#endedInCr = false
        continue
      }
      if (byte === LF && this.#endedInCr) this.#endedInCr = false
      else {
        this.#takeLine(bytes.subarray(start, at))
        this.#endedInCr = byte === CR
      }
      start = at + 1
    }
    if (start < bytes.length) this.#keep(bytes.subarray(start))
  }

  #keep(piece: Uint8Array): void {
    this.#pendingBytes += piece.length
    this.#checkLine(this.#pendingBytes)
    // A copy, because the caller may use its buffer again.
    this.#pending.push(new Uint8Array(piece))
  }

  #takeLine(end: Uint8Array): void {
    const length = this.#pendingBytes + end.length
    this.#checkLine(length)
    const line = this.#decode(this.#pending.length === 0 ? end : joined([...this.#pending, end], length))
    this.#pending = []
    this.#pendingBytes = 0
    this.#eventBytes += length
    if (this.#eventBytes > this.#limits.maxEventBytes) throw new EventStreamError('an event is too large')
    this.#readLine(this.#isFirstLine ? line.replace(BYTE_ORDER_MARK, '') : line)
    this.#isFirstLine = false
  }

  #checkLine(length: number): void {
    if (length > this.#limits.maxLineBytes) throw new EventStreamError('a line is too long')
  }

  #decode(line: Uint8Array): string {
    try {
      return this.#decoder.decode(line)
    } catch {
      throw new EventStreamError('the stream is not UTF-8')
    }
  }

  #readLine(line: string): void {
    if (line === '') {
      this.#dispatch()
      return
    }
    const colon = line.indexOf(':')
    if (colon === 0) return
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (field === 'data') this.#data.push(value)
    else if (field === 'event') this.#event = value
    else if (field === 'id') {
      if (value.includes('\0')) throw new EventStreamError('an id holds a NUL')
      this.#id = value
    }
  }

  /** Without data there is no event, only comments and fields nobody waits for. */
  #dispatch(): void {
    const event = { event: this.#event === '' ? 'message' : this.#event, data: this.#data.join('\n'), id: this.#id }
    const hasData = this.#data.length > 0
    this.#event = ''
    this.#data = []
    this.#id = undefined
    this.#eventBytes = 0
    if (hasData) this.#onEvent(event)
  }
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}
