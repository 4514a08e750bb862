import { SignetError } from '@signet/protocol'
import { draftEvent } from '../domain/event.ts'
import type { EventDraft, Source } from '../domain/event.ts'
import { revokeKey as revocationOfKey } from '../domain/revocation.ts'
import { lastExpOf } from '../domain/signing-key.ts'
import type { StoredSigningKey } from '../domain/signing-key.ts'
import type { EpochSeconds } from '../domain/time.ts'
import type { KeyRevocation } from '../store/store.ts'
import { whoIs } from './caller.ts'
import type { Caller } from './caller.ts'
import type { Context } from './context.ts'
import { keysFixed } from './rotate-keys.ts'

export interface RevokedKey {
  readonly kid: string
  /** The key that signs in its place from now on; `null` when the revoked one did not sign. */
  readonly successor: string | null
}

/** Every lost round means that somebody else has got further with the same key. */
const MAX_ROUNDS = 10

/**
 * Revokes a signing key at once, for when it may be known to somebody else (KY-04).
 *
 * It leaves the published set, its `kid` goes down the revocation feed, and its private half is erased. If it was the
 * active one, the pending key signs from now on, or else a new one that verifiers have yet to learn: they ask for a
 * `kid` they do not know. Sessions live on; their access tokens are refused and refreshed.
 *
 * Revoking a revoked key changes nothing. Throws `key_not_found`, and `keys_fixed` for an active secret from the
 * configuration.
 *
 * @param by the administrator who asked for it over HTTP, for the log
 */
export async function revokeKey(
  context: Context,
  kid: string,
  source: Source,
  by: Caller | null = null,
): Promise<RevokedKey> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const keys = await context.store.signingKeys.list()
    const key = keys.find((candidate) => candidate.kid === kid)
    if (key === undefined) throw new SignetError('key_not_found')
    if (key.state === 'revoked') return { kid, successor: null }
    const successor = key.state === 'active' ? await successorOf(context, keys) : null
    const events = (at: EpochSeconds): readonly EventDraft[] => eventsOf(key, successor, at, source, by)
    if (!(await revoke(context, key, successor, events))) continue
    await context.signingKeys.refresh()
    return { kid, successor: successorKid(successor) }
  }
  throw new SignetError('unavailable', { retryAfterSeconds: 1, reason: 'the keys keep changing' })
}

type Successor = KeyRevocation['successor']

async function successorOf(context: Context, keys: readonly StoredSigningKey[]): Promise<Successor> {
  if (context.settings.keys.rotationIntervalSeconds === null) throw keysFixed()
  const pending = keys.find(({ state }) => state === 'pending')
  return pending === undefined ? { key: await context.signingKeys.create('active') } : { kid: pending.kid }
}

async function revoke(
  context: Context,
  key: StoredSigningKey,
  successor: Successor,
  events: (at: EpochSeconds) => readonly EventDraft[],
): Promise<boolean> {
  const { signingKeys } = context.store
  const at = context.now()
  const maxAge = Math.max(await signingKeys.jwksMaxAge(), context.settings.keys.jwksMaxAgeSeconds)
  const revocations = [revocationOfKey(key.kid, lastExpOf(key, maxAge, at))]
  const change = { at, state: key.state, successor, revocations }
  return signingKeys.revoke(key.kid, change, events(at))
}

function eventsOf(
  key: StoredSigningKey,
  successor: Successor,
  at: EpochSeconds,
  source: Source,
  by: Caller | null,
): readonly EventDraft[] {
  const { kid, state } = key
  const revoked = draftEvent('key.revoked', at, source, { ...whoIs(by), details: { kid, state } })
  if (successor === null) return [revoked]
  const details = 'key' in successor ? { kid: successor.key.kid, alg: successor.key.alg } : { kid: successor.kid }
  return [
    revoked,
    draftEvent('key' in successor ? 'key.created' : 'key.activated', at, source, { ...whoIs(by), details }),
  ]
}

function successorKid(successor: Successor): string | null {
  if (successor === null) return null
  return 'key' in successor ? successor.key.kid : successor.kid
}
