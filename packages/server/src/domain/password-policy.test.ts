import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { decidePassword, normalizePassword } from './password-policy.ts'
import type { PasswordDecision } from './password-policy.ts'

const RULES = {
  policy: { minLength: 15, maxLength: 256 },
  contextWords: ['signet', 'auth.example.test', 'alice.smith@example.test', 'alice.smith', 'example.test'],
}
const LIST = new Set(['password', 'letmein', '123456789', 'dragon', 'sunshine', 'trustno1', 'qwerty', 'correct'])
const isCommon = (password: string): boolean => LIST.has(password.toLowerCase())
const decide = (password: string, rules = RULES): PasswordDecision => decidePassword(password, rules, isCommon)

describe('the length of a password', () => {
  for (const { name, password, kind } of [
    { name: 'PW-01: 7 characters are too few', password: 'k7-vTq!', kind: 'too_short' },
    { name: 'PW-01: 14 characters are too few', password: 'k7-vTq!zR2mWx9', kind: 'too_short' },
    { name: 'PW-01: 15 characters are enough', password: 'k7-vTq!zR2mWx9b', kind: 'accept' },
    { name: 'PW-05: 14 emoji are too few, though 28 code units', password: '🦊'.repeat(14), kind: 'too_short' },
    { name: 'PW-05: 15 emoji are enough', password: '🦊'.repeat(15), kind: 'accept' },
    { name: 'PW-02: 64 characters are welcome', password: phrase(64), kind: 'accept' },
    { name: 'PW-02: the longest', password: phrase(256), kind: 'accept' },
    { name: 'PW-02: one more is too long', password: phrase(257), kind: 'too_long' },
    { name: 'PW-02: a megabyte is too long', password: 'x'.repeat(1_000_000), kind: 'too_long' },
    { name: 'PW-05: what NFC composes counts once', password: `${phrase(254)}e\u0301o\u0308`, kind: 'accept' },
    { name: 'PW-05: 256 emoji are not too many, though 512 code units', password: '🦊'.repeat(256), kind: 'accept' },
    { name: 'spaces count', password: 'a b c d e f g h', kind: 'accept' },
    { name: 'nothing', password: '', kind: 'too_short' },
  ]) {
    test(name, () => assert.equal(decide(password).kind, kind))
  }

  test('a refusal names the limit', () => {
    assert.deepEqual(decide('short'), { kind: 'too_short', minLength: 15 })
    assert.deepEqual(decide(phrase(300)), { kind: 'too_long', maxLength: 256 })
  })
})

describe('what a password may consist of', () => {
  for (const password of [
    'mountain-otter-velvet',
    'letters only are fine too',
    '739150428661937',
    '!?%&/()=+*#-_.:,;<>',
    'κλειδίγιατοσπίτιμου',
    '我的密码是一句很长很长的话没人知道',
    '🦊🍕🚲🌵🎻🦉🍋⛵🧶🪁🥨🎲🌙🦀🍁',
    'tabs\tand\u00a0odd spaces',
    'null\u0000bytes count too',
  ]) {
    test(`PW-04: ${JSON.stringify(password)} is accepted as typed`, () =>
      assert.deepEqual(decide(password), { kind: 'accept', normalized: password.normalize('NFC') }))
  }

  test('PW-03: nothing is trimmed, cut or changed in case', () => {
    const password = '  Mountain Otter Velvet  '
    assert.deepEqual(decide(password), { kind: 'accept', normalized: password })
  })

  test('PW-05: an accent in one or two code points is one password', () => {
    assert.equal(normalizePassword('caf\u00e9'), normalizePassword('cafe\u0301'))
    assert.deepEqual(decide('mountain otter cafe\u0301'), { kind: 'accept', normalized: 'mountain otter caf\u00e9' })
  })

  test('compatibility forms stay apart: only canonical ones are one password', () => {
    assert.notEqual(normalizePassword('ﬁ'), normalizePassword('fi'))
    assert.notEqual(normalizePassword('ａ'), normalizePassword('a'))
  })
})

