import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { PolicyError } from './errors.ts'
import { generateSigningKey } from './generate.ts'
import type { JsonObject } from './json.ts'
import type { SigningKey } from './keys.ts'
import { sign, signAsync } from './sign.ts'
import { goodClaims, refusedWith } from './testing/tokens.ts'

const key = await generateSigningKey('Ed25519')

test('the header is alg, kid, typ and what was asked for; the claims are as given', () => {
  const [header = '', payload = ''] = sign(goodClaims(), key, { typ: 'at+jwt', header: { cty: 'x' } }).split('.')
  assert.deepEqual(decode(header), { alg: 'Ed25519', kid: key.kid, typ: 'at+jwt', cty: 'x' })
  assert.deepEqual(decode(payload), goodClaims())
})

test('the thread pool gives the same token', async () => {
  const claims = goodClaims({ big: 'ü'.repeat(20_000) })
  assert.equal(await signAsync(claims, key, { typ: 'x' }), sign(claims, key, { typ: 'x' }))
  const many = await Promise.all(Array.from({ length: 8 }, (_, n) => signAsync({ n }, key, { typ: 'x' })))
  assert.deepEqual(
    many,
    Array.from({ length: 8 }, (_, n) => sign({ n }, key, { typ: 'x' })),
  )
})

describe('claims that our own verifier would refuse or JSON would change', () => {
  const cyclic: Record<string, unknown> = {}
  cyclic.self = cyclic
  const claims: Readonly<Record<string, unknown>> = {
    'a list': [],
    'a string': 'x',
    null: null,
    'exp as text': { exp: '1' },
    'exp NaN': { exp: Number.NaN },
    'aud with a number': { aud: ['a', 1] },
    'sub undefined': { a: undefined },
    'a nested infinity': { a: [{ b: Number.POSITIVE_INFINITY }] },
    'a date': { a: new Date(0) },
    'a map': { a: new Map() },
    'a bigint': { a: 1n },
    'a function': { a: () => 1 },
    'an object that serialises itself': { a: { toJSON: () => 'x' } },
    'an own __proto__': JSON.parse('{"__proto__":1}'),
    'a cycle': cyclic,
  }
  for (const [name, value] of Object.entries(claims)) {
    test(name, () => refusedWith('claims_invalid', () => sign(value as JsonObject, key, { typ: 'x' })))
  }
})

describe('misuse', () => {
  for (const name of ['alg', 'kid', 'typ', 'crit', 'b64']) {
    test(`the header parameter ${name} cannot be chosen`, () => {
      assert.throws(() => sign({}, key, { typ: 'x', header: { [name]: 'x' } }), PolicyError)
    })
  }
  test('a typ is needed, and a signing key', () => {
    assert.throws(() => sign({}, key, {} as { typ: string }), PolicyError)
    assert.throws(() => sign({}, key.toVerificationKey() as unknown as SigningKey, { typ: 'x' }), PolicyError)
  })
})

function decode(part: string): unknown {
  return JSON.parse(Buffer.from(part, 'base64url').toString())
}
