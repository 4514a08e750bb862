/** A JSON Web Key (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2). Values are base64url text unless RFC 7517 says otherwise. */
export interface Jwk {
  readonly kty: string
  readonly kid?: string
  readonly alg?: string
  readonly use?: string
  readonly key_ops?: string[]
  readonly crv?: string
  readonly x?: string
  readonly y?: string
  readonly n?: string
  readonly e?: string
  readonly d?: string
  readonly p?: string
  readonly q?: string
  readonly dp?: string
  readonly dq?: string
  readonly qi?: string
  readonly k?: string
}

/** RFC 7517 §5. */
export interface JwkSet {
  readonly keys: Jwk[]
}
