import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decidePassword } from '../domain/password-policy.ts'
import { isCommonPassword } from './common-passwords.ts'

describe('the list of common passwords', () => {
  for (const { password, common } of [
    { password: 'password', common: true },
    { password: '123456', common: true },
    { password: 'PassWord', common: true },
    { password: 'ｐａｓｓｗｏｒｄ', common: true },
    { password: 'qwertyuiop', common: true },
    { password: '', common: false },
    { password: ' password', common: false },
    { password: 'constructor', common: false },
    { password: '__proto__', common: false },
    { password: 'correct horse battery staple', common: false },
  ]) {
    test(`${JSON.stringify(password)} is ${common ? '' : 'not '}on it`, () =>
      assert.equal(isCommonPassword(password), common))
  }

  test('PW-06: what is made of it is refused', () => {
    const rules = { policy: { minLength: 15, maxLength: 256 }, contextWords: [] }
    for (const password of ['password123456789', 'Passwordpassword', '1qaz2wsx3edc4rfv', 'iloveyou2025!!!']) {
      assert.deepEqual(decidePassword(password, rules, isCommonPassword), { kind: 'common', because: 'listed' })
    }
    assert.equal(decidePassword('mountain-otter-velvet', rules, isCommonPassword).kind, 'accept')
  })
})
