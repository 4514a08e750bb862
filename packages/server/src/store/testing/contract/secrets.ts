import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { withStore } from './fixtures.ts'
import type { OpenStore } from './fixtures.ts'
import { aKey, aRevocation } from './signing-keys.ts'

export function describeSecrets(open: OpenStore): void {
  describe('secrets', () => {
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

    test('everything sealed is listed; what was revoked is erased and is not', () =>
      withStore(open, async ({ store }) => {
        await store.secrets.getOrCreate('name', 'sealed secret')
        await store.signingKeys.addFirst(aKey('signs', { sealedPrivateJwk: 'sealed key' }), [])
        await store.signingKeys.publish(aKey('revoked', { state: 'pending' }), 'signs', [])
        await store.signingKeys.revoke('revoked', aRevocation({ state: 'pending' }), [])
        assert.deepEqual(await store.secrets.listSealed(), [
          { of: 'secret', name: 'name', sealed: 'sealed secret' },
          { of: 'signing key', name: 'signs', sealed: 'sealed key' },
        ])
      }))

    test('a sealed value is replaced by the one who knew it: of 64 at once one does', () =>
      withStore(open, async ({ store, connect }) => {
        const other = connect === null ? store : await connect()
        await store.secrets.getOrCreate('name', 'old')
        await store.signingKeys.addFirst(aKey('signs', { sealedPrivateJwk: 'old' }), [])
        for (const value of await store.secrets.listSealed()) {
          const resealed = await Promise.all(
            Array.from({ length: 64 }, (_, index) =>
              (index % 2 === 0 ? store : other).secrets.reseal(value, `new ${index}`),
            ),
          )
          assert.equal(resealed.filter(Boolean).length, 1)
          const now = (await store.secrets.listSealed()).find(({ name }) => name === value.name)
          assert.equal(now?.sealed, `new ${resealed.indexOf(true)}`)
        }
        assert.equal(await store.secrets.reseal({ of: 'secret', name: 'nobody', sealed: 'old' }, 'new'), false)
      }))
  })
}
