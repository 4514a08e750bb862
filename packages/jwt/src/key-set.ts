import type { Algorithm } from './algorithms.ts'
import { JwtError, PolicyError } from './errors.ts'
import { importVerificationKey } from './import.ts'
import type { Jwk, JwkSet } from './jwk.ts'
import { VerificationKey, verificationMaterialOf } from './keys.ts'

/** Where a verifier finds the keys it trusts. Synchronous: whatever fetches keys does so elsewhere. */
export interface KeySource {
  /**
   * The trusted keys that may have made a signature with this algorithm and key id, most likely first; empty if there is none.
   * `kid` is compared exactly and never interpreted. A key for another algorithm must not be returned.
   */
  select(alg: Algorithm, kid: string | undefined): readonly VerificationKey[]
  /** Changes whenever the trusted set does, so that what was concluded from the old set is looked at again. */
  readonly version: number
}

/** An immutable set of keys. */
export class KeySet implements KeySource {
  readonly version = 0
  readonly keys: readonly VerificationKey[]

  constructor(keys: readonly VerificationKey[]) {
    this.keys = Object.freeze([...keys])
    Object.freeze(this)
  }

  /**
   * With a `kid`: the key of that name, else the unnamed keys. Without: the only key of the algorithm, else the unnamed ones,
   * so that a token that names no key can not make a verifier try a whole published set.
   */
  select(alg: Algorithm, kid: string | undefined): readonly VerificationKey[] {
    const candidates = this.keys.filter((key) => key.alg === alg)
    if (kid === undefined && candidates.length === 1) return candidates
    const named = kid === undefined ? [] : candidates.filter((key) => key.kid === kid)
    return named.length > 0 ? named : candidates.filter((key) => key.kid === undefined)
  }
}

/**
 * Makes a key set of imported keys.
 *
 * @throws PolicyError when two keys share a `kid`, or one key appears twice: a key serves one algorithm only
 */
export function createKeySet(keys: Iterable<VerificationKey>): KeySet {
  const list = [...keys]
  for (const [index, key] of list.entries()) {
    if (!(key instanceof VerificationKey)) throw new PolicyError('a key set is made of VerificationKey objects')
    for (const other of list.slice(0, index)) checkAreDistinct(key, other)
  }
  return new KeySet(list)
}

/**
 * Imports a published JWK Set (RFC 7517 §5).
 *
 * Keys that cannot be used here are skipped: unknown types, other uses, incomplete, weak, or symmetric, since whoever may read
 * a secret may also sign with it. An RSA key that names no algorithm is taken for `rsaAlgorithm`.
 *
 * @throws JwtError `key_invalid` when the value is no JWK Set, or when two of its keys share a `kid`
 */
export function importJwkSet(jwks: unknown, options: { readonly rsaAlgorithm?: Algorithm } = {}): KeySet {
  const keys = usableKeys(jwks, options.rsaAlgorithm ?? 'RS256')
  try {
    return createKeySet(keys)
  } catch (cause) {
    throw new JwtError('key_invalid', 'the JWK Set holds two keys that cannot be told apart', { cause })
  }
}

/**
 * Builds the JWK Set to publish: public members, `kid`, `alg` and `use` of each key, nothing else.
 *
 * @throws JwtError `key_invalid` for an HMAC secret
 */
export function buildJwkSet(keys: Iterable<VerificationKey>): JwkSet {
  return { keys: Array.from(createKeySet(keys).keys, (key) => key.toPublicJwk()) }
}

function checkAreDistinct(key: VerificationKey, other: VerificationKey): void {
  if (key.kid !== undefined && key.kid === other.kid) throw new PolicyError('two keys share a kid')
  const [ours, theirs] = [verificationMaterialOf(key).keyObject, verificationMaterialOf(other).keyObject]
  if (ours.equals(theirs)) throw new PolicyError('one key is given twice; a key serves one algorithm only')
}

function usableKeys(jwks: unknown, rsaAlgorithm: Algorithm): VerificationKey[] {
  const list = listOfKeys(jwks)
  checkKidsAreUnique(list)
  return list.flatMap((jwk) => importIfUsable(jwk, rsaAlgorithm))
}

function listOfKeys(jwks: unknown): readonly unknown[] {
  const keys =
    typeof jwks === 'object' && jwks !== null && Object.hasOwn(jwks, 'keys') ? (jwks as JwkSet).keys : undefined
  if (!Array.isArray(keys)) throw new JwtError('key_invalid', 'a JWK Set is an object with a list of keys')
  return keys
}

function checkKidsAreUnique(list: readonly unknown[]): void {
  const kids = list.map((jwk) => (jwk as { kid?: unknown } | null)?.kid).filter((kid) => typeof kid === 'string')
  if (new Set(kids).size !== kids.length) throw new JwtError('key_invalid', 'the JWK Set names two keys alike')
}

function importIfUsable(jwk: unknown, rsaAlgorithm: Algorithm): VerificationKey[] {
  if (typeof jwk !== 'object' || jwk === null) return []
  const key = jwk as Jwk
  if (key.kty === 'oct') return []
  try {
    return [importVerificationKey(key, key.kty === 'RSA' && key.alg === undefined ? { alg: rsaAlgorithm } : {})]
  } catch {
    return []
  }
}
