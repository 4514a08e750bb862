import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { planKeys, rotationOutlook } from './key-rotation.ts'
import type { ConnectedGuard, KeyPlan, KeyPolicy } from './key-rotation.ts'
import { lastExpOf, verifiesUntil } from './signing-key.ts'
import type { StoredSigningKey } from './signing-key.ts'

const T0 = 1_800_000_000
const DAY = 86_400
const POLICY: KeyPolicy = { algorithm: 'RS256', rotationIntervalSeconds: 30 * DAY, publicationLeadSeconds: 310 }

const active = aKey('a', { state: 'active', activatedAt: T0 })
const pending = aKey('b', { state: 'pending', createdAt: T0 + 1000 })
const retired = aKey('z', { state: 'retired', activatedAt: T0 - 30 * DAY, retiredAt: T0, tokenSeconds: 900 })
const holds: ConnectedGuard = { name: 'orders', kids: ['a', 'b'] }
const lacks: ConnectedGuard = { name: 'stock', kids: ['a'] }
const alsoLacks: ConnectedGuard = { name: 'billing', kids: [] }

interface Case {
  readonly name: string
  readonly keys: readonly StoredSigningKey[]
  readonly policy?: Partial<KeyPolicy>
  readonly guards?: readonly ConnectedGuard[]
  readonly now: number
  readonly step: KeyPlan['step']
  /** Names of guards waited for; absent: no wait. */
  readonly waitsFor?: readonly string[]
  readonly lookAgainAt?: number
}

const CASES: readonly Case[] = [
  {
    name: 'a young key: nothing, and a look within the hour',
    keys: [active],
    now: T0 + 10,
    step: null,
    lookAgainAt: T0 + 10 + 3600,
  },
  {
    name: 'the last second before the successor is due: nothing, and a look in that second',
    keys: [active],
    now: T0 + 30 * DAY - 311,
    step: null,
    lookAgainAt: T0 + 30 * DAY - 310,
  },
  {
    name: 'the successor is due one lead before the interval is over',
    keys: [active],
    now: T0 + 30 * DAY - 310,
    step: { kind: 'create', because: 'age' },
  },
  {
    name: 'an interval shorter than the lead: the successor of a key is due when the key begins to sign',
    keys: [active],
    policy: { rotationIntervalSeconds: 60 },
    now: T0,
    step: { kind: 'create', because: 'age' },
  },
  {
    name: 'no key signs: one is created',
    keys: [retired],
    now: T0 + 10,
    step: { kind: 'create', because: 'missing' },
  },
  {
    name: 'no key signs: the pending one does at once, whoever lacks it',
    keys: [pending],
    guards: [lacks],
    now: T0 + 1000,
    step: { kind: 'activate', kid: 'b', retires: null },
  },
  {
    name: 'another algorithm is configured: a key for it is published at once',
    keys: [active],
    policy: { algorithm: 'Ed25519' },
    now: T0 + 1,
    step: { kind: 'create', because: 'algorithm' },
  },
  {
    name: 'a secret from the configuration does not age',
    keys: [active],
    policy: { rotationIntervalSeconds: null },
    now: T0 + 1000 * DAY,
    step: null,
  },
  {
    name: 'KY-03: published, last second of the lead: waits',
    keys: [active, pending],
    guards: [holds],
    now: T0 + 1309,
    step: null,
    waitsFor: [],
    lookAgainAt: T0 + 1310,
  },
  {
    name: 'KY-03: published for the lead and held by every guard: activates',
    keys: [active, pending],
    guards: [holds],
    now: T0 + 1310,
    step: { kind: 'activate', kid: 'b', retires: 'a' },
  },
  {
    name: 'published for the lead, no guard connected: activates',
    keys: [active, pending],
    now: T0 + 1310,
    step: { kind: 'activate', kid: 'b', retires: 'a' },
  },
  {
    name: 'KY-03: a guard lacks the key before the lead is over: it is named already',
    keys: [active, pending],
    guards: [holds, lacks],
    now: T0 + 1309,
    step: null,
    waitsFor: ['stock'],
  },
  {
    name: 'KY-03: a connected guard lacks the key: waits however long, and names each once, in order',
    keys: [active, pending],
    guards: [lacks, holds, alsoLacks, lacks],
    now: T0 + 400 * DAY,
    step: null,
    waitsFor: ['billing', 'stock'],
    lookAgainAt: T0 + 400 * DAY + 3600,
  },
  {
    name: 'a pending key for an algorithm no longer wanted stays for its lead, so that nodes that differ do not race',
    keys: [active, { ...pending, alg: 'ES256' }],
    now: T0 + 1309,
    step: null,
    waitsFor: [],
  },
  {
    name: 'a pending key for an algorithm no longer wanted never signs: it is dropped',
    keys: [active, { ...pending, alg: 'ES256' }],
    guards: [holds],
    now: T0 + 1310,
    step: { kind: 'drop', kid: 'b', because: 'algorithm' },
  },
  {
    name: 'KY-03: a retired key, last second of its last token and of the clocks’ difference: stays',
    keys: [active, retired],
    now: T0 + 964,
    step: null,
    lookAgainAt: T0 + 965,
  },
  {
    name: 'a retired key whose last token is accepted nowhere: dropped',
    keys: [active, retired],
    now: T0 + 965,
    step: { kind: 'drop', kid: 'z', because: 'lapsed' },
  },
  {
    name: 'a retired key that once signed tokens of an hour: stays for an hour, whatever is configured now',
    keys: [active, { ...retired, tokenSeconds: 3600 }],
    now: T0 + 3664,
    step: null,
    lookAgainAt: T0 + 3665,
  },
  {
    name: 'taking over comes before tidying up',
    keys: [retired, active, pending],
    guards: [holds],
    now: T0 + 1310,
    step: { kind: 'activate', kid: 'b', retires: 'a' },
  },
  {
    name: 'while the next key waits for a guard, lapsed ones are dropped',
    keys: [retired, active, pending],
    guards: [lacks],
    now: T0 + 1310,
    step: { kind: 'drop', kid: 'z', because: 'lapsed' },
    waitsFor: ['stock'],
  },
  {
    name: 'KY-04: a revoked key is nothing to anybody: neither active nor to be dropped',
    keys: [aKey('x', { state: 'revoked', revokedAt: T0 - DAY }), active],
    now: T0 + 10,
    step: null,
  },
  {
    name: 'a clock that was set back undoes nothing',
    keys: [active, pending, retired],
    guards: [holds],
    now: T0 - DAY,
    step: null,
    waitsFor: [],
  },
]

