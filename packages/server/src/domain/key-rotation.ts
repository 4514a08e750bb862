import { verifiesUntil } from './signing-key.ts'
import type { StoredSigningKey } from './signing-key.ts'
import type { EpochSeconds } from './time.ts'

export interface KeyPolicy {
  /** What the next key is for. An active key for another algorithm is due for rotation at once. */
  readonly algorithm: string
  /** How long a key signs. `null`: it does not rotate by itself. */
  readonly rotationIntervalSeconds: number | null
  /** From publication to the first signature, at least: no cached key set without the key is left by then. */
  readonly publicationLeadSeconds: number
}

/** A guard that follows the revocation feed, and the keys it said it holds. */
export interface ConnectedGuard {
  /** What it calls itself, for the operator. */
  readonly name: string
  readonly kids: readonly string[]
}

/** One change to the stored keys. Each is one transaction that succeeds on exactly one node. */
export type KeyStep =
  | { readonly kind: 'create'; readonly because: 'age' | 'algorithm' | 'missing' }
  | { readonly kind: 'activate'; readonly kid: string; readonly retires: string | null }
  | { readonly kind: 'drop'; readonly kid: string; readonly because: 'lapsed' | 'algorithm' }

export interface KeyPlan {
  /** What to do now; after it, plan again. */
  readonly step: KeyStep | null
  /** Why the pending key does not sign yet; `null` when there is none, or when its time has come. */
  readonly wait: KeyWait | null
  /** When time alone may change the plan. Other causes: a key is added or revoked, a guard comes, goes or learns a key. */
  readonly lookAgainAt: EpochSeconds
}

export interface KeyWait {
  readonly kid: string
  /** Published long enough from this instant on. */
  readonly notBefore: EpochSeconds
  /** Names of the connected guards that do not hold the key. */
  readonly guards: readonly string[]
}

/** The longest to sleep: clocks are set, machines are suspended. */
const LONGEST_SLEEP_SECONDS = 3600

/**
 * Decides the next step in the life of the signing keys: pending → active → retired → dropped.
 *
 * - `create`   the active key is nearly old enough, or for another algorithm: publish its successor
 * - `activate` the successor was published long enough, and every connected guard holds it
 * - `drop`     no token of a retired key is accepted any more; or a pending key is for an algorithm no longer wanted
 *
 * Pure: no clock, no store, no key material. Does not see guards that follow no feed: the publication lead is for them.
 */
export function planKeys(
  keys: readonly StoredSigningKey[],
  policy: KeyPolicy,
  guards: readonly ConnectedGuard[],
  now: EpochSeconds,
): KeyPlan {
  const active = keys.find(({ state }) => state === 'active') ?? null
  const pending = keys.find(({ state }) => state === 'pending') ?? null
  const lapses = keys.filter(({ state }) => state === 'retired').map((key) => ({ key, at: verifiesUntil(key) }))
  const lapsed = lapses.find(({ at }) => at <= now)
  const { step, wait, at } =
    pending === null ? planSuccessor(active, policy, now) : planPending(pending, active, policy, guards, now)
  const next = Math.min(at, ...lapses.map((lapse) => lapse.at), now + LONGEST_SLEEP_SECONDS)
  return {
    step: step ?? (lapsed === undefined ? null : { kind: 'drop', kid: lapsed.key.kid, because: 'lapsed' }),
    wait,
    lookAgainAt: Math.max(next, now),
  }
}

/** When the successor of the active key is to be published, so that it can take over on time. */
export function successorDueAt(active: StoredSigningKey, policy: KeyPolicy): EpochSeconds {
  if (policy.rotationIntervalSeconds === null) return Infinity
  const since = active.activatedAt ?? active.createdAt
  return since + Math.max(0, policy.rotationIntervalSeconds - policy.publicationLeadSeconds)
}

/** What a rotation has to wait for, begun or not: without a pending key, as if one were published now. */
export function rotationOutlook(
  keys: readonly StoredSigningKey[],
  policy: KeyPolicy,
  guards: readonly ConnectedGuard[],
  now: EpochSeconds,
): RotationOutlook {
  const pending = keys.find(({ state }) => state === 'pending')
  const lacking = guards.filter(({ kids }) => pending === undefined || !kids.includes(pending.kid))
  return {
    pending: pending?.kid ?? null,
    notBefore: (pending?.createdAt ?? now) + policy.publicationLeadSeconds,
    waitsFor: namesOf(lacking),
  }
}

export interface RotationOutlook {
  /** The key that takes over; `null` while no rotation is under way. */
  readonly pending: string | null
  /** The earliest instant at which it signs. */
  readonly notBefore: EpochSeconds
  /** Connected guards that have yet to learn the key. */
  readonly waitsFor: readonly string[]
}

interface Part {
  readonly step: KeyStep | null
  readonly wait: KeyWait | null
  /** When this part may come out differently. */
  readonly at: EpochSeconds
}

function planSuccessor(active: StoredSigningKey | null, policy: KeyPolicy, now: EpochSeconds): Part {
  if (active === null) return { step: { kind: 'create', because: 'missing' }, wait: null, at: now }
  if (policy.rotationIntervalSeconds === null) return { step: null, wait: null, at: Infinity }
  if (active.alg !== policy.algorithm) return { step: { kind: 'create', because: 'algorithm' }, wait: null, at: now }
  const dueAt = successorDueAt(active, policy)
  return { step: now < dueAt ? null : { kind: 'create', because: 'age' }, wait: null, at: dueAt }
}

function planPending(
  pending: StoredSigningKey,
  active: StoredSigningKey | null,
  policy: KeyPolicy,
  guards: readonly ConnectedGuard[],
  now: EpochSeconds,
): Part {
  const { kid } = pending
  // with no key that signs, waiting helps nobody
  if (active === null) return { step: { kind: 'activate', kid, retires: null }, wait: null, at: now }
  const notBefore = pending.createdAt + policy.publicationLeadSeconds
  const lacking = guards.filter(({ kids }) => !kids.includes(kid))
  const wait = { kid, notBefore, guards: namesOf(lacking) }
  if (now < notBefore) return { step: null, wait, at: notBefore }
  // only now, though it was known before: nodes that differ in their settings must not undo each other's keys at once
  if (pending.alg !== policy.algorithm)
    return { step: { kind: 'drop', kid, because: 'algorithm' }, wait: null, at: now }
  if (lacking.length > 0) return { step: null, wait, at: Infinity }
  return { step: { kind: 'activate', kid, retires: active.kid }, wait: null, at: now }
}

function namesOf(guards: readonly ConnectedGuard[]): readonly string[] {
  return [...new Set(guards.map(({ name }) => name))].toSorted()
}
