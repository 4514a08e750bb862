import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SignetError } from '@signet/protocol'
import { parseForm } from './form-body.ts'

const read = (text: string) => parseForm(Buffer.from(text, 'latin1'))

test('a form is read as browsers and RFC 6749 write it', () => {
  assert.deepEqual(read('token=a%2Bb+c&empty=&%C3%A9=%E2%82%AC'), { token: 'a+b c', empty: '', é: '€' })
  assert.deepEqual(read(''), {})
})

test('__proto__ is a parameter like any other', () => {
  const form = read('__proto__=x')
  assert.equal(Object.getPrototypeOf(form), Object.prototype)
  assert.deepEqual(Object.keys(form), ['__proto__'])
})

for (const [name, text] of [
  ['a parameter sent twice', 'token=a&token=b'],
  ['a parameter sent twice, once escaped', 'token=a&%74oken=b'],
  ['bytes that are not UTF-8', 'token=\xFF'],
  ['escapes that are not UTF-8', 'token=%FF'],
] as const) {
  test(`${name}: refused`, () => {
    assert.throws(
      () => read(text),
      (error) => error instanceof SignetError && error.code === 'request_invalid',
    )
  })
}
