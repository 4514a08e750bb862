import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { MasterKeyError, createMasterKey } from './master-key.ts'
import type { MasterKeyVersions } from './master-key.ts'
import { createSeals } from './seals.ts'

const [OLD, NEW] = [randomBytes(32), randomBytes(32)]
const SECRET = Buffer.from('a secret')

describe('a master key that gains a version while it is used', () => {
  test('what another process sealed under the new version opens, without a restart', () => {
    const running = createMasterKey([OLD], randomBytes, () => [NEW, OLD])
    const other = createMasterKey([NEW, OLD], randomBytes)
    assert.deepEqual(running.open(other.seal(SECRET, 'p'), 'p'), SECRET)
  })

  test('what it seals from then on needs the old version no more', () => {
    const running = createMasterKey([OLD], randomBytes, () => [NEW, OLD])
    const before = createMasterKey([OLD], randomBytes).seal(SECRET, 'p')
    const sealed = running.seal(SECRET, 'p')
    assert.deepEqual(createMasterKey([NEW], randomBytes).open(sealed, 'p'), SECRET)
    assert.deepEqual([running.isNewest(before), running.isNewest(sealed)], [false, true])
  })

  test('the old version, taken out of the file, still opens until the process ends', () => {
    let file: MasterKeyVersions = [NEW, OLD]
    const running = createMasterKey([OLD], randomBytes, () => file)
    const before = createMasterKey([OLD], randomBytes).seal(SECRET, 'p')
    running.seal(SECRET, 'p')
    file = [NEW]
    assert.deepEqual(running.open(before, 'p'), SECRET)
  })

  for (const fault of [
    new MasterKeyError('key_file_malformed', 'half written'),
    new MasterKeyError('key_file_exposed', 'readable by others'),
    Object.assign(new Error('no such file'), { code: 'EACCES' }),
  ]) {
    test(`a file that cannot be read now (${fault.message}) changes nothing`, () => {
      const running = createMasterKey([OLD], randomBytes, () => {
        throw fault
      })
      assert.deepEqual(running.open(running.seal(SECRET, 'p'), 'p'), SECRET)
      const foreign = createMasterKey([NEW], randomBytes).seal(SECRET, 'p')
      assert.throws(() => running.open(foreign, 'p'), { code: 'key_unknown' })
    })
  }

  test('LA-07: a weak key added to the file is not used', () => {
    const running = createMasterKey([OLD], randomBytes, () => [new Uint8Array(32), OLD])
    assert.deepEqual(createMasterKey([OLD], randomBytes).open(running.seal(SECRET, 'p'), 'p'), SECRET)
  })
})

describe('seals', () => {
  const before = createMasterKey([OLD], randomBytes)
  const seals = createSeals(createMasterKey([NEW, OLD], randomBytes))
  const after = createMasterKey([NEW], randomBytes)

  test('are renewed for what the value is, and left alone when they are new', () => {
    for (const { value, purpose } of [
      { value: { of: 'secret', name: 'server_secret' } as const, purpose: 'server_secret' },
      { value: { of: 'signing key', name: 'kid-1' } as const, purpose: 'signing key kid-1' },
    ]) {
      const sealed = seals.renew({ ...value, sealed: before.seal(SECRET, purpose) })
      assert.deepEqual(after.open(sealed ?? '', purpose), SECRET)
      assert.equal(seals.renew({ ...value, sealed: sealed ?? '' }), null)
    }
  })

  test('of values that were exchanged, or belong to a version not given, are not renewed', () => {
    const sealed = before.seal(SECRET, 'signing key kid-1')
    assert.throws(() => seals.renew({ of: 'signing key', name: 'kid-2', sealed }), { code: 'sealed_damaged' })
    assert.throws(() => seals.renew({ of: 'secret', name: 'signing key', sealed }), { code: 'sealed_damaged' })
    const foreign = createMasterKey([randomBytes(32)], randomBytes).seal(SECRET, 'server_secret')
    assert.throws(() => seals.renew({ of: 'secret', name: 'server_secret', sealed: foreign }), { code: 'key_unknown' })
  })
})
