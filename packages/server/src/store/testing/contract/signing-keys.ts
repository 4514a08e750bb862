import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { StoredSigningKey } from '../../../domain/signing-key.ts'
import type { KeyRevocation, Store } from '../../store.ts'
import { T0, aFailingEvent, anEvent, eventTypes, withStore } from './fixtures.ts'
import type { OpenStore, OpenedStore } from './fixtures.ts'

const NODES = 64

export function describeSigningKeys(open: OpenStore): void {
  const event = [anEvent('key.created')]

  /** Lets 64 nodes do the same at once; resolves to how many of them succeeded. */
  const race = async (
    { store, connect }: OpenedStore,
    step: (store: Store, node: number) => Promise<boolean>,
  ): Promise<number> => {
    const other = connect === null ? store : await connect()
    const done = await Promise.all(Array.from({ length: NODES }, (_, n) => step(n % 2 === 0 ? store : other, n)))
    return done.filter(Boolean).length
  }

  /** What stands, as `kid state`. */
  const states = async (store: Store): Promise<readonly string[]> =>
    (await store.signingKeys.list()).map(({ kid, state }) => `${kid} ${state}`)

  describe('signing keys', () => {
    test('of 64 nodes that add a first key at once, one does', () =>
      withStore(open, async (opened) => {
        const { store } = opened
        assert.equal(await race(opened, (node, n) => node.signingKeys.addFirst(aKey(`kid-${n}`), event)), 1)
        const [key, ...others] = await store.signingKeys.list()
        assert.deepEqual(others, [])
        assert.deepEqual(key, aKey(key?.kid ?? ''))
        assert.deepEqual(await eventTypes(store), ['key.created'])
      }))

    test('KY-03: of 64 nodes that publish a successor at once, one does', () =>
      withStore(open, async (opened) => {
        const { store } = opened
        await store.signingKeys.addFirst(aKey('a'), [])
        const pending = (n: number): StoredSigningKey => aKey(`b-${n}`, { state: 'pending', activatedAt: null })
        assert.equal(await race(opened, (node, n) => node.signingKeys.publish(pending(n), 'a', event)), 1)
        assert.equal((await store.signingKeys.list()).length, 2)
        assert.deepEqual(await eventTypes(store), ['key.created'])
      }))

    test('KY-03: of 64 nodes that activate the successor at once, one does, and the active key is retired with it', () =>
      withStore(open, async (opened) => {
        const { store } = opened
        await rotating(store)
        const change = { at: T0 + 300, retires: 'a' }
        assert.equal(await race(opened, (node) => node.signingKeys.activate('b', change, event)), 1)
        assert.deepEqual(await store.signingKeys.list(), [
          aKey('a', { state: 'retired', retiredAt: T0 + 300 }),
          aKey('b', { createdAt: T0 + 1, activatedAt: T0 + 300 }),
        ])
        assert.deepEqual(await eventTypes(store), ['key.created'])
      }))

    test('of 64 nodes that drop a retired key at once, one does', () =>
      withStore(open, async (opened) => {
        const { store } = opened
        await rotating(store)
        await store.signingKeys.activate('b', { at: T0 + 300, retires: 'a' }, [])
        assert.equal(await race(opened, (node) => node.signingKeys.drop('a', 'retired', event)), 1)
        assert.deepEqual(await states(store), ['b active'])
        assert.deepEqual(await eventTypes(store), ['key.created'])
      }))

    test('KY-04: of 64 that revoke the active key at once, one does; the pending one signs, and the feed has one entry', () =>
      withStore(open, async (opened) => {
        const { store } = opened
        await rotating(store)
        const change = aRevocation({ state: 'active', successor: { kid: 'b' } })
        assert.equal(await race(opened, (node) => node.signingKeys.revoke('a', change, event)), 1)
        assert.deepEqual(await states(store), ['a revoked', 'b active'])
        const [revoked] = await store.signingKeys.list()
        assert.equal(revoked?.sealedPrivateJwk, '')
        assert.equal(revoked?.revokedAt, change.at)
        const entries = await store.revocations.since(0, 100)
        assert.deepEqual(
          entries.map(({ entry }) => entry),
          change.revocations,
        )
        assert.deepEqual(await eventTypes(store), ['key.created'])
      }))

    test('KY-04: 32 that revoke the active key race 32 that rotate it: one of all succeeds at each, and one key signs', () =>
      withStore(open, async (opened) => {
        const { store } = opened
        await rotating(store)
        const change = aRevocation({ state: 'active', successor: { kid: 'b' } })
        const done = await race(opened, (node, n) =>
          n % 4 < 2
            ? node.signingKeys.revoke('a', change, event)
            : node.signingKeys.activate('b', { at: T0 + 300, retires: 'a' }, event),
        )
        assert.equal(done, 1)
        assert.equal((await states(store)).filter((state) => state.endsWith(' active')).length, 1)
        assert.deepEqual((await states(store)).at(-1), 'b active')
      }))

    test('KY-04: with no pending key a new one takes over in the same transaction', () =>
      withStore(open, async ({ store }) => {
        await store.signingKeys.addFirst(aKey('a'), [])
        const successor = { key: aKey('new', { createdAt: T0 + 9, activatedAt: T0 + 9 }) }
        assert.equal(await store.signingKeys.revoke('a', aRevocation({ state: 'active', successor }), []), true)
        assert.deepEqual(await states(store), ['a revoked', 'new active'])
      }))

    test('KY-04: a revocation that cannot be logged has not happened: nothing is written, the feed entry neither', () =>
      withStore(open, async ({ store }) => {
        await rotating(store)
        const change = aRevocation({ state: 'active', successor: { kid: 'b' } })
        await assert.rejects(store.signingKeys.revoke('a', change, [aFailingEvent()]))
        assert.deepEqual(await states(store), ['a active', 'b pending'])
        assert.deepEqual(await store.revocations.since(0, 100), [])
      }))

    for (const { name, step } of REFUSED_STEPS) {
      test(`${name} changes nothing`, () =>
        withStore(open, async ({ store }) => {
          await rotating(store)
          const before = await store.signingKeys.list()
          const version = await store.signingKeys.version()
          assert.equal(await step(store), false)
          assert.deepEqual(await store.signingKeys.list(), before)
          assert.equal(await store.signingKeys.version(), version)
          assert.deepEqual(await eventTypes(store), [])
        }))
    }

    test('every change raises the version', () =>
      withStore(open, async ({ store: { signingKeys } }) => {
        const seen = [await signingKeys.version()]
        const look = async (changed: boolean): Promise<void> => {
          assert.equal(changed, true)
          seen.push(await signingKeys.version())
        }
        await look(await signingKeys.addFirst(aKey('a'), []))
        await look(await signingKeys.publish(aKey('b', { state: 'pending' }), 'a', []))
        await look(await signingKeys.activate('b', { at: T0 + 1, retires: 'a' }, []))
        await look(await signingKeys.replace('b', aKey('a', { activatedAt: T0 + 2 }), []))
        await look(await signingKeys.drop('b', 'retired', []))
        await look(await signingKeys.revoke('a', aRevocation({ state: 'active', successor: { key: aKey('c') } }), []))
        assert.deepEqual(
          seen,
          [...seen].toSorted((a, b) => a - b),
        )
        assert.equal(new Set(seen).size, 7)
      }))

    test('a key is replaced by the one who knew it to be active', () =>
      withStore(open, async ({ store }) => {
        await store.signingKeys.addFirst(aKey('old'), event)
        const next = aKey('new', { alg: 'Ed25519', activatedAt: T0 + 5, createdAt: T0 + 5 })
        assert.equal(await store.signingKeys.replace('another', next, event), false)
        assert.equal(await store.signingKeys.replace('old', next, event), true)
        assert.equal(await store.signingKeys.replace('old', aKey('late'), event), false)
        assert.deepEqual(await store.signingKeys.list(), [aKey('old', { state: 'retired', retiredAt: T0 + 5 }), next])
        assert.deepEqual(await eventTypes(store), ['key.created', 'key.created'])
      }))

    test('a retired key can become active again; an active one cannot replace itself', () =>
      withStore(open, async ({ store }) => {
        await store.signingKeys.addFirst(aKey('first'), [])
        await store.signingKeys.replace('first', aKey('second'), [])
        const again = aKey('first', { activatedAt: T0 + 9 })
        assert.equal(await store.signingKeys.replace('second', aKey('second'), []), false)
        assert.equal(await store.signingKeys.replace('second', again, []), true)
        const kept = (await store.signingKeys.list()).map(({ kid, state, retiredAt }) => [kid, state, retiredAt])
        assert.deepEqual(kept, [
          ['first', 'active', null],
          ['second', 'retired', T0 + 9],
        ])
      }))

    test('what is remembered of tokens and caches only grows', () =>
      withStore(open, async ({ store: { signingKeys } }) => {
        await signingKeys.addFirst(aKey('a', { tokenSeconds: 900 }), [])
        for (const [asked, stands] of [
          [3600, 3600],
          [60, 3600],
          [3601, 3601],
        ] as const) {
          await signingKeys.rememberTokenLifetime('a', asked)
          assert.equal((await signingKeys.list())[0]?.tokenSeconds, stands)
          await signingKeys.rememberJwksMaxAge(asked)
          assert.equal(await signingKeys.jwksMaxAge(), stands)
        }
      }))
  })

  describe('connected guards', () => {
    test('each node’s last report counts, for as long as it is young enough', () =>
      withStore(open, async ({ store: { connections } }) => {
        const [orders, stock] = [
          { name: 'orders', kids: ['a'] },
          { name: 'stock', kids: ['a', 'b'] },
        ]
        await connections.report('one', [orders, orders], T0)
        await connections.report('two', [stock], T0 + 10)
        assert.deepEqual(await connections.list(T0), [orders, orders, stock])
        await connections.report('one', [{ ...orders, kids: ['a', 'b'] }], T0 + 20)
        assert.deepEqual(await connections.list(T0 + 10), [{ ...orders, kids: ['a', 'b'] }, stock])
        assert.deepEqual(await connections.list(T0 + 11), [{ ...orders, kids: ['a', 'b'] }])
        await connections.report('one', [], T0 + 30)
        assert.deepEqual(await connections.list(T0), [stock])
      }))
  })
}

