import type { KeyObject, SignKeyObjectInput, VerifyKeyObjectInput } from 'node:crypto'
import type { Algorithm } from './algorithms.ts'
import type { OneShotHmac } from './hmac.ts'

/** What the signature functions need, prepared once per key. Never leaves the package. */
export interface VerificationMaterial {
  readonly alg: Algorithm
  /** Hash name for one-shot verification; null where the algorithm has its own (Ed25519). */
  readonly hash: string | null
  readonly keyObject: KeyObject
  readonly input: VerifyKeyObjectInput
  readonly signatureBytes: number
  readonly hmac: OneShotHmac | undefined
}

export interface SigningMaterial {
  readonly alg: Algorithm
  readonly hash: string | null
  readonly keyObject: KeyObject
  readonly input: SignKeyObjectInput
  readonly hmac: OneShotHmac | undefined
  /** Encoded headers by `typ`, so that signing serialises a header once per key and type. */
  readonly headerParts: Map<string, string>
}
