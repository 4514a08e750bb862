import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decideAttempt } from './throttle.ts'
import type { AttemptCounter, AttemptPolicy } from './throttle.ts'

const DAY = 86_400
const POLICY: AttemptPolicy = { freeAttempts: 3, maxDelaySeconds: 60, ceiling: 12, forgetAfterSeconds: 30 * DAY }
const T0 = 1_000_000

const CASES: readonly Case[] = [
  { name: 'the first attempt is free', failures: null, after: 0, next: 1 },
  { name: 'the last free attempt is free', failures: 2, after: 0, next: 3 },
  { name: 'after the free ones, in the same second, it waits a second', failures: 3, after: 0, wait: 1 },
  { name: 'a second later it may', failures: 3, after: 1, next: 4 },
  { name: 'then two seconds', failures: 4, after: 0, wait: 2 },
  { name: 'last second of the two', failures: 4, after: 1, wait: 1 },
  { name: 'two seconds over', failures: 4, after: 2, next: 5 },
  { name: 'delays double: 32 s', failures: 8, after: 0, wait: 32 },
  { name: 'up to the longest: 60 s, not 64', failures: 9, after: 0, wait: 60 },
  { name: 'last second of the longest', failures: 9, after: 59, wait: 1 },
  { name: 'longest delay over', failures: 9, after: 60, next: 10 },
  { name: 'last failure below the ceiling still waits the longest delay only', failures: 11, after: 60, next: 12 },
  { name: 'LG-03: at the ceiling one attempt a day is left', failures: 12, after: 60, wait: DAY - 60 },
  { name: 'LG-03: last second of that day', failures: 12, after: DAY - 1, wait: 1 },
  { name: 'LG-04: a day later nobody is locked out for good', failures: 12, after: DAY, next: 13 },
  { name: 'above the ceiling it stays one a day', failures: 500, after: DAY - 1, wait: 1 },
  { name: 'an untouched counter is kept to the last second', failures: 12, after: 30 * DAY - 1, next: 13 },
  { name: 'and then forgotten', failures: 12, after: 30 * DAY, next: 1 },
  { name: 'a clock that went back lets nobody in early', failures: 4, after: -10, wait: 12 },
]

type Case = { readonly name: string; readonly failures: number | null; readonly after: number } & (
  | { readonly next: number }
  | { readonly wait: number }
)

describe('decideAttempt', () => {
  for (const row of CASES) {
    test(row.name, () => {
      const counter = row.failures === null ? null : { failures: row.failures, lastAt: T0 }
      const now = T0 + row.after
      assert.deepEqual(
        decideAttempt(counter, now, POLICY),
        'wait' in row
          ? { kind: 'refuse', retryAfterSeconds: row.wait }
          : { kind: 'allow', next: { failures: row.next, lastAt: now } },
      )
    })
  }

  test('a refusal counts nothing: asking again and again does not make the wait longer', () => {
    const counter = { failures: 5, lastAt: T0 }
    for (const after of [0, 1, 2, 3]) {
      assert.deepEqual(decideAttempt(counter, T0 + after, POLICY), { kind: 'refuse', retryAfterSeconds: 4 - after })
    }
  })

  test('LG-03: an attacker who never rests gets fewer than 100 guesses in 80 days', () => {
    let counter: AttemptCounter | null = null
    let guesses = 0
    let now = T0
    while (now < T0 + 80 * DAY) {
      const decision = decideAttempt(counter, now, POLICY)
      if (decision.kind === 'refuse') {
        now += decision.retryAfterSeconds
        continue
      }
      counter = decision.next
      guesses++
    }
    assert.equal(guesses, 12 + 79)
  })
})
