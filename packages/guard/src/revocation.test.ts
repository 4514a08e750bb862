import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RevocableToken, Revocation } from '@signet/protocol'
import { createRevocationList } from './revocation.ts'

const TOKEN: RevocableToken = { jti: 'j', sid: 's', sub: 'u', iat: 100, kid: 'k' }

const cases: readonly {
  readonly name: string
  readonly entry: Revocation
  readonly token?: Partial<RevocableToken>
  readonly revoked: boolean
}[] = [
  { name: 'its own jti', entry: { kind: 'token', jti: 'j', until: 900 }, revoked: true },
  { name: 'another jti', entry: { kind: 'token', jti: 'J', until: 900 }, revoked: false },
  { name: 'its session', entry: { kind: 'session', sid: 's', until: 900 }, revoked: true },
  { name: 'another session', entry: { kind: 'session', sid: 'j', until: 900 }, revoked: false },
  {
    name: 'a session when it has none',
    entry: { kind: 'session', sid: 's', until: 900 },
    token: { sid: undefined },
    revoked: false,
  },
  { name: 'its key', entry: { kind: 'key', kid: 'k', until: 900 }, revoked: true },
  { name: 'another key', entry: { kind: 'key', kid: 'K', until: 900 }, revoked: false },
  {
    name: 'a key when it names none',
    entry: { kind: 'key', kid: 'k', until: 900 },
    token: { kid: undefined },
    revoked: false,
  },
  {
    name: 'its subject, issued a second earlier',
    entry: { kind: 'subject', sub: 'u', before: 101, until: 900 },
    revoked: true,
  },
  {
    name: 'its subject, issued that very second',
    entry: { kind: 'subject', sub: 'u', before: 100, until: 900 },
    revoked: false,
  },
  { name: 'another subject', entry: { kind: 'subject', sub: 'U', before: 101, until: 900 }, revoked: false },
]
for (const { name, entry, token, revoked } of cases) {
  test(`VF-16: a token is ${revoked ? 'stopped' : 'not stopped'} by an entry for ${name}`, () => {
    const list = createRevocationList({ now: () => 100 })
    assert.equal(list.isRevoked({ ...TOKEN, ...token }), false)
    list.add(entry)
    assert.equal(list.isRevoked({ ...TOKEN, ...token }), revoked)
  })
}

test('RV-08: the same entries twice and in any order have the same effect', () => {
  const entries: Revocation[] = [
    { kind: 'subject', sub: 'u', before: 50, until: 2000 },
    { kind: 'subject', sub: 'u', before: 101, until: 900 },
    { kind: 'subject', sub: 'u', before: 60, until: 500 },
    { kind: 'token', jti: 'j', until: 900 },
    { kind: 'token', jti: 'j', until: 300 },
  ]
  for (const order of [entries, entries.toReversed(), [...entries, ...entries]]) {
    const list = createRevocationList({ now: () => 100 })
    for (const entry of order) list.add(entry)
    assert.equal(list.health().entries, 2, 'one for the token, one for the subject')
    assert.ok(list.isRevoked({ ...TOKEN, jti: 'other' }))
    assert.ok(list.isRevoked({ ...TOKEN, sub: 'other' }))
    assert.ok(!list.isRevoked({ ...TOKEN, jti: 'other', iat: 101 }))
  }
})

test('an entry of an unknown kind is a TypeError, not an entry without effect', () => {
  assert.throws(() => createRevocationList().add({ kind: 'tenant', until: 1 } as never), TypeError)
})

test('RV-07: entries leave when no token they could stop is accepted any more, longest clock skew included', () => {
  let now = 0
  const list = createRevocationList({ now: () => now })
  list.add({ kind: 'session', sid: 's', until: 1000 })
  list.add({ kind: 'subject', sub: 'u', before: 101, until: 1000 })
  const fill = (from: number): void => {
    for (let i = from; i < from + 5000; i += 1) list.add({ kind: 'token', jti: `t${i}`, until: now + 1 })
  }
  now = 1059
  fill(0)
  assert.ok(list.isRevoked({ ...TOKEN, sub: 'x' }), 'still held at until + 59 s')
  assert.ok(list.isRevoked({ ...TOKEN, sid: 'x' }))
  now = 1200
  fill(10_000)
  assert.ok(!list.isRevoked(TOKEN), 'gone after until + 60 s')
  assert.ok(list.health().entries <= 5000, `${list.health().entries} entries`)
})
