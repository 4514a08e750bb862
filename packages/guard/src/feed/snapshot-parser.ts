import { Buffer } from 'node:buffer'
import { parseCursor } from '@signet/protocol'
import type { FeedCursor, Revocation } from '@signet/protocol'
import { isInstant } from './entries.ts'
import { FeedError } from './feed-error.ts'

/** Longer than any identifier; what may have to be kept until its end arrives. */
const MAX_TOKEN_BYTES = 16_384
/** What a newer server adds to a snapshot may be nested, within reason. */
const MAX_DEPTH = 32

/** What may come next. */
type Expected = 'value' | 'value or ]' | 'name' | 'name or }' | ':' | ', or end' | 'nothing'
type Scalar = string | number | boolean | null

const GROUPS = ['tokens', 'sessions', 'subjects', 'keys'] as const
type Group = (typeof GROUPS)[number]

const QUOTE = 0x22
const BACKSLASH = 0x5c

/**
 * Reads a snapshot (`RevocationSnapshot`) piece by piece, wherever the pieces are cut, and hands over each entry as soon
 * as it has arrived.
 *
 * A list of a million entries so never exists as a whole, and no other work waits for longer than one piece takes.
 * The JSON is held to RFC 8259. Members that are not known are passed over; those that are must have the shape they
 * are to have. After an error the parser must not be used again.
 */
export class SnapshotParser {
  readonly #onEntry: (entry: Revocation) => void
  #rest = Buffer.alloc(0)
  #expected: Expected = 'value'
  /** `{` or `[` of each open container. */
  readonly #open: ('{' | '[')[] = []
  /** The member of the document, and of it the instant, that is being read. */
  #member = ''
  #until = 0
  #pair: Scalar[] = []
  #cursor: FeedCursor | null = null
  readonly #seen = new Set<Group>()

  constructor(onEntry: (entry: Revocation) => void) {
    this.#onEntry = onEntry
  }

