import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { RevocableToken, Revocation } from '@signet/protocol'
import { RevocationSet } from './revocation-set.ts'

const NOW = 1_800_000_000
const id = fc.constantFrom('a', 'b', 'c', 'd', 'ā', '')
const until = fc.integer({ min: NOW - 100, max: NOW + 1000 })
const revocation: fc.Arbitrary<Revocation> = fc.oneof(
  fc.record({ kind: fc.constant('token' as const), jti: id, until }),
  fc.record({ kind: fc.constant('session' as const), sid: id, until }),
  fc.record({ kind: fc.constant('subject' as const), sub: id, before: fc.integer({ min: 1, max: 9 }), until }),
  fc.record({ kind: fc.constant('key' as const), kid: id, until }),
)

test('RV-08: duplicates and another order give the same set, entry by entry, and the same answers', () => {
  fc.assert(
    fc.property(fc.array(revocation), fc.array(fc.nat()), (entries, picks) => {
      const repeated = [...entries, ...picks.flatMap((pick) => entries[pick % entries.length] ?? [])]
      const [one, other] = [setOf(entries), setOf(repeated.toReversed())]
      assert.ok(one.holdsExactly(repeated, NOW - 1000))
      assert.ok(other.holdsExactly(entries, NOW - 1000))
      for (const token of allTokens()) {
        const expected = entries.some((entry) => stops(entry, token))
        assert.equal(one.isRevoked(token), expected)
        assert.equal(other.isRevoked(token), expected)
      }
    }),
  )
})

test('the version changes with every entry that could stop another token, and with no other', () => {
  const set = new RevocationSet({ now: () => NOW, retainSeconds: 60 })
  const versions = new Set([set.version])
  const changes: Revocation[] = [
    { kind: 'token', jti: 'a', until: NOW + 1 },
    { kind: 'session', sid: 'a', until: NOW + 1 },
    { kind: 'subject', sub: 'a', before: 5, until: NOW + 1 },
    { kind: 'subject', sub: 'a', before: 6, until: NOW + 1 },
    { kind: 'key', kid: 'a', until: NOW + 1 },
  ]
  for (const change of changes) {
    set.add(change)
    assert.ok(!versions.has(set.version), `${change.kind} changes the version`)
    versions.add(set.version)
    const { version } = set
    set.add(change)
    assert.equal(set.version, version)
  }
})

test('an adopted set replaces everything at once and changes the version', () => {
  const set = setOf([{ kind: 'token', jti: 'old', until: NOW + 9 }])
  const next = set.createEmpty()
  next.add({ kind: 'key', kid: 'new', until: NOW + 9 })
  const { version } = set
  set.adopt(next)
  assert.notEqual(set.version, version)
  assert.ok(set.holdsExactly([{ kind: 'key', kid: 'new', until: NOW + 9 }], NOW))
  assert.throws(() => set.adopt(setOf([])), TypeError, 'fingerprints under another key mean nothing here')
  assert.throws(() => set.addAll(setOf([])), TypeError)
})

test('a set that is joined keeps its own entries', () => {
  const set = setOf([{ kind: 'token', jti: 'old', until: NOW + 9 }])
  const other = set.createEmpty()
  other.add({ kind: 'subject', sub: 'new', before: 7, until: NOW + 9 })
  other.add({ kind: 'key', kid: 'k', until: NOW + 9 })
  set.addAll(other)
  const joined: Revocation[] = [
    { kind: 'key', kid: 'k', until: NOW + 9 },
    { kind: 'token', jti: 'old', until: NOW + 9 },
    { kind: 'subject', sub: 'new', before: 7, until: NOW + 9 },
  ]
  assert.ok(set.holdsExactly(joined, NOW))
})

test('the comparison sees one entry too many, too few or different', () => {
  const entries: Revocation[] = [
    { kind: 'token', jti: 'a', until: NOW + 9 },
    { kind: 'session', sid: 'a', until: NOW + 9 },
    { kind: 'subject', sub: 'a', before: 5, until: NOW + 9 },
    { kind: 'key', kid: 'a', until: NOW + 9 },
  ]
  const set = setOf(entries)
  assert.ok(set.holdsExactly(entries, NOW))
  for (const [index, entry] of entries.entries()) {
    assert.ok(!set.holdsExactly(entries.toSpliced(index, 1), NOW), `an additional ${entry.kind}`)
    assert.ok(!set.holdsExactly(entries.with(index, { ...entry, until: NOW + 10 }), NOW), `another until`)
    assert.ok(!setOf(entries.toSpliced(index, 1)).holdsExactly(entries, NOW), `a missing ${entry.kind}`)
  }
  assert.ok(!set.holdsExactly(entries.with(2, { kind: 'subject', sub: 'a', before: 6, until: NOW + 9 }), NOW))
  assert.ok(set.holdsExactly([], NOW + 9), 'what has lapsed on either side does not count')
})

test('RV-07: with a sweep now and then, lapsed entries and their memory are gone, without one being added', () => {
  let now = NOW
  const set = new RevocationSet({ now: () => now, retainSeconds: 60 })
  const empty = set.health()
  for (let i = 0; i < 30_000; i++) {
    set.add({ kind: 'token', jti: `t${i}`, until: NOW + 900 })
    if (i % 10 === 0) set.add({ kind: 'subject', sub: `u${i}`, before: NOW, until: NOW + 900 })
  }
  set.add({ kind: 'key', kid: 'k', until: NOW + 900 })
  assert.equal(set.health().entries, 33_001)
  now = NOW + 959
  for (let i = 0; i < 300; i++) set.sweep(1 / 30)
  assert.equal(set.health().entries, 33_001, 'held to the last second of the longest skew')
  now = NOW + 960
  for (let i = 0; i < 300; i++) set.sweep(1 / 30)
  assert.deepEqual(set.health(), empty)
})

test('RV-07: under a steady flow the adds themselves keep the set small', () => {
  let now = NOW
  const set = new RevocationSet({ now: () => now, retainSeconds: 60 })
  let most = 0
  for (let i = 0; i < 200_000; i++) {
    if (i % 100 === 0) now += 1
    set.add({ kind: 'session', sid: `s${i}`, until: now + 40 })
    if (i % 16 === 0) most = Math.max(most, set.health().entries)
  }
  // 100 a second that live 100 s: 10 000 live ones
  assert.ok(most < 14_000, `${most} entries`)
})

function setOf(entries: readonly Revocation[]): RevocationSet {
  const set = new RevocationSet({ now: () => NOW, retainSeconds: 1000 })
  for (const entry of entries) set.add(entry)
  return set
}

function* allTokens(): Generator<RevocableToken> {
  const ids = ['a', 'c', 'ā', '', 'z']
  for (const one of ids) {
    for (const iat of [1, 5, 9]) {
      yield { jti: one, sid: undefined, sub: 'z', iat, kid: undefined }
      yield { jti: 'z', sid: one, sub: 'z', iat, kid: 'z' }
      yield { jti: 'z', sid: 'z', sub: one, iat, kid: undefined }
      yield { jti: 'z', sid: 'z', sub: 'z', iat, kid: one }
    }
  }
}

function stops(entry: Revocation, token: RevocableToken): boolean {
  if (entry.kind === 'token') return entry.jti === token.jti
  if (entry.kind === 'session') return entry.sid === token.sid
  if (entry.kind === 'key') return entry.kid === token.kid
  return entry.sub === token.sub && token.iat < entry.before
}
