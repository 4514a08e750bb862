/** What a slot holds: `low`, `high`, `until`, and in a table with instants `before`. */
export type SlotWords = 3 | 4

export interface TableEntry {
  readonly low: number
  readonly high: number
  readonly until: number
  /** 0 in a table without instants. */
  readonly before: number
}

/** When the table is this full, … */
const MAX_LOAD = 0.75
/** … it becomes larger by this, which leaves it full enough for 32 bytes an entry, … */
const GROWTH = 1.4
/** … and smaller, down to `SHRUNK_LOAD`, when a sweep leaves it emptier than this. */
const MIN_LOAD = 0.375
const SHRUNK_LOAD = 0.6
const LEAST_CAPACITY = 64
/** Slots beyond the last home, for what the last homes push to the right. */
const LEAST_OVERFLOW = 32
const MAX_INSTANT = 0xffff_ffff

/**
 * A map from 64-bit fingerprints to the instant at which they lapse, in one typed array.
 *
 * Open addressing with linear probing. The home of a fingerprint is its `low` word scaled to the capacity, which
 * keeps the order of the words: so the array is sorted, gaps apart. A look-up stops at the first larger word, growing
 * copies from front to back, and two tables under one key are equal when their entries are, in order.
 *
 * Beside it, one byte for each home tells which of eight kinds of fingerprint live there. It is small enough for the
 * processor's cache, and answers nine of ten look-ups for what is not in the table, as nearly all of them are.
 *
 * 13 bytes a slot, or 17 with instants, at a load between 0.375 and 0.75; at least 0.535 after growth. Instants are
 * whole seconds below 2³² (the year 2106); larger ones are kept as that.
 *
 * Knows no clock: entries are held until `sweep` is told that they have lapsed.
 */
export class FingerprintTable {
  readonly #words: SlotWords
  /** `until` is 0 in an empty slot; the last slot is always empty, so that every walk ends. */
  #slots: Int32Array
  /** For each home a bit for every `kindOf` a fingerprint that belongs there. */
  #kinds: Uint8Array
  #capacity: number
  #size = 0
  /** Where the sweep goes on, in words. */
  #cursor = 0
  /** Entries whose `until` is not above this may be forgotten. */
  #lapsed = 0

  constructor(words: SlotWords) {
    this.#words = words
    this.#capacity = LEAST_CAPACITY
    this.#slots = new Int32Array((LEAST_CAPACITY + LEAST_OVERFLOW) * words)
    this.#kinds = new Uint8Array(LEAST_CAPACITY)
  }

  get size(): number {
    return this.#size
  }

  get bytes(): number {
    return this.#slots.byteLength + this.#kinds.byteLength
  }

  /** How many slots a whole round of the sweep visits. */
  get slots(): number {
    return this.#slots.length / this.#words
  }

