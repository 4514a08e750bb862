import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { FingerprintTable } from './fingerprint-table.ts'
import type { TableEntry } from './fingerprint-table.ts'

type Step =
  | {
      readonly kind: 'put'
      readonly low: number
      readonly high: number
      readonly until: number
      readonly before: number
    }
  | { readonly kind: 'sweep'; readonly visits: number; readonly lapsed: number }

/** Words from a narrow range and from both ends, so that entries crowd, collide and run past the last home. */
const word = fc.oneof(
  fc.integer({ min: -4, max: 4 }),
  fc.integer({ min: 0x7fff_fff0, max: 0x7fff_ffff }),
  fc.integer({ min: -0x8000_0000, max: -0x7fff_fff0 }),
  fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({
      kind: fc.constant('put' as const),
      low: word,
      high: word,
      until: fc.integer({ min: 1, max: 1000 }),
      before: fc.integer({ min: 1, max: 1000 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('sweep' as const),
      visits: fc.integer({ min: 1, max: 5000 }),
      lapsed: fc.integer({ min: 0, max: 700 }),
    }),
  },
)

for (const words of [3, 4] as const) {
  test(`a table of ${words} words a slot holds what a map holds, whatever is added and swept`, () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 600, size: 'max' }), (steps) => {
        const table = new FingerprintTable(words)
        const model = new Map<string, TableEntry>()
        let lapsed = 0
        for (const step of steps) {
          if (step.kind === 'sweep') {
            lapsed = Math.max(lapsed, step.lapsed)
            table.sweep(step.visits, lapsed)
          } else {
            table.put(step.low, step.high, step.until, step.before)
            addTo(model, step, words)
          }
        }
        const live = [...model.values()].filter((entry) => entry.until > lapsed).sort(byFingerprint)
        const held = [...table.entries()]
        assert.equal(held.length, table.size)
        assert.deepEqual(held, held.toSorted(byFingerprint))
        // An entry that had lapsed may have been forgotten before it was put again, so only what lives is compared.
        assert.deepEqual(
          held.filter((entry) => entry.until > lapsed).map(({ low, high, until }) => [low, high, until]),
          live.map(({ low, high, until }) => [low, high, until]),
        )
        for (const { low, high } of live) assert.ok(table.has(low, high))
        for (const { low, high } of held)
          assert.equal(
            table.has(low, high ^ 8),
            held.some((one) => one.low === low && one.high === (high ^ 8)),
          )
      }),
      { numRuns: 60 },
    )
  })
}

function addTo(model: Map<string, TableEntry>, entry: TableEntry, words: 3 | 4): void {
  const { low, high } = entry
  const name = `${low} ${high}`
  const known = model.get(name)
  model.set(name, {
    low,
    high,
    until: Math.max(entry.until, known?.until ?? 0),
    before: words === 3 ? 0 : Math.max(entry.before, known?.before ?? 0),
  })
}

function byFingerprint(a: TableEntry, b: TableEntry): number {
  return a.low - b.low || a.high - b.high
}

/** Words that are spread evenly, as those of a good hash are, and the same in every run. */
function* spread(count: number): Generator<[number, number]> {
  for (let i = 1; i <= count; i++) yield [Math.imul(i, 0x9e37_79b1) | 0, i]
}

for (const { words, most } of [
  { words: 3, most: 24.5 },
  { words: 4, most: 32 },
] as const) {
  test(`RV-07: with ${words} words a slot, an entry takes at most ${most} bytes at any size above 10 000`, () => {
    const table = new FingerprintTable(words)
    let count = 0
    for (const [low, high] of spread(200_000)) {
      table.put(low, high, 1000, 1)
      count += 1
      if (count > 10_000 && table.bytes / count > most) assert.fail(`${table.bytes / count} bytes at ${count}`)
    }
    assert.equal(table.size, 200_000)
  })
}

test('RV-07: memory is given back once entries have lapsed', () => {
  const table = new FingerprintTable(3)
  const empty = table.bytes
  for (const [low, high] of spread(50_000)) table.put(low, high, high <= 1000 ? 2000 : 1000, 0)
  const full = table.bytes
  for (let visited = 0; visited < 3 * table.slots; visited += 1000) table.sweep(1000, 999)
  assert.equal(table.size, 50_000)
  assert.equal(table.bytes, full, 'nothing has lapsed yet')
  for (let round = 0; round < 200; round++) table.sweep(1000, 1000)
  assert.equal(table.size, 1000)
  assert.ok(table.bytes < full / 20, `${table.bytes} of ${full} bytes`)
  for (const [low, high] of spread(1000)) assert.ok(table.has(low, high))
  for (let round = 0; round < 200; round++) table.sweep(1000, 2000)
  assert.equal(table.size, 0)
  assert.equal(table.bytes, empty)
})

test('a sweep visits no more slots than it was told to', () => {
  const table = new FingerprintTable(3)
  for (const [low, high] of spread(10_000)) table.put(low, high, 10, 0)
  table.sweep(500, 10)
  assert.ok(table.size >= 9500, `${table.size}`)
  assert.ok(table.size < 10_000)
})

test('nothing is lowered: a smaller until or before leaves the entry as it is', () => {
  const table = new FingerprintTable(4)
  assert.equal(table.put(1, 2, 100, 50), true)
  assert.equal(table.put(1, 2, 100, 50), false)
  assert.equal(table.put(1, 2, 90, 40), false)
  assert.equal(table.put(1, 2, 90, 60), true)
  assert.equal(table.put(1, 2, 110, 1), true)
  assert.deepEqual([...table.entries()], [{ low: 1, high: 2, until: 110, before: 60 }])
  assert.equal(table.instantOf(1, 2), 60)
  assert.equal(table.instantOf(1, 3), 0)
})

test('instants beyond 2038 and beyond 2106 neither wrap nor vanish', () => {
  const table = new FingerprintTable(4)
  table.put(1, 1, 3_000_000_000, 2_999_999_999)
  table.put(2, 2, Number.MAX_SAFE_INTEGER, 1)
  table.sweep(1000, 2_999_999_999)
  assert.deepEqual(
    [...table.entries()].map(({ until }) => until),
    [3_000_000_000, 0xffff_ffff],
  )
  assert.equal(table.instantOf(1, 1), 2_999_999_999)
  table.sweep(1000, 3_000_000_000)
  assert.equal(table.size, 1)
})
