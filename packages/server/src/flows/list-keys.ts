import { rotationOutlook, successorDueAt } from '../domain/key-rotation.ts'
import type { RotationOutlook } from '../domain/key-rotation.ts'
import { verifiesUntil } from '../domain/signing-key.ts'
import type { SigningKeyState, StoredSigningKey } from '../domain/signing-key.ts'
import type { EpochSeconds } from '../domain/time.ts'
import type { Context } from './context.ts'
import { readKeys } from './read-keys.ts'

/** A signing key without its secret. */
export interface ListedKey {
  readonly kid: string
  readonly alg: string
  readonly state: SigningKeyState
  readonly createdAt: EpochSeconds
  readonly activatedAt: EpochSeconds | null
  readonly retiredAt: EpochSeconds | null
  readonly revokedAt: EpochSeconds | null
  /** When a retired key leaves the published set. */
  readonly leavesAt: EpochSeconds | null
}

export interface KeyOverview {
  /** Oldest first. */
  readonly keys: readonly ListedKey[]
  /** When the next rotation begins by itself; `null` when it has begun, or never will. */
  readonly nextRotationAt: EpochSeconds | null
  /** The rotation under way; `null` when there is none. */
  readonly rotation: RotationOutlook | null
}

/** Lists the signing keys and says what happens to them next. */
export async function listKeys(context: Context): Promise<KeyOverview> {
  const { keys, policy, guards, now } = await readKeys(context)
  const active = keys.find(({ state }) => state === 'active')
  const outlook = rotationOutlook(keys, policy, guards, now)
  const dueAt = active === undefined ? now : successorDueAt(active, policy)
  return {
    keys: keys.map(describeKey),
    nextRotationAt: outlook.pending !== null || dueAt === Infinity ? null : dueAt,
    rotation: outlook.pending === null ? null : outlook,
  }
}

function describeKey(key: StoredSigningKey): ListedKey {
  const { kid, alg, state, createdAt, activatedAt, retiredAt, revokedAt } = key
  const leavesAt = state === 'retired' ? verifiesUntil(key) : null
  return { kid, alg, state, createdAt, activatedAt, retiredAt, revokedAt, leavesAt }
}
