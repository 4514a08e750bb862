import type { EpochSeconds } from './time.ts'

/** `pending` is published but does not sign; `retired` still verifies; `revoked` is gone at once. */
export type SigningKeyState = 'pending' | 'active' | 'retired' | 'revoked'

/** A signing key at rest. */
export interface StoredSigningKey {
  readonly kid: string
  readonly alg: string
  readonly state: SigningKeyState
  /** Public JWK as JSON; `null` for an HMAC secret, which has no public half. */
  readonly publicJwk: string | null
  /** Private JWK, encrypted under the master key. */
  readonly sealedPrivateJwk: string
  readonly createdAt: EpochSeconds
  readonly activatedAt: EpochSeconds | null
  readonly retiredAt: EpochSeconds | null
}
