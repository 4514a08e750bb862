/** Seconds since 1970-01-01T00:00:00Z, leap seconds ignored (RFC 7519 §2, NumericDate). */
export type EpochSeconds = number

export type Algorithm =
  | 'HS256'
  | 'HS384'
  | 'HS512'
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'Ed25519'

export type AlgorithmTraits =
  | { readonly family: 'hmac'; readonly hash: string; readonly hashBytes: number }
  | { readonly family: 'rsa'; readonly padding: 'pkcs1' | 'pss'; readonly hash: string; readonly hashBytes: number }
  | { readonly family: 'ec'; readonly hash: string; readonly crv: string; readonly coordinateBytes: number }
  | { readonly family: 'okp'; readonly crv: 'Ed25519' }

const TRAITS: Readonly<Record<Algorithm, AlgorithmTraits>> = {
  HS256: { family: 'hmac', hash: 'sha256', hashBytes: 32 },
  HS384: { family: 'hmac', hash: 'sha384', hashBytes: 48 },
  HS512: { family: 'hmac', hash: 'sha512', hashBytes: 64 },
  RS256: { family: 'rsa', padding: 'pkcs1', hash: 'sha256', hashBytes: 32 },
  RS384: { family: 'rsa', padding: 'pkcs1', hash: 'sha384', hashBytes: 48 },
  RS512: { family: 'rsa', padding: 'pkcs1', hash: 'sha512', hashBytes: 64 },
  PS256: { family: 'rsa', padding: 'pss', hash: 'sha256', hashBytes: 32 },
  PS384: { family: 'rsa', padding: 'pss', hash: 'sha384', hashBytes: 48 },
  PS512: { family: 'rsa', padding: 'pss', hash: 'sha512', hashBytes: 64 },
  ES256: { family: 'ec', hash: 'sha256', crv: 'P-256', coordinateBytes: 32 },
  ES384: { family: 'ec', hash: 'sha384', crv: 'P-384', coordinateBytes: 48 },
  ES512: { family: 'ec', hash: 'sha512', crv: 'P-521', coordinateBytes: 66 },
  Ed25519: { family: 'okp', crv: 'Ed25519' },
}

/** Every algorithm of the engine (RFC 7518 §3.1, RFC 9864 §2.2). There is no unsigned one. */
export const ALGORITHMS: readonly Algorithm[] = Object.freeze(Object.keys(TRAITS) as Algorithm[])

/** The algorithms whose verification key may be published. */
export const ASYMMETRIC_ALGORITHMS: readonly Algorithm[] = Object.freeze(
  ALGORITHMS.filter((alg) => TRAITS[alg].family !== 'hmac'),
)

export function isAlgorithm(value: unknown): value is Algorithm {
  return typeof value === 'string' && Object.hasOwn(TRAITS, value)
}

export function traitsOf(alg: Algorithm): AlgorithmTraits {
  return TRAITS[alg]
}