describe('planKeys', () => {
  for (const { name, keys, policy, guards = [], now, step, waitsFor, lookAgainAt } of CASES) {
    test(name, () => {
      const plan = planKeys(keys, { ...POLICY, ...policy }, guards, now)
      assert.deepEqual(plan.step, step)
      assert.deepEqual(plan.wait?.guards, waitsFor)
      if (lookAgainAt !== undefined) assert.equal(plan.lookAgainAt, lookAgainAt)
      assert.ok(plan.lookAgainAt >= now)
    })
  }

  test('KY-03: second by second through a year: never two active keys, never a key that signs before its lead', () => {
    const policy = { ...POLICY, rotationIntervalSeconds: 7200 }
    let keys: readonly StoredSigningKey[] = [active]
    let made = 0
    let rotations = 0
    for (let now = T0; now < T0 + 365 * DAY;) {
      const plan = planKeys(keys, policy, [], now)
      if (plan.step?.kind === 'activate') {
        const { kid } = plan.step
        const successor = keys.find((key) => key.kid === kid)
        assert.ok(now - (successor?.createdAt ?? now) >= 310)
        rotations += 1
      }
      if (plan.step?.kind === 'drop') {
        const { kid } = plan.step
        const dropped = keys.find((key) => key.kid === kid)
        assert.ok(now - (dropped?.retiredAt ?? now) >= 900 + 60)
      }
      if (plan.step === null) {
        assert.ok(plan.lookAgainAt > now, 'time goes on')
        now = plan.lookAgainAt
      } else {
        made += 1
        keys = carryOut(keys, plan.step, now, `k${made}`)
      }
      assert.equal(keys.filter(({ state }) => state === 'active').length, 1)
      assert.ok(keys.length <= 4)
    }
    assert.equal(rotations, (365 * DAY) / 7200 - 1)
  })
})

describe('rotationOutlook', () => {
  test('before a rotation: the earliest instant, and every connected guard, since none can hold a key not made', () => {
    assert.deepEqual(rotationOutlook([active], POLICY, [holds, lacks], T0 + 50), {
      pending: null,
      notBefore: T0 + 360,
      waitsFor: ['orders', 'stock'],
    })
  })

  test('during a rotation: the pending key, and the guards that lack it', () => {
    assert.deepEqual(rotationOutlook([active, pending], POLICY, [holds, lacks], T0 + 5000), {
      pending: 'b',
      notBefore: T0 + 1310,
      waitsFor: ['stock'],
    })
  })
})

describe('the end of a key', () => {
  test('KY-03: a retired key verifies until the last token of a node that noticed late has expired, clocks included', () => {
    assert.equal(verifiesUntil(retired), T0 + 5 + 900 + 60)
    assert.equal(verifiesUntil(active), Infinity)
  })

  test('KY-04: a stolen key is refused for as long as any verifier may hold it, not only as long as honest tokens live', () => {
    assert.equal(lastExpOf(active, 300, T0), T0 + 5 + 300 + DAY)
    assert.equal(lastExpOf({ ...active, tokenSeconds: 10 * DAY }, 300, T0), T0 + 5 + 10 * DAY)
  })
})

function carryOut(
  keys: readonly StoredSigningKey[],
  step: NonNullable<KeyPlan['step']>,
  at: number,
  kid: string,
): readonly StoredSigningKey[] {
  switch (step.kind) {
    case 'create':
      return [...keys, aKey(kid, { state: 'pending', createdAt: at })]
    case 'drop':
      return keys.filter((key) => key.kid !== step.kid)
    case 'activate':
      return keys.map((key) => {
        if (key.kid === step.kid) return { ...key, state: 'active' as const, activatedAt: at }
        return key.kid === step.retires ? { ...key, state: 'retired' as const, retiredAt: at } : key
      })
  }
}

function aKey(kid: string, members: Partial<StoredSigningKey>): StoredSigningKey {
  return {
    kid,
    alg: 'RS256',
    state: 'pending',
    publicJwk: null,
    sealedPrivateJwk: 'sealed',
    createdAt: T0,
    activatedAt: null,
    retiredAt: null,
    revokedAt: null,
    tokenSeconds: 900,
    ...members,
  }
}
