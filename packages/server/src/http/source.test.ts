import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cleanText } from './source.ts'

test('LA-03: control, escape and direction characters do not get into the log', () => {
  assert.equal(cleanText('a\r\nb\u001B[31mc\u202Ed\u0000e', 256), 'ab[31mcde')
})

test('a long text is cut, and no character is cut in half', () => {
  assert.equal(cleanText('😀'.repeat(300), 256), '😀'.repeat(256))
  assert.equal(cleanText('x'.repeat(100_000), 256).length, 256)
})
