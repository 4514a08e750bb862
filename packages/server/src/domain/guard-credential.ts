import type { EpochSeconds } from './time.ts'

/** What a guard, or a service without one, shows to read the revocation feed and to ask about tokens. */
export interface GuardCredential {
  /** Names the credential; no secret. */
  readonly id: string
  /** Which service holds it, for the operator. Not unique: a new credential is made before the old one is revoked. */
  readonly name: string
  /** The only audience whose tokens it may ask about; `null` for all of them. */
  readonly audience: string | null
  /** SHA-256 of the credential, base64url. The credential itself is 256 random bits and kept nowhere. */
  readonly hash: string
  readonly createdAt: EpochSeconds
  readonly revokedAt: EpochSeconds | null
}
