import type { EpochSeconds } from '@signet/jwt'
import type { RevocableToken, Revocation } from '@signet/protocol'
import { systemClock } from './clock.ts'

/**
 * Where a guard learns that a token was revoked before it expired.
 *
 * `isRevoked` is called for every request that presents an otherwise valid token, whether the token was verified anew
 * or taken from the cache; it answers at once, from memory. If it throws, the request is refused.
 */
export interface RevocationSource {
  isRevoked(token: RevocableToken): boolean
  health(): RevocationHealth
}

export interface RevocationHealth {
  /** Entries held; an entry leaves after the last token it could stop has expired. */
  readonly entries: number
}

export interface RevocationList extends RevocationSource {
  /** Adds an entry; the same one twice, or in any order, has the effect of one. */
  add(entry: Revocation): void
}

/**
 * Makes a revocation list in memory: for tests, for one process, and as the set that a feed fills.
 *
 * Keyed by `jti`, `sid`, `sub` and `kid`, never by a token's text, so that no respelling of a token escapes it.
 * Entries are dropped a while after their `until`, when the longest clock skew a guard may allow is over too; the
 * sweep runs now and then while entries are added, so a check never pays for it.
 */
export function createRevocationList(options: { readonly now?: () => EpochSeconds } = {}): RevocationList {
  return new MemoryRevocationList(options.now ?? systemClock)
}

/** No guard accepts a token for longer than this after its `exp`. */
export const MAX_CLOCK_SKEW_SECONDS = 60

/** Below this many entries a sweep is not worth its time. */
const SWEEP_FROM_ENTRIES = 1024

interface SubjectEntry {
  readonly before: EpochSeconds
  readonly until: EpochSeconds
}

class MemoryRevocationList implements RevocationList {
  readonly #now: () => EpochSeconds
  readonly #tokens = new Map<string, EpochSeconds>()
  readonly #sessions = new Map<string, EpochSeconds>()
  readonly #keys = new Map<string, EpochSeconds>()
  readonly #subjects = new Map<string, readonly SubjectEntry[]>()
  #entries = 0
  #sweepAt = SWEEP_FROM_ENTRIES

  constructor(now: () => EpochSeconds) {
    this.#now = now
  }

  isRevoked(token: RevocableToken): boolean {
    if (this.#entries === 0) return false
    if (this.#tokens.has(token.jti)) return true
    if (token.sid !== undefined && this.#sessions.has(token.sid)) return true
    if (token.kid !== undefined && this.#keys.has(token.kid)) return true
    const entries = this.#subjects.get(token.sub)
    return entries !== undefined && entries.some((entry) => token.iat < entry.before)
  }

  add(entry: Revocation): void {
    switch (entry.kind) {
      case 'token':
        this.#extend(this.#tokens, entry.jti, entry.until)
        break
      case 'session':
        this.#extend(this.#sessions, entry.sid, entry.until)
        break
      case 'key':
        this.#extend(this.#keys, entry.kid, entry.until)
        break
      case 'subject':
        this.#addSubject(entry.sub, { before: entry.before, until: entry.until })
        break
      default:
        throw new TypeError('a revocation is of kind token, session, subject or key')
    }
    if (this.#entries >= this.#sweepAt) this.#sweep()
  }

  health(): RevocationHealth {
    return { entries: this.#entries }
  }

  #extend(entries: Map<string, EpochSeconds>, id: string, until: EpochSeconds): void {
    const known = entries.get(id)
    if (known === undefined) this.#entries += 1
    entries.set(id, known === undefined ? until : Math.max(known, until))
  }

  /** An entry that another one covers (stops as much, for as long) adds nothing; few ever stand side by side. */
  #addSubject(sub: string, added: SubjectEntry): void {
    const known = this.#subjects.get(sub) ?? []
    if (known.some((entry) => covers(entry, added))) return
    const kept = [...known.filter((entry) => !covers(added, entry)), added]
    this.#entries += kept.length - known.length
    this.#subjects.set(sub, kept)
  }

  #sweep(): void {
    const lapsed = this.#now() - MAX_CLOCK_SKEW_SECONDS
    this.#entries = 0
    for (const entries of [this.#tokens, this.#sessions, this.#keys]) {
      for (const [id, until] of entries) if (until <= lapsed) entries.delete(id)
      this.#entries += entries.size
    }
    for (const [sub, entries] of this.#subjects) {
      const live = entries.filter((entry) => entry.until > lapsed)
      if (live.length === 0) this.#subjects.delete(sub)
      else this.#subjects.set(sub, live)
      this.#entries += live.length
    }
    this.#sweepAt = Math.max(SWEEP_FROM_ENTRIES, this.#entries * 2)
  }
}

function covers(one: SubjectEntry, other: SubjectEntry): boolean {
  return one.before >= other.before && one.until >= other.until
}
