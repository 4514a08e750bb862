import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { createFingerprintKey, Fingerprint } from './fingerprint.ts'
import type { FingerprintKey } from './fingerprint.ts'

/** 00 01 … 07, the key of the published vectors. */
const KEY: FingerprintKey = { k0: 0x03020100, k1: 0x07060504 }

/** HalfSipHash as its paper states it, with the numbers of rounds and the output length left open. */
function halfSipHash(bytes: Uint8Array, key: FingerprintKey, rounds: [number, number], bits: 32 | 64): number[] {
  const v = new Int32Array([key.k0, key.k1, 0x6c796765 ^ key.k0, 0x74656462 ^ key.k1])
  const [compress, finalize] = rounds
  const word = (index: number): number => v[index] ?? 0
  const rotate = (index: number, by: number): void => {
    v[index] = (word(index) << by) | (word(index) >>> (32 - by))
  }
  const mix = (a: number, b: number, by: number): void => {
    v[a] = word(a) + word(b)
    rotate(b, by)
    v[b] = word(b) ^ word(a)
  }
  const sipRounds = (count: number): void => {
    for (let i = 0; i < count; i++) {
      mix(0, 1, 5)
      rotate(0, 16)
      mix(2, 3, 8)
      mix(0, 3, 7)
      mix(2, 1, 13)
      rotate(2, 16)
    }
  }
  if (bits === 64) v[1] = word(1) ^ 0xee
  const padded = Buffer.alloc((bytes.length & ~3) + 4)
  padded.set(bytes)
  padded[padded.length - 1] = bytes.length & 0xff
  for (let at = 0; at < padded.length; at += 4) {
    const m = padded.readInt32LE(at)
    v[3] = word(3) ^ m
    sipRounds(compress)
    v[0] = word(0) ^ m
  }
  v[2] = word(2) ^ (bits === 64 ? 0xee : 0xff)
  sipRounds(finalize)
  const outcome = [word(1) ^ word(3)]
  if (bits === 64) {
    v[1] = word(1) ^ 0xdd
    sipRounds(finalize)
    outcome.push(word(1) ^ word(3))
  }
  return outcome
}

function fingerprintOf(text: string, key: FingerprintKey): number[] {
  const fingerprint = new Fingerprint(key)
  fingerprint.of(text)
  return [fingerprint.low, fingerprint.high]
}

test('the slow form gives the published vectors of HalfSipHash-1-3 and 2-4', () => {
  const counting = (length: number): Uint8Array => Uint8Array.from({ length }, (_, index) => index)
  const published13 = [0x5814c896, 0xe7e864ca, 0xbc4b0e30, 0x01539939, 0x7e059ea6, 0x88e3d89b, 0xa0080b65, 0x9d38d9d6]
  for (const [length, expected] of published13.entries()) {
    assert.deepEqual(halfSipHash(counting(length), KEY, [1, 3], 32), [expected | 0])
  }
  const published24 = [0x5b9f35a9, 0xb85a4727, 0x03a662fa, 0x04e7fe8a, 0x89466e2a, 0x69b6fac5, 0x23fc6358, 0xc563cf8b]
  for (const [length, expected] of published24.entries()) {
    assert.deepEqual(halfSipHash(counting(length), KEY, [2, 4], 32), [expected | 0])
  }
  assert.deepEqual(halfSipHash(counting(0), KEY, [2, 4], 64), [0x591f8d21, 0xc83cb8b9 | 0])
})

test('a fingerprint is the 64-bit HalfSipHash-1-3 of the characters as bytes', () => {
  const key = createFingerprintKey()
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const text = Buffer.from(bytes).toString('latin1')
      assert.deepEqual(fingerprintOf(text, key), halfSipHash(bytes, key, [1, 3], 64))
    }),
  )
})

test('text beyond Latin-1 has fingerprints of its own', () => {
  const texts = ['ā', '\u0001\u0001', '\u0101', 'a\u0100', 'a', '\u0001', '日本語', '😀', '\ud83d', '\ude00', '']
  const seen = new Set(texts.map((text) => fingerprintOf(text, KEY).join()))
  assert.equal(seen.size, new Set(texts).size)
  for (const text of texts.filter((text) => /[^\0-\xff]/.test(text))) {
    const asNarrow = Buffer.from(text, 'utf16le').toString('latin1')
    assert.notDeepEqual(fingerprintOf(text, KEY), fingerprintOf(asNarrow, KEY))
  }
})

test('another key, another character, another length: another fingerprint', () => {
  const [a, b] = [createFingerprintKey(), createFingerprintKey()]
  assert.notDeepEqual(fingerprintOf('jti_1', a), fingerprintOf('jti_1', b))
  const texts = Array.from({ length: 700 }, (_, length) => 'a'.repeat(length))
  texts.push(...Array.from({ length: 700 }, (_, length) => '\0'.repeat(length + 1)))
  assert.equal(new Set(texts.map((text) => fingerprintOf(text, a).join())).size, texts.length)
})