/** Steps on `a active, b pending` by somebody who believes something else. */
const REFUSED_STEPS: readonly { readonly name: string; readonly step: (store: Store) => Promise<boolean> }[] = [
  {
    name: 'publishing beside a pending key',
    step: ({ signingKeys }) => signingKeys.publish(aKey('c', { state: 'pending' }), 'a', [anEvent('key.published')]),
  },
  {
    name: 'publishing the successor of a key that is not active',
    step: ({ signingKeys }) => signingKeys.publish(aKey('c', { state: 'pending' }), 'z', [anEvent('key.published')]),
  },
  {
    name: 'activating a key that is not pending',
    step: ({ signingKeys }) => signingKeys.activate('a', { at: T0, retires: 'a' }, [anEvent('key.activated')]),
  },
  {
    name: 'activating a key that does not exist',
    step: ({ signingKeys }) => signingKeys.activate('z', { at: T0, retires: 'a' }, [anEvent('key.activated')]),
  },
  {
    name: 'activating in the place of a key that is not active',
    step: ({ signingKeys }) => signingKeys.activate('b', { at: T0, retires: 'z' }, [anEvent('key.activated')]),
  },
  {
    name: 'activating where nothing is thought to be active',
    step: ({ signingKeys }) => signingKeys.activate('b', { at: T0, retires: null }, [anEvent('key.activated')]),
  },
  {
    name: 'dropping the active key',
    step: ({ signingKeys }) => signingKeys.drop('a', 'retired', [anEvent('key.dropped')]),
  },
  {
    name: 'revoking a key in another state than was seen',
    step: ({ signingKeys }) => signingKeys.revoke('a', aRevocation({ state: 'retired' }), [anEvent('key.revoked')]),
  },
  {
    name: 'revoking with a successor that is not pending',
    step: ({ signingKeys }) =>
      signingKeys.revoke('a', aRevocation({ state: 'active', successor: { kid: 'z' } }), [anEvent('key.revoked')]),
  },
]

/** `a` signs, `b` was published after it. */
async function rotating({ signingKeys }: Store): Promise<void> {
  await signingKeys.addFirst(aKey('a'), [])
  await signingKeys.publish(aKey('b', { state: 'pending', createdAt: T0 + 1, activatedAt: null }), 'a', [])
}

export function aKey(kid: string, members: Partial<StoredSigningKey> = {}): StoredSigningKey {
  return {
    kid,
    alg: 'RS256',
    state: 'active',
    publicJwk: '{"kty":"RSA"}',
    sealedPrivateJwk: 'sealed',
    createdAt: T0,
    activatedAt: T0,
    retiredAt: null,
    revokedAt: null,
    tokenSeconds: 900,
    ...members,
  }
}

export function aRevocation(members: Partial<KeyRevocation> = {}): KeyRevocation {
  return {
    at: T0 + 60,
    state: 'active',
    successor: null,
    revocations: [{ kind: 'key', kid: 'a', until: T0 + 90_000 }],
    ...members,
  }
}
