import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { RevocableToken, Revocation } from '@signet/protocol'
import { revokeEverySession, revokeKey, revokeSessions, revokeSubject, revokeToken } from './revocation.ts'
import type { EndedSession } from './revocation.ts'

const AT = 1_800_000_000

function ended(id: string, members: Partial<EndedSession> = {}): EndedSession {
  return { id, accountId: 'acc_1', rotatedAt: AT - 100, tokensUntil: AT + 800, ...members }
}

function many(count: number, members: Partial<EndedSession> = {}): readonly EndedSession[] {
  return Array.from({ length: count }, (_, index) => ended(`ses_${index}`, members))
}

/** Whether entries stop a token, as a guard reads them. */
function stops(entries: readonly Revocation[], token: Partial<RevocableToken>): boolean {
  return entries.some((entry) => {
    switch (entry.kind) {
      case 'session':
        return entry.sid === token.sid
      case 'subject':
        return entry.sub === 'acc_1' && (token.iat ?? 0) < entry.before
      default:
        return false
    }
  })
}

describe('what an ending puts on the list', () => {
  const lifetimes = [
    {
      name: 'a session whose last token expires in 800 s is listed until a minute after',
      until: 800,
      listed: AT + 860,
    },
    { name: 'its last token has just expired: a guard may still accept it', until: 0, listed: AT + 60 },
    { name: 'its last token expired 59 s ago: the last second', until: -59, listed: AT + 1 },
    { name: 'its last token expired 60 s ago: nobody accepts it', until: -60, listed: null },
  ]
  for (const { name, until, listed } of lifetimes) {
    test(`RV-07: ${name}`, () => {
      const session = ended('ses_1', { tokensUntil: AT + until })
      const expected = listed === null ? [] : [{ kind: 'session', sid: 'ses_1', until: listed }]
      assert.deepEqual(revokeSessions([session], AT), expected)
      assert.equal(revokeEverySession([session], AT).length, expected.length)
      assert.equal(revokeSubject([session], AT).length, expected.length)
    })
  }

  test('signing out of 8 sessions names each; of 9, the subject once', () => {
    assert.deepEqual(revokeEverySession(many(8), AT), revokeSessions(many(8), AT))
    assert.deepEqual(revokeEverySession(many(9), AT), [{ kind: 'subject', sub: 'acc_1', before: AT, until: AT + 860 }])
  })

  for (const count of [1, 8, 9, 50]) {
    test(`signing out of ${count} everywhere stops this second's tokens and spares a login of this second`, () => {
      const sessions = [...many(count - 1), ended('ses_now', { rotatedAt: AT, tokensUntil: AT + 900 })]
      const entries = revokeEverySession(sessions, AT)
      for (const { id, rotatedAt } of sessions) assert.ok(stops(entries, { sid: id, iat: rotatedAt }), id)
      assert.ok(!stops(entries, { sid: 'ses_new', iat: AT }))
      assert.ok(entries.length <= 9)
    })
  }

  test('a password change hits what it ended, however much that is, and never the session it keeps', () => {
    const entries = revokeSessions(many(50), AT)
    assert.equal(entries.length, 50)
    assert.ok(!stops(entries, { sid: 'ses_kept', iat: AT - 100 }))
  })

  test('SE-06: an account that is gone is one entry, which stops this second and a clock that ran ahead', () => {
    const sessions = [...many(3), ended('ses_ahead', { rotatedAt: AT + 2, tokensUntil: AT + 902 })]
    const entries = revokeSubject(sessions, AT)
    assert.deepEqual(entries, [{ kind: 'subject', sub: 'acc_1', before: AT + 3, until: AT + 962 }])
    assert.deepEqual(revokeSubject([], AT), [])
  })

  test('a token and a key are listed until a minute after they can last be used', () => {
    assert.deepEqual(revokeToken({ jti: 'jti', exp: AT + 5 }, AT), [{ kind: 'token', jti: 'jti', until: AT + 65 }])
    assert.deepEqual(revokeToken({ jti: 'jti', exp: AT - 60 }, AT), [])
    assert.deepEqual(revokeKey('kid', AT), { kind: 'key', kid: 'kid', until: AT + 60 })
  })
})
