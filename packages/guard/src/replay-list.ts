import { createHash } from 'node:crypto'
import type { EpochSeconds } from '@signet/jwt'

/** - `new` never seen · `seen` it was used before · `full` no room to remember it, so it cannot be accepted */
export type ReplayVerdict = 'new' | 'seen' | 'full'

/**
 * Remembers which proofs of possession were used, each for as long as it could be used again (RFC 9449 §11.1).
 *
 * Bounded: when it is full of proofs that are still good, further ones are refused rather than older ones forgotten,
 * since a forgotten proof can be replayed. One process wide: resource servers in several processes each keep their
 * own, so a stolen proof may be used once in each of them within its lifetime.
 */
export class ReplayList {
  readonly #maxEntries: number
  /** By insertion; an entry is half a hash of key and `jti`, since a client may choose a `jti` of any length. */
  readonly #seen = new Map<string, EpochSeconds>()

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries
  }

  /** @param until the last second at which the same proof would still be accepted */
  remember(jkt: string, jti: string, until: EpochSeconds, now: EpochSeconds): ReplayVerdict {
    const id = createHash('sha256').update(`${jkt}\n${jti}`).digest('base64url').slice(0, 22)
    const known = this.#seen.get(id)
    if (known !== undefined && known >= now) return 'seen'
    this.#forgetLapsed(now)
    if (this.#seen.size >= this.#maxEntries) return 'full'
    this.#seen.delete(id)
    this.#seen.set(id, until)
    return 'new'
  }

  get size(): number {
    return this.#seen.size
  }

  /**
   * Proofs come in nearly the order of their `until`, so the lapsed ones are at the front; one with a clock that
   * runs ahead holds up those behind it for no longer than its own lifetime.
   */
  #forgetLapsed(now: EpochSeconds): void {
    for (const [id, until] of this.#seen) {
      if (until >= now) return
      this.#seen.delete(id)
    }
  }
}
