import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createKeySet } from '@signet/jwt'
import { readOptions } from './options.ts'
import type { GuardOptions } from './options.ts'

const SOUND: GuardOptions = { issuer: 'https://auth.example.com', audience: 'https://api.example.com' }
const keys = createKeySet([])

const misuses: readonly (readonly [string, unknown])[] = [
  ['no options', undefined],
  ['no issuer', { audience: 'a' }],
  ['an empty issuer', { ...SOUND, issuer: '' }],
  ['KY-06: an issuer over plain http', { ...SOUND, issuer: 'http://auth.example.com' }],
  ['no audience', { issuer: SOUND.issuer }],
  ['an empty audience', { ...SOUND, audience: '' }],
  ['a list as audience', { ...SOUND, audience: ['a'] }],
  ['a misspelt option', { ...SOUND, algorithm: ['ES256'] }],
  ['no algorithm', { ...SOUND, algorithms: [] }],
  ['none as an algorithm', { ...SOUND, algorithms: ['none'] }],
  ['VF-01: HS256 with published keys', { ...SOUND, algorithms: ['HS256'] }],
  ['keys that are no key source', { ...SOUND, keys: { keys: [] } }],
  ['keys and jwksUri', { ...SOUND, keys, jwksUri: 'https://auth.example.com/jwks' }],
  ['a jwksUri that is no URL', { ...SOUND, jwksUri: '/jwks' }],
  ['KY-06: a jwksUri over plain http', { ...SOUND, jwksUri: 'http://auth.example.com/jwks' }],
  ['VF-09: a skew over 60 s', { ...SOUND, clockSkewSeconds: 61 }],
  ['a negative skew', { ...SOUND, clockSkewSeconds: -1 }],
  ['a skew that is not a number', { ...SOUND, clockSkewSeconds: Number.NaN }],
  ['an unknown cache option', { ...SOUND, cache: { max: 1 } }],
  ['an empty cache', { ...SOUND, cache: { maxEntries: 0 } }],
  ['a cache switched on by true', { ...SOUND, cache: true }],
  ['revocation that is no source', { ...SOUND, revocation: {} }],
  ['cookies switched on by true', { ...SOUND, cookie: true }],
  ['cookies without origins', { ...SOUND, cookie: {} }],
  ['an origin with a path', { ...SOUND, cookie: { origins: ['https://app.example.com/'] } }],
  ['an origin with a wildcard', { ...SOUND, cookie: { origins: ['*'] } }],
  ['an unknown DPoP option', { ...SOUND, dpop: { required: true } }],
  ['proofs that live for ever', { ...SOUND, dpop: { maxAgeSeconds: 301 } }],
  ['a public URL that is none', { ...SOUND, dpop: { publicUrl: 'api.example.com' } }],
  ['a public URL with a query', { ...SOUND, dpop: { publicUrl: 'https://api.example.com/?a' } }],
]
for (const [name, options] of misuses) {
  test(`${name} is a TypeError when the guard is made`, () => {
    assert.throws(() => readOptions(options as GuardOptions), TypeError)
  })
}

test('the defaults are the safe ones', () => {
  const settings = readOptions(SOUND)
  assert.deepEqual(settings.algorithms, ['RS256', 'PS256', 'ES256', 'Ed25519'])
  assert.equal(settings.clockSkewSeconds, 5)
  assert.equal(settings.browser, undefined)
  assert.deepEqual(settings.proof, { maxAgeSeconds: 60, publicUrl: undefined })
  assert.deepEqual(settings.cache, { maxEntries: 10_000, maxBytes: 16_777_216 })
})

test('HS256 is allowed together with keys, whose issuer need not be a URL', () => {
  const settings = readOptions({ issuer: 'inside', audience: 'inside', algorithms: ['HS256'], keys })
  assert.deepEqual(settings.algorithms, ['HS256'])
})

test('a public URL keeps its path prefix and loses its last slash', () => {
  assert.equal(
    readOptions({ ...SOUND, dpop: { publicUrl: 'https://api.example.com/v1/' } }).proof.publicUrl,
    'https://api.example.com/v1',
  )
})
