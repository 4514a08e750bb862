import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ReplayList } from './replay-list.ts'

test('a proof is new once, and seen until it could not be used again', () => {
  const list = new ReplayList(10)
  assert.equal(list.remember('k', 'a', 160, 100), 'new')
  assert.equal(list.remember('k', 'a', 160, 100), 'seen')
  assert.equal(list.remember('k', 'a', 160, 160), 'seen')
  assert.equal(list.remember('k', 'a', 221, 161), 'new')
})

test('proofs of two keys with the same jti are two proofs', () => {
  const list = new ReplayList(10)
  assert.equal(list.remember('k', 'a', 160, 100), 'new')
  assert.equal(list.remember('l', 'a', 160, 100), 'new')
  assert.equal(list.remember('k', 'l\na', 160, 100), 'new')
})

test('a full list refuses further proofs rather than forget good ones', () => {
  const list = new ReplayList(2)
  list.remember('k', 'a', 160, 100)
  list.remember('k', 'b', 160, 100)
  assert.equal(list.remember('k', 'c', 160, 100), 'full')
  assert.equal(list.remember('k', 'a', 160, 100), 'seen')
  assert.equal(list.remember('k', 'c', 221, 161), 'new')
  assert.equal(list.size, 1)
})
