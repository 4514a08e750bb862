import type { ConnectedGuard, KeyPolicy } from '../domain/key-rotation.ts'
import type { StoredSigningKey } from '../domain/signing-key.ts'
import type { EpochSeconds } from '../domain/time.ts'
import type { Context } from './context.ts'

/** What the rules of key rotation decide upon. */
export interface KeyState {
  readonly keys: readonly StoredSigningKey[]
  readonly policy: KeyPolicy
  readonly guards: readonly ConnectedGuard[]
  readonly now: EpochSeconds
}

/** Nodes say every minute which guards they serve; one that has been silent for longer than this is gone. */
const CONNECTION_SECONDS = 150

export async function readKeys({ store, settings, now: clock }: Context): Promise<KeyState> {
  const now = clock()
  const { algorithm, rotationIntervalSeconds, jwksMaxAgeSeconds, publicationMarginSeconds } = settings.keys
  const [keys, guards, everSent] = await Promise.all([
    store.signingKeys.list(),
    store.connections.list(now - CONNECTION_SECONDS),
    store.signingKeys.jwksMaxAge(),
  ])
  const publicationLeadSeconds = Math.max(everSent, jwksMaxAgeSeconds) + publicationMarginSeconds
  return { keys, policy: { algorithm, rotationIntervalSeconds, publicationLeadSeconds }, guards, now }
}
