import { Buffer } from 'node:buffer'
import { randomBytes } from 'node:crypto'

/** The key of a fingerprint: two signed 32-bit numbers, random and private to the process. */
export interface FingerprintKey {
  readonly k0: number
  readonly k1: number
}

/** Makes a key that nobody outside the process can know. */
export function createFingerprintKey(): FingerprintKey {
  const bytes = randomBytes(8)
  return { k0: bytes.readInt32LE(0), k1: bytes.readInt32LE(4) }
}

/**
 * Computes keyed 64-bit fingerprints of strings: HalfSipHash-1-3, the reduced-round form that hash tables use.
 *
 * Keyed, so that nobody who does not know the key can choose strings that collide. Two different strings share a
 * fingerprint with probability 2⁻⁶⁴: among a million revoked identifiers, one check in 18 million million is wrong,
 * and then refuses. `low` and `high` (signed) hold the outcome of the last call, because an object per look-up would
 * cost more than the hash. Not a MAC: an outcome must not leave the process.
 *
 * @see Aumasson and Bernstein, "SipHash: a fast short-input PRF"
 */
export class Fingerprint {
  low = 0
  high = 0
  readonly #k0: number
  readonly #k1: number

  constructor({ k0, k1 }: FingerprintKey) {
    this.#k0 = k0 | 0
    this.#k1 = k1 | 0
  }

  /** Sets `low` and `high`. */
  of(text: string): void {
    // Identifiers are ASCII in practice; anything else is hashed as its UTF-16 bytes, told apart by another constant.
    if (!this.#hash(text, NARROW)) this.#hash(Buffer.from(text, 'utf16le').toString('latin1'), WIDE)
  }

  /** Four characters to a word. `false`, and no outcome, when one of them does not fit into eight bits. */
  #hash(text: string, packing: number): boolean {
    const { length } = text
    const whole = length & ~3
    let v0 = this.#k0
    let v1 = this.#k1 ^ packing
    let v2 = 0x6c796765 ^ this.#k0
    let v3 = 0x74656462 ^ this.#k1
    let seen = 0
    for (let at = 0; at <= whole; at += 4) {
      let word: number
      if (at < whole) {
        const a = text.charCodeAt(at)
        const b = text.charCodeAt(at + 1)
        const c = text.charCodeAt(at + 2)
        const d = text.charCodeAt(at + 3)
        seen |= a | b | c | d
        word = a | (b << 8) | (c << 16) | (d << 24)
      } else {
        word = length << 24
        for (let rest = length - 1; rest >= whole; rest--) {
          const unit = text.charCodeAt(rest)
          seen |= unit
          word |= unit << ((rest & 3) << 3)
        }
      }
      v3 ^= word
      // one SipRound; all state in local variables is worth a factor of three
      v0 = (v0 + v1) | 0
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
      v0 = (v0 << 16) | (v0 >>> 16)
      v2 = (v2 + v3) | 0
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
      v0 = (v0 + v3) | 0
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
      v2 = (v2 + v1) | 0
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
      v2 = (v2 << 16) | (v2 >>> 16)
      v0 ^= word
    }
    if (seen > 0xff) return false

    v2 ^= 0xee
    for (let round = 0; round < 6; round++) {
      if (round === 3) {
        this.low = v1 ^ v3
        v1 ^= 0xdd
      }
      v0 = (v0 + v1) | 0
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
      v0 = (v0 << 16) | (v0 >>> 16)
      v2 = (v2 + v3) | 0
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
      v0 = (v0 + v3) | 0
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
      v2 = (v2 + v1) | 0
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
      v2 = (v2 << 16) | (v2 >>> 16)
    }
    this.high = v1 ^ v3
    return true
  }
}

/** 0xee marks the 64-bit form; the second one is ours, so that no wide text gives the words of a narrow one. */
const NARROW = 0xee
const WIDE = 0x1ee
