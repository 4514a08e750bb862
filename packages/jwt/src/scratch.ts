import { Buffer } from 'node:buffer'

/** Tokens of one issuer differ little in length, so a few views serve nearly all of them. A power of two. */
const VIEWS = 64
const WORD_BYTES = 4

/**
 * Memory that is used again for every token, with its views kept: making a view costs as much as filling it.
 *
 * Only for work that finishes before anything else can run: what is written here is gone with the next token.
 */
export class Scratch {
  readonly bytes: Buffer
  /** The same memory, four bytes at a time, in the byte order of the machine. */
  readonly words: Int32Array
  readonly #views: (Buffer | undefined)[] = Array.from({ length: VIEWS })

  /** @param size bytes that can be written; one word more is there for whoever reads words to the end */
  constructor(size: number) {
    const words = Math.ceil(size / WORD_BYTES) + 1
    this.bytes = Buffer.allocUnsafeSlow(words * WORD_BYTES)
    this.words = new Int32Array(this.bytes.buffer, this.bytes.byteOffset, words)
  }

  static of(bytes: Uint8Array): Scratch {
    const scratch = new Scratch(bytes.length)
    scratch.bytes.set(bytes)
    return scratch
  }

  /** The first `length` bytes. */
  view(length: number): Buffer {
    const slot = length & (VIEWS - 1)
    const known = this.#views[slot]
    if (known !== undefined && known.length === length) return known
    const view = this.bytes.subarray(0, length)
    this.#views[slot] = view
    return view
  }
}
