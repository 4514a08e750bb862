import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { newAccountId, newSessionId, sessionIdBytes, sessionIdOf, systemRandomBytes } from './ids.ts'

describe('identifiers', () => {
  test('SE-08: carry 128 random bits each, and none comes twice in 10^5', () => {
    const ids = new Set<string>()
    for (let count = 0; count < 100_000; count++) ids.add(newSessionId(systemRandomBytes))
    assert.equal(ids.size, 100_000)
    assert.match(newSessionId(systemRandomBytes), /^ses_[A-Za-z0-9_-]{22}$/)
    assert.match(newAccountId(systemRandomBytes), /^acc_[A-Za-z0-9_-]{22}$/)
  })

  test('are made of the bytes that are given', () => {
    assert.equal(
      newAccountId((size) => new Uint8Array(size)),
      `acc_${'A'.repeat(22)}`,
    )
    assert.equal(
      newSessionId((size) => new Uint8Array(size).fill(255)),
      'ses______________________w',
    )
  })

  test('of sessions are read back from the one text there is for them', () => {
    const bytes = systemRandomBytes(16)
    assert.deepEqual(Uint8Array.from(sessionIdBytes(sessionIdOf(bytes)) ?? []), Uint8Array.from(bytes))
    for (const text of [
      '',
      'ses_',
      'acc_AAAAAAAAAAAAAAAAAAAAAA',
      'ses_AAAAAAAAAAAAAAAAAAAAAB',
      'ses_AAAAAAAAAAAAAAAAAAAAA',
    ]) {
      assert.equal(sessionIdBytes(text), null)
    }
    assert.throws(() => sessionIdOf(new Uint8Array(15)), TypeError)
  })
})
