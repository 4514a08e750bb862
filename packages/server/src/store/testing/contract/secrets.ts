import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { StoredSigningKey } from '../../../domain/signing-key.ts'
import { T0, anEvent, eventTypes, withStore } from './fixtures.ts'
import type { OpenStore } from './fixtures.ts'

export function describeSecrets(open: OpenStore): void {
  const created = [anEvent('key.created')]

  describe('secrets', () => {
    test('of 64 nodes that add a first key at once, one does', () =>
      withStore(open, async ({ store, connect }) => {
        const other = await connect()
        const added = await Promise.all(
          Array.from({ length: 64 }, (_, index) =>
            (index % 2 === 0 ? store : other).secrets.addFirstSigningKey(aKey(`kid-${index}`), created),
          ),
        )
        assert.equal(added.filter(Boolean).length, 1)
        const keys = await store.secrets.signingKeys()
        assert.deepEqual(keys, [aKey(`kid-${added.indexOf(true)}`)])
        assert.deepEqual(await eventTypes(store), ['key.created'])
      }))

    test('a key is replaced by the one who knew it to be active', () =>
      withStore(open, async ({ store }) => {
        await store.secrets.addFirstSigningKey(aKey('old'), created)
        const next = aKey('new', { alg: 'Ed25519', activatedAt: T0 + 5, createdAt: T0 + 5 })
        assert.equal(await store.secrets.replaceSigningKey('another', next, created), false)
        assert.equal(await store.secrets.replaceSigningKey('old', next, created), true)
        assert.equal(await store.secrets.replaceSigningKey('old', aKey('late'), created), false)
        assert.deepEqual(await store.secrets.signingKeys(), [
          aKey('old', { state: 'retired', retiredAt: T0 + 5 }),
          next,
        ])
        assert.deepEqual(await eventTypes(store), ['key.created', 'key.created'])
      }))

    test('a retired key can become active again; an active one cannot replace itself', () =>
      withStore(open, async ({ store }) => {
        await store.secrets.addFirstSigningKey(aKey('first'), [])
        await store.secrets.replaceSigningKey('first', aKey('second'), [])
        const again = aKey('first', { activatedAt: T0 + 9 })
        assert.equal(await store.secrets.replaceSigningKey('second', aKey('second'), []), false)
        assert.equal(await store.secrets.replaceSigningKey('second', again, []), true)
        const states = (await store.secrets.signingKeys()).map(({ kid, state, retiredAt }) => [kid, state, retiredAt])
        assert.deepEqual(states, [
          ['first', 'active', null],
          ['second', 'retired', T0 + 9],
        ])
      }))

    test('the first value under a name stands', () =>
      withStore(open, async ({ store, connect }) => {
        const other = await connect()
        assert.equal(await store.secrets.get('name'), null)
        const values = await Promise.all(
          Array.from({ length: 16 }, (_, index) =>
            (index % 2 === 0 ? store : other).secrets.getOrCreate('name', `value ${index}`),
          ),
        )
        assert.equal(new Set(values).size, 1)
        assert.equal(await store.secrets.get('name'), values[0])
      }))
  })
}

function aKey(kid: string, members: Partial<StoredSigningKey> = {}): StoredSigningKey {
  return {
    kid,
    alg: 'RS256',
    state: 'active',
    publicJwk: '{"kty":"RSA"}',
    sealedPrivateJwk: 'sealed',
    createdAt: T0,
    activatedAt: T0,
    retiredAt: null,
    ...members,
  }
}
