import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TokenCache } from './token-cache.ts'
import type { CachedToken } from './token-cache.ts'

const entry = { version: 0 } as CachedToken

test('VF-15: never holds more entries than allowed, whatever comes', () => {
  const cache = new TokenCache({ maxEntries: 10, maxBytes: 1e9 })
  for (let i = 0; i < 1000; i++) {
    cache.set(`token-${i}`, entry)
    cache.get(`token-${i % 7}`)
    assert.ok(cache.size <= 10, `${cache.size} entries`)
  }
})

test('VF-15: never holds more bytes than allowed', () => {
  const cache = new TokenCache({ maxEntries: 1e6, maxBytes: 100_000 })
  for (let i = 0; i < 1000; i++) cache.set(`${i}`.padEnd(1000, 'x'), entry)
  assert.ok(cache.size * 1000 <= 100_000)
  cache.set('x'.repeat(100_000), entry)
  assert.equal(cache.get('x'.repeat(100_000)), undefined, 'one that is larger than a generation is not kept')
})

test('a token in use outlives any number of others', () => {
  const cache = new TokenCache({ maxEntries: 8, maxBytes: 1e9 })
  cache.set('busy', entry)
  for (let i = 0; i < 100; i++) {
    cache.set(`idle-${i}`, entry)
    assert.equal(cache.get('busy'), entry)
  }
  assert.equal(cache.get('idle-0'), undefined)
})

test('a deleted token is gone from both generations', () => {
  const cache = new TokenCache({ maxEntries: 4, maxBytes: 1e9 })
  cache.set('a', entry)
  cache.set('b', entry)
  cache.set('c', entry)
  cache.get('a')
  cache.delete('a')
  assert.equal(cache.get('a'), undefined)
})

test('no entries allowed, none kept', () => {
  const cache = new TokenCache({ maxEntries: 0, maxBytes: 1e9 })
  cache.set('a', entry)
  assert.equal(cache.size, 0)
})