  /** @throws FeedError, and whatever `onEntry` throws */
  push(bytes: Uint8Array): void {
    const piece = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const buffer = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece])
    const end = this.#read(buffer, false)
    if (buffer.length - end > MAX_TOKEN_BYTES) throw malformed('a value is too long')
    // A copy, because the caller may use its buffer again.
    this.#rest = Buffer.from(buffer.subarray(end))
  }

  /** To be called after the last piece. @returns the cursor up to which the entries are complete */
  end(): FeedCursor {
    const at = this.#read(this.#rest, true)
    if (at < this.#rest.length || this.#expected !== 'nothing') throw malformed('it breaks off')
    for (const group of GROUPS) if (!this.#seen.has(group)) throw malformed(group)
    if (this.#cursor === null) throw malformed('cursor')
    return this.#cursor
  }

  /** @returns where the first token begins that may not have arrived whole */
  #read(buffer: Buffer, isLast: boolean): number {
    let at = 0
    while (at < buffer.length) {
      const byte = buffer[at] ?? 0
      if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) at += 1
      else if (byte === QUOTE) {
        const end = endOfString(buffer, at + 1)
        if (end < 0) return at
        this.#string(textOf(buffer, at, end))
        at = end + 1
      } else if (isPunctuation(byte)) {
        this.#punctuation(String.fromCharCode(byte))
        at += 1
      } else {
        const end = endOfWord(buffer, at)
        if (end === buffer.length && !isLast) return at
        this.#value(wordOf(buffer.toString('latin1', at, end)))
        at = end
      }
    }
    return at
  }

  #string(text: string): void {
    if (this.#expected !== 'name' && this.#expected !== 'name or }') {
      this.#value(text)
      return
    }
    this.#expected = ':'
    const depth = this.#open.length
    if (depth === 1) this.#member = text
    else if (depth === 2 && isGroup(this.#member)) {
      this.#until = /^\d{1,15}$/.test(text) ? Number(text) : 0
      if (this.#until === 0) throw malformed(this.#member)
    }
  }

  #punctuation(mark: string): void {
    if (mark === '{' || mark === '[') this.#begin(mark)
    else if (mark === '}' || mark === ']') this.#finish(mark)
    else if (mark === ':' && this.#expected === ':') this.#expected = 'value'
    else if (mark === ',' && this.#expected === ', or end' && this.#open.length > 0) {
      this.#expected = this.#open.at(-1) === '{' ? 'name' : 'value'
    } else throw malformed('not JSON')
  }

  #begin(mark: '{' | '['): void {
    this.#expectValue()
    const depth = this.#open.length
    if (depth >= MAX_DEPTH) throw malformed('too deep')
    if (depth === 0 && mark !== '{') throw malformed('whole')
    if (depth > 0 && isGroup(this.#member)) this.#checkShape(this.#member, mark, depth)
    this.#open.push(mark)
    this.#expected = mark === '{' ? 'name or }' : 'value or ]'
  }

  /** `{ until: [ id ] }`, and for subjects `{ until: [ [ sub, before ] ] }`. */
  #checkShape(group: Group, mark: '{' | '[', depth: number): void {
    const shape = group === 'subjects' ? '{[[' : '{['
    if (shape[depth - 1] !== mark) throw malformed(group)
    if (depth === 1) this.#seen.add(group)
    if (depth === 3) this.#pair = []
  }

  #finish(mark: '}' | ']'): void {
    const empty = mark === '}' ? 'name or }' : 'value or ]'
    const begun = mark === '}' ? '{' : '['
    if (this.#open.at(-1) !== begun || (this.#expected !== empty && this.#expected !== ', or end')) {
      throw malformed('not JSON')
    }
    this.#open.pop()
    this.#expected = this.#open.length === 0 ? 'nothing' : ', or end'
    if (this.#member === 'subjects' && this.#open.length === 3) this.#subject()
  }

  #value(value: Scalar): void {
    this.#expectValue()
    const depth = this.#open.length
    if (depth === 0) throw malformed('whole')
    this.#expected = ', or end'
    if (isGroup(this.#member)) this.#entry(this.#member, value, depth)
    else if (this.#member === 'cursor' && depth === 1) {
      this.#cursor = typeof value === 'string' ? parseCursor(value) : null
      if (this.#cursor === null) throw malformed('cursor')
    }
  }

  #expectValue(): void {
    if (this.#expected !== 'value' && this.#expected !== 'value or ]') throw malformed('not JSON')
  }

  #entry(group: Group, value: Scalar, depth: number): void {
    if (group === 'subjects' && depth === 4) {
      this.#pair.push(value)
      return
    }
    if (group === 'subjects' || depth !== 3 || typeof value !== 'string') throw malformed(group)
    const until = this.#until
    if (group === 'tokens') this.#onEntry({ kind: 'token', jti: value, until })
    else if (group === 'sessions') this.#onEntry({ kind: 'session', sid: value, until })
    else this.#onEntry({ kind: 'key', kid: value, until })
  }

  #subject(): void {
    const [sub, before] = this.#pair
    if (this.#pair.length !== 2 || typeof sub !== 'string' || !isInstant(before)) throw malformed('subjects')
    this.#onEntry({ kind: 'subject', sub, before, until: this.#until })
  }
}

function isGroup(member: string): member is Group {
  return (GROUPS as readonly string[]).includes(member)
}

/** Where the closing quote is, or -1 when it has not arrived. */
function endOfString(buffer: Buffer, from: number): number {
  let at = from
  while (at < buffer.length && buffer[at] !== QUOTE) at += buffer[at] === BACKSLASH ? 2 : 1
  return at < buffer.length ? at : -1
}

/** Identifiers are plain ASCII; whatever is not is left to the platform's own reading of JSON and UTF-8. */
function textOf(buffer: Buffer, quote: number, end: number): string {
  for (let at = quote + 1; at < end; at++) {
    const byte = buffer[at] ?? 0
    if (byte < 0x20 || byte > 0x7e || byte === BACKSLASH) return unusualText(buffer.subarray(quote, end + 1))
  }
  return buffer.toString('latin1', quote + 1, end)
}

function unusualText(quoted: Uint8Array): string {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(quoted)) as string
  } catch {
    throw malformed('not JSON')
  }
}

function isPunctuation(byte: number): boolean {
  // { } [ ] : ,
  return byte === 0x7b || byte === 0x7d || byte === 0x5b || byte === 0x5d || byte === 0x3a || byte === 0x2c
}

function endOfWord(buffer: Buffer, from: number): number {
  let at = from
  while (at < buffer.length && isWordByte(buffer[at] ?? 0)) at += 1
  // A byte that belongs nowhere is a word of its own, and refused as one.
  return at === from ? from + 1 : at
}

/** Letters, digits, `+`, `-` and `.`. */
function isWordByte(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    ((byte | 0x20) - 0x61 < 26 && (byte | 0x20) >= 0x61) ||
    byte === 0x2b ||
    byte === 0x2d ||
    byte === 0x2e
  )
}

function wordOf(text: string): Scalar {
  if (text === 'true') return true
  if (text === 'false') return false
  if (text === 'null') return null
  if (!/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text)) throw malformed('not JSON')
  return Number(text)
}

function malformed(part: string): FeedError {
  return new FeedError(`the snapshot cannot be read (${part})`)
}
