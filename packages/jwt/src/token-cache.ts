import { Buffer } from 'node:buffer'
import type { CacheLimits } from './policy.ts'
import type { VerifiedToken } from './verified-token.ts'

export interface CachedToken {
  readonly verified: VerifiedToken
  /** The key set's version under which the key was last seen to be trusted. */
  version: number
}

/** Fixed cost of an entry: map slot, strings' headers, the claims object. An estimate on the safe side for Node 26. */
const ENTRY_OVERHEAD_BYTES = 512
/** One character of a token stands for itself and, decoded, for its share of the parsed claims. */
const BYTES_PER_CHARACTER = 3

/**
 * Remembers verified tokens by their whole text.
 *
 * Two generations, each with half of the limits: when the young one is full it becomes the old one, and what the old one held
 * is dropped. A token used in between moves to the young one. So eviction costs nothing per entry and a busy token stays.
 */
export class TokenCache {
  readonly #maxEntries: number
  readonly #maxBytes: number
  #young = new Map<string, CachedToken>()
  #youngBytes = 0
  #old = new Map<string, CachedToken>()

  constructor(limits: Required<CacheLimits>) {
    this.#maxEntries = Math.floor(limits.maxEntries / 2)
    this.#maxBytes = Math.floor(limits.maxBytes / 2)
  }

  get(token: string): CachedToken | undefined {
    const cached = this.#young.get(token)
    if (cached !== undefined) return cached
    const survivor = this.#old.get(token)
    if (survivor !== undefined) this.#insert(token, survivor)
    return survivor
  }

  set(token: string, cached: CachedToken): void {
    this.#insert(flatCopy(token), cached)
  }

  delete(token: string): void {
    if (this.#young.delete(token)) this.#youngBytes -= costOf(token)
    this.#old.delete(token)
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  #insert(token: string, cached: CachedToken): void {
    const cost = costOf(token)
    if (cost > this.#maxBytes || this.#maxEntries === 0) return
    if (this.#young.size >= this.#maxEntries || this.#youngBytes + cost > this.#maxBytes) {
      this.#old = this.#young
      this.#young = new Map()
      this.#youngBytes = 0
    }
    if (!this.#young.has(token)) this.#youngBytes += cost
    this.#young.set(token, cached)
  }
}

function costOf(token: string): number {
  return ENTRY_OVERHEAD_BYTES + token.length * BYTES_PER_CHARACTER
}

/** A token is often a slice of a larger header, which the slice would keep alive. */
function flatCopy(token: string): string {
  return Buffer.from(token, 'latin1').toString('latin1')
}
