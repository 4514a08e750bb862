import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { verify as verifyElsewhere } from '@node-rs/argon2'
import { loadNativeArgon2, nodeArgon2 } from './argon2.ts'
import type { Argon2 } from './argon2.ts'
import { DEFAULT_ARGON2_PARAMETERS, createPasswords } from './passwords.ts'
import type { PasswordsOptions } from './passwords.ts'

const CHEAP = { memoryKib: 8, passes: 1, parallelism: 1 }
const native = (await loadNativeArgon2()) ?? nodeArgon2

function passwordsWith(options: Partial<PasswordsOptions> = {}) {
  return createPasswords({ argon2: native, randomBytes, parameters: CHEAP, isCommon: () => false, ...options })
}

/** Counts the hashes computed, and with which cost. */
function counted(): { readonly argon2: Argon2; readonly costs: string[] } {
  const costs: string[] = []
  const argon2: Argon2 = (password, salt, tagBytes, { memoryKib, passes, parallelism }) => {
    costs.push(`m=${memoryKib},t=${passes},p=${parallelism},${tagBytes}`)
    return native(password, salt, tagBytes, { memoryKib, passes, parallelism })
  }
  return { argon2, costs }
}

describe('hashing', () => {
  test('PW-08: argon2id, 19 MiB, 2 passes, 1 lane, a salt of its own, parameters beside the hash', async () => {
    const passwords = createPasswords({ argon2: native, randomBytes, isCommon: () => false })
    const [one, two] = await Promise.all([passwords.hash('mountain'), passwords.hash('mountain')])
    assert.match(one, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
    assert.notEqual(one, two)
    assert.deepEqual(await passwords.verify(one, 'mountain'), { matches: true, outdated: false })
    assert.deepEqual(DEFAULT_ARGON2_PARAMETERS, { memoryKib: 19_456, passes: 2, parallelism: 1 })
  })

  test('PW-03: the whole password counts, every byte and case of it', async () => {
    const passwords = passwordsWith()
    const password = `${'x'.repeat(100)} Ünïcode\u0000end`
    const hash = await passwords.hash(password)
    assert.equal((await passwords.verify(hash, password)).matches, true)
    for (const wrong of [
      password.slice(0, 72),
      `${password} `,
      password.slice(0, -4),
      password.toLowerCase(),
      password.replace('\u0000end', ''),
      '',
    ]) {
      assert.equal((await passwords.verify(hash, wrong)).matches, false)
    }
  })

  test('the addon and Node’s own argon2 make the same hashes, and each verifies the other’s', async () => {
    const fixed = (size: number): Uint8Array => new Uint8Array(size).fill(7)
    for (const parameters of [CHEAP, { memoryKib: 64, passes: 3, parallelism: 2 }]) {
      const addon = passwordsWith({ argon2: native, randomBytes: fixed, parameters })
      const node = passwordsWith({ argon2: nodeArgon2, randomBytes: fixed, parameters })
      const [one, two] = await Promise.all([addon.hash('pässwörd'), node.hash('pässwörd')])
      assert.equal(one, two)
      assert.equal((await addon.verify(two, 'pässwörd')).matches, true)
      assert.equal((await node.verify(one, 'pässwörd')).matches, true)
      assert.equal(await verifyElsewhere(one, 'pässwörd'), true)
    }
  })

  test('a hash from another program verifies', async () => {
    // from the reference implementation's test.c: password "password", salt "somesalt"
    const hash = '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4'
    for (const argon2 of [native, nodeArgon2]) {
      const passwords = passwordsWith({ argon2 })
      assert.deepEqual(await passwords.verify(hash, 'password'), { matches: true, outdated: true })
      assert.equal((await passwords.verify(hash, 'Password')).matches, false)
    }
  })
})

describe('equal work', () => {
  test('LG-02: an unknown account costs one hash at the current cost, as a known one does', async () => {
    const { argon2, costs } = counted()
    const passwords = passwordsWith({ argon2 })
    const hash = await passwords.hash('mountain')
    assert.deepEqual(await passwords.verify(null, 'mountain'), { matches: false, outdated: false })
    await passwords.verify(hash, 'mountain')
    await passwords.verify(hash, 'wrong')
    assert.deepEqual(costs, Array(4).fill('m=8,t=1,p=1,32'))
  })

  for (const { name, hash } of [
    { name: 'nothing', hash: '' },
    { name: 'another function', hash: '$2b$12$abcdefghijklmnopqrstuuD3JZbXUyEz8M9v1iQkJ1q9e5y5y5y5y' },
    { name: 'argon2i', hash: '$argon2i$v=19$m=8,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4' },
    {
      name: 'an old version',
      hash: '$argon2id$v=16$m=8,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
    },
    {
      name: 'more memory than a login may take',
      hash: '$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
    },
    {
      name: 'more passes than a login may take',
      hash: '$argon2id$v=19$m=8,t=99,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
    },
    {
      name: 'more lanes than there is memory for',
      hash: '$argon2id$v=19$m=8,t=1,p=2$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
    },
    {
      name: 'parameters written twice over',
      hash: '$argon2id$v=19$m=008,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
    },
    { name: 'a hash of no length', hash: '$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$' },
    {
      name: 'a line break after it',
      hash: '$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4\n',
    },
  ]) {
    test(`a stored hash with ${name} never matches, and costs what every other does`, async () => {
      const { argon2, costs } = counted()
      assert.deepEqual(await passwordsWith({ argon2 }).verify(hash, 'password'), { matches: false, outdated: false })
      assert.deepEqual(costs, ['m=8,t=1,p=1,32'])
    })
  }
})

describe('parameters', () => {
  test('PW-09: raised parameters make a hash outdated; it goes on to match', async () => {
    const hash = await passwordsWith().hash('mountain')
    for (const parameters of [
      { ...CHEAP, memoryKib: 16 },
      { ...CHEAP, passes: 2 },
    ]) {
      assert.deepEqual(await passwordsWith({ parameters }).verify(hash, 'mountain'), { matches: true, outdated: true })
    }
  })

  test('a hash that cost more than a new one stays', async () => {
    const hash = await passwordsWith({ parameters: { memoryKib: 16, passes: 2, parallelism: 1 } }).hash('mountain')
    assert.deepEqual(await passwordsWith().verify(hash, 'mountain'), { matches: true, outdated: false })
  })

  test('that argon2 does not know are refused when the object is made', () => {
    for (const parameters of [
      { ...CHEAP, memoryKib: 7 },
      { ...CHEAP, memoryKib: 2 ** 21 },
      { ...CHEAP, passes: 0 },
      { ...CHEAP, passes: 21 },
      { ...CHEAP, parallelism: 0 },
      { ...CHEAP, memoryKib: 15, parallelism: 2 },
      { ...CHEAP, passes: 1.5 },
    ]) {
      assert.throws(() => passwordsWith({ parameters }), TypeError)
    }
  })
})

describe('bounded work', () => {
  test('LG-08: beyond the queue a login is refused at once with a time to come back; the rest are served', async () => {
    const gate = Promise.withResolvers<void>()
    let started = 0
    const argon2: Argon2 = async (_, __, tagBytes) => {
      started++
      await gate.promise
      return new Uint8Array(tagBytes)
    }
    const passwords = passwordsWith({ argon2, concurrency: 2, maxWaiting: 3 })
    const calls = Array.from({ length: 10 }, () => passwords.verify(null, 'x'))
    const refused = await Promise.allSettled(calls.slice(5))
    assert.deepEqual(
      refused.map((result) => (result.status === 'rejected' ? result.reason.code : 'served')),
      Array(5).fill('overloaded'),
    )
    assert.equal(started, 2)
    gate.resolve()
    await Promise.all(calls.slice(0, 5))
    assert.equal(started, 5)
  })
})
