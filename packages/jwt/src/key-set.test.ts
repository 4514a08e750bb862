import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { PolicyError } from './errors.ts'
import { generateSigningKey } from './generate.ts'
import { importSigningKey, importVerificationKey } from './import.ts'
import type { Jwk } from './jwk.ts'
import { buildJwkSet, createKeySet, importJwkSet } from './key-set.ts'
import { refusedWith } from './testing/tokens.ts'

const [a, b, ed] = await Promise.all([
  generateSigningKey('ES256', { kid: 'a' }),
  generateSigningKey('ES256', { kid: 'b' }),
  generateSigningKey('Ed25519', { kid: 'e' }),
])
const jwk = (key: typeof a): Jwk => key.toPublicJwk()
const unnamed = importVerificationKey(without(jwk(b), 'kid'))

describe('selection', () => {
  const set = createKeySet([a, b, ed].map((key) => key.toVerificationKey()))

  test('a kid selects exactly its key, and only for the key’s algorithm', () => {
    assert.deepEqual(names(set.select('ES256', 'b')), ['b'])
    assert.deepEqual(names(set.select('Ed25519', 'b')), [])
    assert.deepEqual(names(set.select('ES256', 'A')), [])
    assert.deepEqual(names(set.select('ES256', '')), [])
    assert.deepEqual(names(set.select('ES256', '__proto__')), [])
  })

  test('without a kid only the one key of an algorithm is taken', () => {
    assert.deepEqual(names(set.select('Ed25519', undefined)), ['e'])
    assert.deepEqual(names(set.select('ES256', undefined)), [])
  })

  test('an unnamed key is considered for any kid that names no other', () => {
    const mixed = createKeySet([a.toVerificationKey(), unnamed])
    assert.deepEqual(mixed.select('ES256', 'anything'), [unnamed])
    assert.deepEqual(mixed.select('ES256', undefined), [unnamed])
    assert.deepEqual(names(mixed.select('ES256', 'a')), ['a'])
  })
})

test('two keys of one name, or one key twice, make no set', () => {
  const twin = importVerificationKey({ ...jwk(b), kid: 'a' })
  assert.throws(() => createKeySet([a.toVerificationKey(), twin]), PolicyError)
  assert.throws(() => createKeySet([b.toVerificationKey(), unnamed]), PolicyError)
})

describe('a published set', () => {
  test('KY-01: holds public members, kid, alg and use, and comes back as the same keys', () => {
    const published = buildJwkSet([a, ed].map((key) => key.toVerificationKey()))
    assert.deepEqual(
      published.keys.map((key) => Object.keys(key).sort()),
      [
        ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'],
        ['alg', 'crv', 'kid', 'kty', 'use', 'x'],
      ],
    )
    assert.deepEqual(buildJwkSet(importJwkSet(JSON.parse(JSON.stringify(published))).keys), published)
  })

  test('KY-01: cannot hold a secret', () => {
    const secret = importSigningKey(new Uint8Array(32).fill(3), { alg: 'HS256' })
    refusedWith('key_invalid', () => buildJwkSet([secret.toVerificationKey()]))
  })

  test('unusable keys are skipped, the others are kept', () => {
    const keys = [
      null,
      'x',
      { kty: 'XYZ', kid: '1' },
      { kty: 'EC', crv: 'P-999', x: 'AA', y: 'AA', kid: '2' },
      { kty: 'RSA', kid: '3' },
      { ...jwk(b), use: 'enc' },
      { kty: 'oct', k: Buffer.alloc(32, 1).toString('base64url'), alg: 'HS256', kid: '4' },
      { ...jwk(a), 'x-unknown': 1 },
    ]
    assert.deepEqual(names(importJwkSet({ keys }).keys), ['a'])
  })

  test('an RSA key that names no algorithm is taken for RS256, or for the one asked for', async () => {
    const rsa = await generateSigningKey('PS256')
    const keys = [without(jwk(rsa), 'alg')]
    assert.equal(importJwkSet({ keys }).keys[0]?.alg, 'RS256')
    assert.equal(importJwkSet({ keys }, { rsaAlgorithm: 'PS256' }).keys[0]?.alg, 'PS256')
  })

  test('one name for two keys, usable or not, refuses the whole set', () => {
    refusedWith('key_invalid', () => importJwkSet({ keys: [jwk(a), { ...jwk(b), kid: 'a' }] }))
    refusedWith('key_invalid', () => importJwkSet({ keys: [jwk(a), { kty: 'XYZ', kid: 'a' }] }))
  })

  for (const value of [null, undefined, 'x', [], {}, { keys: {} }, Object.create({ keys: [] })]) {
    test(`${JSON.stringify(value)} is no JWK Set`, () => refusedWith('key_invalid', () => importJwkSet(value)))
  }
})

function names(keys: Iterable<{ readonly kid: string | undefined }>): (string | undefined)[] {
  return Array.from(keys, ({ kid }) => kid)
}

function without(source: Jwk, name: 'kid' | 'alg'): Jwk {
  const { [name]: _, ...rest } = source
  return rest
}