  /** 0 when the fingerprint is not in the table; otherwise it may be. Touches one byte, and decides nothing by branching. */
  mayHold(low: number, high: number): number {
    return (this.#kinds[homeOf(low, this.#capacity)] ?? 0) & kindOf(high)
  }

  has(low: number, high: number): boolean {
    return this.#find(low, high) >= 0
  }

  /** The instant kept with a fingerprint; 0 when there is none. */
  instantOf(low: number, high: number): number {
    const at = this.#find(low, high)
    return at < 0 ? 0 : (this.#slots[at + 3] ?? 0) >>> 0
  }

  /**
   * Adds an entry, or raises `until` and `before` of the one that is there; nothing is ever lowered.
   *
   * @returns whether anything changed
   */
  put(low: number, high: number, until: number, before: number): boolean {
    const slots = this.#slots
    const words = this.#words
    const home = homeOf(low, this.#capacity)
    let at = home * words
    for (; slots[at + 2] !== 0; at += words) {
      const there = slots[at] ?? 0
      if (there < low) continue
      if (there > low) break
      const thereHigh = slots[at + 1] ?? 0
      if (thereHigh < high) continue
      if (thereHigh > high) break
      return this.#raise(at, until, before)
    }
    if (this.#size >= this.#capacity * MAX_LOAD) {
      this.#resize(Math.ceil(this.#capacity * GROWTH))
      return this.put(low, high, until, before)
    }
    if (!this.#makeRoom(at)) {
      this.#resize(this.#capacity, (this.slots - this.#capacity) * 2)
      return this.put(low, high, until, before)
    }
    slots[at] = low
    slots[at + 1] = high
    slots[at + 2] = instant(until)
    if (words === 4) slots[at + 3] = instant(before)
    this.#kinds[home] = (this.#kinds[home] ?? 0) | kindOf(high)
    this.#size += 1
    return true
  }

  /**
   * Visits the next so many slots and forgets what has lapsed there: everything with an `until` of at most `lapsed`.
   * After a whole round a table that has become too empty is made smaller.
   */
  sweep(visits: number, lapsed: number): void {
    this.#lapsed = lapsed
    const words = this.#words
    for (let left = visits; left > 0; left--) {
      if (this.#cursor >= this.#slots.length) {
        this.#endRound()
        return
      }
      const until = this.#slots[this.#cursor + 2] ?? 0
      if (until !== 0 && until >>> 0 <= lapsed) this.#remove(this.#cursor)
      else this.#cursor += words
    }
  }

  /** All entries, ordered by fingerprint. */
  *entries(): Generator<TableEntry> {
    const slots = this.#slots
    for (let at = 0; at < slots.length; at += this.#words) {
      const until = (slots[at + 2] ?? 0) >>> 0
      if (until === 0) continue
      const before = this.#words === 4 ? (slots[at + 3] ?? 0) >>> 0 : 0
      yield { low: slots[at] ?? 0, high: slots[at + 1] ?? 0, until, before }
    }
  }

  #find(low: number, high: number): number {
    if (this.mayHold(low, high) === 0) return -1
    const slots = this.#slots
    const words = this.#words
    for (let at = homeOf(low, this.#capacity) * words; slots[at + 2] !== 0; at += words) {
      const there = slots[at] ?? 0
      if (there < low) continue
      if (there > low) return -1
      if (slots[at + 1] === high) return at
    }
    return -1
  }

  #raise(at: number, until: number, before: number): boolean {
    const slots = this.#slots
    const longer = until > (slots[at + 2] ?? 0) >>> 0
    if (longer) slots[at + 2] = instant(until)
    if (this.#words === 3) return longer
    const later = before > (slots[at + 3] ?? 0) >>> 0
    if (later) slots[at + 3] = instant(before)
    return longer || later
  }

  /** Moves what lies between `at` and the next empty slot one to the right; `false` when that would be the last one. */
  #makeRoom(at: number): boolean {
    const slots = this.#slots
    const words = this.#words
    let end = at
    while (slots[end + 2] !== 0) end += words
    if (end >= slots.length - words) return false
    for (let to = end + words - 1, from = end - 1; from >= at; to--, from--) slots[to] = slots[from] ?? 0
    return true
  }

  /** Moves the followers that are not at home one to the left, so that no look-up meets a hole on its way. */
  #remove(at: number): void {
    const slots = this.#slots
    const words = this.#words
    const home = homeOf(slots[at] ?? 0, this.#capacity)
    let next = at + words
    while (slots[next + 2] !== 0 && homeOf(slots[next] ?? 0, this.#capacity) * words < next) next += words
    slots.copyWithin(at, at + words, next)
    slots.fill(0, next - words, next)
    this.#size -= 1
    this.#kinds[home] = this.#kindsAt(home)
  }

  /** Looks at every fingerprint that belongs to a home: they lie side by side, at it or to the right of it. */
  #kindsAt(home: number): number {
    const slots = this.#slots
    let kinds = 0
    for (let at = home * this.#words; slots[at + 2] !== 0; at += this.#words) {
      const there = homeOf(slots[at] ?? 0, this.#capacity)
      if (there > home) break
      if (there === home) kinds |= kindOf(slots[at + 1] ?? 0)
    }
    return kinds
  }

  #endRound(): void {
    this.#cursor = 0
    if (this.#capacity === LEAST_CAPACITY || this.#size >= this.#capacity * MIN_LOAD) return
    this.#resize(Math.max(LEAST_CAPACITY, Math.ceil(this.#size / SHRUNK_LOAD)))
  }

  /** Copies what has not lapsed, front to back. Starts over with a longer overflow in the rare case that it is too short. */
  #resize(capacity: number, overflow = LEAST_OVERFLOW): void {
    const words = this.#words
    const from = this.#slots
    const to = new Int32Array((capacity + overflow) * words)
    const kinds = new Uint8Array(capacity)
    let size = 0
    let free = 0
    for (let at = 0; at < from.length; at += words) {
      const until = from[at + 2] ?? 0
      if (until === 0 || until >>> 0 <= this.#lapsed) continue
      const home = homeOf(from[at] ?? 0, capacity)
      free = Math.max(free, home * words)
      if (free >= to.length - words) {
        this.#resize(capacity, overflow * 2)
        return
      }
      for (let word = 0; word < words; word++) to[free + word] = from[at + word] ?? 0
      kinds[home] = (kinds[home] ?? 0) | kindOf(from[at + 1] ?? 0)
      free += words
      size += 1
    }
    this.#slots = to
    this.#kinds = kinds
    this.#capacity = capacity
    this.#size = size
    this.#cursor = 0
  }
}

/** Scales a signed word to 0 … capacity - 1 without dividing, so that any capacity will do. Exact: the product is below 2⁵³. */
function homeOf(low: number, capacity: number): number {
  return ((low + 0x8000_0000) * capacity * 2 ** -32) | 0
}

/** One of eight bits. From the word that does not choose the home. */
function kindOf(high: number): number {
  return 1 << (high & 7)
}

/** As the signed word that is stored; never 0, which means empty. */
function instant(seconds: number): number {
  return Math.max(1, Math.min(MAX_INSTANT, Math.floor(seconds))) | 0
}