describe('what guessers try first', () => {
  for (const { password, because } of [
    // listed, whole or with what everybody adds
    { password: 'password123456789', because: 'listed' },
    { password: 'Password2025!!!!', because: 'listed' },
    { password: 'P@ssw0rdP@ssw0rd', because: 'listed' },
    { password: 'letmeinletmein1', because: 'listed' },
    { password: '2025-dragon-2026', because: 'listed' },
    { password: 'trustno1trustno1', because: 'listed' },
    // little more than what is known about the person or the product
    { password: 'signetsignet2025', because: 'contains_context' },
    { password: 'S1gn3t-S1gn3t-2025', because: 'contains_context' },
    { password: 'alice.smithalice.smith', because: 'contains_context' },
    { password: 'AliceSmith1234567', because: 'contains_context' },
    { password: 'alice.smith@example.test', because: 'contains_context' },
    { password: 'smith-alice-smith!', because: 'contains_context' },
    { password: 'example.test12345', because: 'contains_context' },
    { password: 'signet-password-1', because: 'contains_context' },
    // one thing over and over, or one after the other
    { password: 'aaaaaaaaaaaaaaa', because: 'repetitive' },
    { password: '               ', because: 'repetitive' },
    { password: 'xyzzyxyzzyxyzzy', because: 'repetitive' },
    { password: 'a1b2a1b2a1b2a1b', because: 'repetitive' },
    { password: 'abcdefghijklmno', because: 'repetitive' },
    { password: '987654321098765', because: 'repetitive' },
    { password: 'aaabbbcccdddeee', because: 'repetitive' },
    { password: 'qwertyuiopasdfgh', because: 'repetitive' },
    { password: 'azertyuiopqsdfghj', because: 'repetitive' },
    { password: 'ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠ', because: 'repetitive' },
  ] as const) {
    test(`PW-06: ${JSON.stringify(password)} is ${because}`, () =>
      assert.deepEqual(decide(password), { kind: 'common', because }))
  }

  for (const password of [
    'correct horse battery staple',
    'my signet ring sank at sea',
    'alice went to the mountains',
    'dragon-83920174651-otter',
    '739150428661937',
    'sunshine over the velvet hills',
    'xxk7-vTq!zR2mWx9bxx',
  ]) {
    test(`${JSON.stringify(password)} is not`, () => assert.equal(decide(password).kind, 'accept'))
  }

  test('PW-01: with a minimum of 8, eight characters with a little order in them are accepted', () => {
    const rules = { ...RULES, policy: { minLength: 8, maxLength: 256 } }
    assert.equal(decide('k7abcq9z', rules).kind, 'accept')
    assert.equal(decide('abcdefgh', rules).kind, 'common')
    assert.equal(decide('password', rules).kind, 'common')
  })

  test('context words that are empty or tiny refuse nobody', () => {
    const rules = { ...RULES, contextWords: ['', 'a', 'ok', '...', ' '] }
    assert.equal(decide('mountain-otter-velvet', rules).kind, 'accept')
  })
})

describe('random passwords', () => {
  test('are accepted', () => {
    const password = fc.string({ unit: 'grapheme-ascii', minLength: 20, maxLength: 64 })
    const random = fc.array(fc.integer({ min: 33, max: 126 }), { minLength: 20, maxLength: 64 })
    fc.assert(
      fc.property(random, (codes) => {
        const text = String.fromCharCode(...codes)
        fc.pre(new Set(text).size > 15)
        assert.equal(decide(text).kind, 'accept')
      }),
    )
    // whatever the text: a decision, never an exception, and quickly
    fc.assert(fc.property(password, (text) => void decide(text)))
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => void decide(text)))
  })
})

/** So many characters in which nothing repeats. */
function phrase(length: number): string {
  return Array.from({ length }, (_, index) => String.fromCodePoint(0x4e00 + ((index * 7919) % 20_000))).join('')
}
