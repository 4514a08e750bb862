import type { EpochSeconds } from '@signet/jwt'
import type { RevocableToken, Revocation } from '@signet/protocol'
import { createFingerprintKey, Fingerprint } from './fingerprint.ts'
import type { FingerprintKey } from './fingerprint.ts'
import { FingerprintTable } from './fingerprint-table.ts'
import type { TableEntry } from './fingerprint-table.ts'

export interface RevocationSetOptions {
  readonly now: () => EpochSeconds
  /** How long an entry stays after its `until`. */
  readonly retainSeconds: number
  /** Default: a new one. Sets that are to be compared share theirs. */
  readonly key?: FingerprintKey
}

export interface RevocationSetHealth {
  /** Entries held. */
  readonly entries: number
  /** Memory they take, key ids apart. */
  readonly bytes: number
}

/** Slots that one `add` looks at in passing: a full round of the sweep takes an eighth as many adds as there are slots. */
const VISITS_PER_ADD = 8

/**
 * The revocations a guard knows, in memory: fingerprints in typed arrays, at most 32 bytes an entry.
 *
 * Keyed by `jti`, `sid`, `sub` and `kid`, never by a token's text, so that no respelling of a token escapes it. The
 * same entry twice, or entries in any order, have the effect of one: per identifier the latest `until` counts, and
 * per subject the latest `before`, which stops every token that any of its entries stops.
 *
 * Lapsed entries leave a few slots at a time, while others are added and with every `sweep`; a check never pays for it.
 */
export class RevocationSet {
  readonly #options: RevocationSetOptions & { readonly key: FingerprintKey }
  readonly #fingerprint: Fingerprint
  #tokens = new FingerprintTable(3)
  #sessions = new FingerprintTable(3)
  #subjects = new FingerprintTable(4)
  /** Few at any time, and looked up by every token. */
  #keys = new Map<string, EpochSeconds>()
  #version = 0

  constructor(options: RevocationSetOptions) {
    this.#options = { key: createFingerprintKey(), ...options }
    this.#fingerprint = new Fingerprint(this.#options.key)
  }

  /** Changes with everything that could stop a token which was not stopped before. */
  get version(): number {
    return this.#version
  }

