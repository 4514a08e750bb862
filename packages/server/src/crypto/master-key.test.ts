import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { createMasterKey } from './master-key.ts'

const [OLD, NEW] = [randomBytes(32), randomBytes(32)]
const SECRET = Buffer.from('{"kty":"RSA","d":"private"}')

describe('the master key', () => {
  test('opens what it has sealed, whatever it is', () => {
    const key = createMasterKey([NEW], randomBytes)
    for (const plaintext of [SECRET, new Uint8Array(0), randomBytes(5000)]) {
      assert.deepEqual(Buffer.from(key.open(key.seal(plaintext, 'p'), 'p')), Buffer.from(plaintext))
    }
  })

  test('KY-02: shows nothing of it, and never seals alike twice', () => {
    const key = createMasterKey([NEW], randomBytes)
    const [one, two] = [key.seal(SECRET, 'p'), key.seal(SECRET, 'p')]
    assert.match(one, /^s1\.[A-Za-z0-9_-]{11}\.[A-Za-z0-9_-]+$/)
    assert.notEqual(one, two)
    for (const text of [one, Buffer.from(one.split('.')[2] ?? '', 'base64url').toString('latin1')]) {
      assert.equal(text.includes('private'), false)
    }
  })

  test('opens nothing under another purpose: rows cannot be exchanged', () => {
    const key = createMasterKey([NEW], randomBytes)
    const sealed = key.seal(SECRET, 'signing key a')
    assert.throws(() => key.open(sealed, 'signing key b'), { name: 'MasterKeyError', code: 'sealed_damaged' })
  })

  test('opens nothing that was changed anywhere', () => {
    const key = createMasterKey([NEW], randomBytes)
    const sealed = key.seal(SECRET, 'p')
    for (let at = 0; at < sealed.length; at++) {
      // the last character's low bits may not count; a change of its high ones does
      const changed = sealed.slice(0, at) + (sealed[at] === 'A' ? 'z' : 'A') + sealed.slice(at + 1)
      assert.throws(() => key.open(changed, 'p'), { name: 'MasterKeyError' })
    }
    for (const text of ['', 's1', 's1..', 's2.x.y', `${sealed}.x`, sealed.slice(0, -30)]) {
      assert.throws(() => key.open(text, 'p'), { name: 'MasterKeyError' })
    }
  })

  test('LA-07: another key is recognised as another, and the operator is told what to do', () => {
    const sealed = createMasterKey([OLD], randomBytes).seal(SECRET, 'p')
    assert.throws(() => createMasterKey([NEW], randomBytes).open(sealed, 'p'), {
      name: 'MasterKeyError',
      code: 'key_unknown',
      message: /SIGNET_MASTER_KEY.*used before/s,
    })
  })

  test('of several versions all open, the newest seals', () => {
    const before = createMasterKey([OLD], randomBytes)
    const both = createMasterKey([NEW, OLD], randomBytes)
    const after = createMasterKey([NEW], randomBytes)
    assert.deepEqual(both.open(before.seal(SECRET, 'p'), 'p'), SECRET)
    assert.deepEqual(after.open(both.seal(SECRET, 'p'), 'p'), SECRET)
    assert.throws(() => before.open(both.seal(SECRET, 'p'), 'p'), { code: 'key_unknown' })
  })

  test('does not change when the bytes it was made from do', () => {
    const bytes = Uint8Array.from(NEW)
    const key = createMasterKey([bytes], randomBytes)
    const sealed = key.seal(SECRET, 'p')
    bytes.fill(0)
    assert.deepEqual(key.open(sealed, 'p'), SECRET)
  })

  for (const { name, bytes } of [
    { name: 'too short', bytes: randomBytes(31) },
    { name: 'too long', bytes: randomBytes(33) },
    { name: 'empty', bytes: new Uint8Array(0) },
    { name: 'zeros', bytes: new Uint8Array(32) },
    { name: 'one byte over and over', bytes: new Uint8Array(32).fill(0xa5) },
    { name: 'a short pattern', bytes: Buffer.from('0123456789abcdef0123456789abcdef', 'latin1') },
    { name: 'text', bytes: Buffer.from('my very secret master key, ok? :)', 'latin1').subarray(0, 32) },
    { name: 'hexadecimal digits as they are typed', bytes: Buffer.from(createHash('md5').update('x').digest('hex')) },
  ]) {
    test(`LA-07: a key that is ${name} is refused`, () =>
      assert.throws(() => createMasterKey([bytes], randomBytes), { name: 'MasterKeyError', code: 'key_weak' }))
  }

  test('random keys are not refused', () => {
    for (let count = 0; count < 2000; count++) createMasterKey([randomBytes(32)], randomBytes)
  })
})
