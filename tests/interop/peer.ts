import type { Algorithm } from '@signet/jwt'

/** Another implementation of JWT, asked to read our tokens and to write some for us. */
export interface Peer {
  readonly name: string
  /** Why it cannot take part here at all, or `null`. */
  readonly absent: string | null
  /** Algorithms it does not have. */
  readonly lacks: readonly Algorithm[]
  /** Resolves to the claims; rejects when it refuses. */
  verify(token: string, expected: Expected): Promise<unknown>
  /** `key` is a private JWK, or a secret one, as JSON text. */
  sign(claims: object, key: string, header: { readonly alg: Algorithm; readonly typ: string }): Promise<string>
  close(): Promise<void>
}

/** What a token must be for the peer to accept it, and with what it may check. */
export interface Expected {
  readonly alg: Algorithm
  readonly issuer: string
  readonly audience: string
  /** The published JWK Set as JSON text, to be searched by `kid`; or the shared secret of an HMAC. */
  readonly keys: string | Uint8Array
}