  isRevoked(token: RevocableToken): boolean {
    const { jti, sid, sub, iat, kid } = token
    if (kid !== undefined && this.#keys.size > 0 && this.#keys.has(kid)) return true
    const tokens = this.#tokens
    const sessions = this.#sessions
    const subjects = this.#subjects
    const fingerprint = this.#fingerprint
    let jtiLow = 0
    let jtiHigh = 0
    let sidLow = 0
    let sidHigh = 0
    let subLow = 0
    let subHigh = 0
    if (tokens.size > 0) {
      fingerprint.of(jti)
      jtiLow = fingerprint.low
      jtiHigh = fingerprint.high
    }
    if (sid !== undefined && sessions.size > 0) {
      fingerprint.of(sid)
      sidLow = fingerprint.low
      sidHigh = fingerprint.high
    }
    if (subjects.size > 0) {
      fingerprint.of(sub)
      subLow = fingerprint.low
      subHigh = fingerprint.high
    }
    // Asked side by side: in a long list each answer is a wait for memory, and this way they wait together.
    const mayBe =
      tokens.mayHold(jtiLow, jtiHigh) | sessions.mayHold(sidLow, sidHigh) | subjects.mayHold(subLow, subHigh)
    if (mayBe === 0) return false
    if (tokens.size > 0 && tokens.has(jtiLow, jtiHigh)) return true
    if (sid !== undefined && sessions.has(sidLow, sidHigh)) return true
    return subjects.size > 0 && iat < subjects.instantOf(subLow, subHigh)
  }

  /** @throws TypeError for a kind that does not exist: an entry without effect would be worse */
  add(entry: Revocation): void {
    if (this.#put(entry)) this.#version += 1
    this.#visit(VISITS_PER_ADD)
  }

  /** Adds an entry without looking for lapsed ones: for filling a set that is not in use yet. @throws TypeError as `add` */
  load(entry: Revocation): void {
    if (this.#put(entry)) this.#version += 1
  }

  /** Looks for lapsed entries in this share of all slots; the share 1 is a whole round. */
  sweep(share: number): void {
    const slots = Math.max(this.#tokens.slots, this.#sessions.slots, this.#subjects.slots)
    this.#visit(Math.ceil(slots * share) + 1)
    const lapsed = this.#lapsed()
    for (const [kid, until] of this.#keys) if (until <= lapsed) this.#keys.delete(kid)
  }

  health(): RevocationSetHealth {
    const tables = [this.#tokens, this.#sessions, this.#subjects]
    return {
      entries: tables.reduce((sum, { size }) => sum + size, this.#keys.size),
      bytes: tables.reduce((sum, { bytes }) => sum + bytes, 0),
    }
  }

  /** Makes an empty set under the same key, to be filled and then adopted or compared. */
  createEmpty(): RevocationSet {
    return new RevocationSet(this.#options)
  }

  /**
   * Takes over the entries of a set made by `createEmpty` in place of its own, at once: no check falls in between.
   * The other set must not be used afterwards.
   */
  adopt(other: RevocationSet): void {
    if (other.#options.key !== this.#options.key) throw new TypeError('adopt: the set is under another key')
    this.#tokens = other.#tokens
    this.#sessions = other.#sessions
    this.#subjects = other.#subjects
    this.#keys = other.#keys
    this.#version += 1
  }

  /** Adds everything that another set under the same key holds. */
  addAll(other: RevocationSet): void {
    if (other.#options.key !== this.#options.key) throw new TypeError('addAll: the set is under another key')
    for (const [own, others] of this.#tablesWith(other)) {
      for (const { low, high, until, before } of others.entries()) own.put(low, high, until, before)
    }
    for (const [kid, until] of other.#keys) this.#putKey(kid, until)
    this.#version += 1
  }

  /**
   * Compares entry by entry with what a set of these entries would hold, leaving out what lapses by `at` on either
   * side. For tests: it builds that set.
   */
  holdsExactly(entries: Iterable<Revocation>, at: EpochSeconds): boolean {
    const expected = this.createEmpty()
    for (const entry of entries) expected.load(entry)
    for (const [own, others] of this.#tablesWith(expected)) if (!isSame(own, others, at)) return false
    const live = (keys: ReadonlyMap<string, EpochSeconds>): string[] =>
      Array.from(keys, ([kid, until]) => (until > at ? [`${until} ${kid}`] : []))
        .flat()
        .sort()
    return live(this.#keys).join('\n') === live(expected.#keys).join('\n')
  }

  #put(entry: Revocation): boolean {
    switch (entry.kind) {
      case 'token':
        return this.#putInto(this.#tokens, entry.jti, entry.until, 0)
      case 'session':
        return this.#putInto(this.#sessions, entry.sid, entry.until, 0)
      case 'subject':
        return this.#putInto(this.#subjects, entry.sub, entry.until, entry.before)
      case 'key':
        return this.#putKey(entry.kid, entry.until)
      default:
        throw new TypeError('a revocation is of kind token, session, subject or key')
    }
  }

  #putInto(table: FingerprintTable, id: string, until: EpochSeconds, before: EpochSeconds): boolean {
    this.#fingerprint.of(id)
    return table.put(this.#fingerprint.low, this.#fingerprint.high, until, before)
  }

  #putKey(kid: string, until: EpochSeconds): boolean {
    const known = this.#keys.get(kid)
    if (known !== undefined && known >= until) return false
    this.#keys.set(kid, until)
    return true
  }

  #visit(visits: number): void {
    const lapsed = this.#lapsed()
    this.#tokens.sweep(visits, lapsed)
    this.#sessions.sweep(visits, lapsed)
    this.#subjects.sweep(visits, lapsed)
  }

  #lapsed(): EpochSeconds {
    return this.#options.now() - this.#options.retainSeconds
  }

  #tablesWith(other: RevocationSet): (readonly [FingerprintTable, FingerprintTable])[] {
    return [
      [this.#tokens, other.#tokens],
      [this.#sessions, other.#sessions],
      [this.#subjects, other.#subjects],
    ]
  }
}

/** Both tables are in the order of their fingerprints. */
function isSame(one: FingerprintTable, other: FingerprintTable, at: EpochSeconds): boolean {
  const isLive = ({ until }: TableEntry): boolean => until > at
  const [left, right] = [one.entries().filter(isLive), other.entries().filter(isLive)]
  for (const entry of left) {
    const { value } = right.next()
    if (value === undefined || !isEqual(entry, value)) return false
  }
  return right.next().done === true
}

function isEqual(a: TableEntry, b: TableEntry): boolean {
  return a.low === b.low && a.high === b.high && a.until === b.until && a.before === b.before
}
