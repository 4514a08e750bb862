import { Buffer } from 'node:buffer'
import { createPublicKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Algorithm } from './algorithms.ts'
import { JwtError } from './errors.ts'
import type { Jwk } from './jwk.ts'
import type { SigningMaterial, VerificationMaterial } from './key-material.ts'
import { cryptoOptions, hmacOf, signatureBytesOf } from './signatures.ts'
import type { CryptoOptions } from './signatures.ts'

export let verificationMaterialOf: (key: VerificationKey) => VerificationMaterial
export let signingMaterialOf: (key: SigningKey) => SigningMaterial
/** Made only by `importVerificationKey` and `SigningKey.toVerificationKey`, which have checked the key. */
export let makeVerificationKey: (alg: Algorithm, kid: string | undefined, keyObject: KeyObject) => VerificationKey
export let makeSigningKey: (alg: Algorithm, kid: string | undefined, keyObject: KeyObject) => SigningKey

/** One key that verifies one algorithm. Immutable; printing or serialising it shows no key material. */
export class VerificationKey {
  readonly alg: Algorithm
  /** The name a token's `kid` must equal. Without a name the key is considered for any `kid`. */
  readonly kid: string | undefined
  readonly #material: VerificationMaterial

  static {
    verificationMaterialOf = (key) => key.#material
    makeVerificationKey = (alg, kid, keyObject) => new VerificationKey(alg, kid, keyObject)
  }

  private constructor(alg: Algorithm, kid: string | undefined, keyObject: KeyObject) {
    const options: CryptoOptions = cryptoOptions(alg)
    this.alg = alg
    this.kid = kid
    this.#material = {
      alg,
      hash: options.hash,
      keyObject,
      input: { key: keyObject, ...options.input },
      signatureBytes: signatureBytesOf(alg, keyObject),
      hmac: hmacOf(alg, keyObject),
    }
    Object.freeze(this)
  }

  /**
   * The public JWK with `kid`, `alg` and `use`, ready to publish.
   *
   * @throws JwtError `key_invalid` for an HMAC secret, which has no public half
   */
  toPublicJwk(): Jwk {
    return describePublic(this.#material.keyObject, this.alg, this.kid)
  }
}

/** One key that signs with one algorithm. Immutable; printing or serialising it shows no key material. */
export class SigningKey {
  readonly alg: Algorithm
  readonly kid: string | undefined
  readonly #material: SigningMaterial

  static {
    signingMaterialOf = (key) => key.#material
    makeSigningKey = (alg, kid, keyObject) => new SigningKey(alg, kid, keyObject)
  }

  private constructor(alg: Algorithm, kid: string | undefined, keyObject: KeyObject) {
    const options: CryptoOptions = cryptoOptions(alg)
    this.alg = alg
    this.kid = kid
    this.#material = {
      alg,
      hash: options.hash,
      keyObject,
      input: { key: keyObject, ...options.input },
      hmac: hmacOf(alg, keyObject),
      headerParts: new Map(),
    }
    Object.freeze(this)
  }

  /** As {@link VerificationKey.toPublicJwk}. */
  toPublicJwk(): Jwk {
    return describePublic(this.#material.keyObject, this.alg, this.kid)
  }

  /** The private JWK, secret members included: for encrypted storage, never for publishing or logging. */
  toPrivateJwk(): Jwk {
    return { ...exportJwk(this.#material.keyObject), ...metadata(this.alg, this.kid) }
  }

  /** The key that verifies what this one signs, under the same `kid`. */
  toVerificationKey(): VerificationKey {
    const { keyObject } = this.#material
    return makeVerificationKey(this.alg, this.kid, keyObject.type === 'secret' ? keyObject : createPublicKey(keyObject))
  }
}

function describePublic(keyObject: KeyObject, alg: Algorithm, kid: string | undefined): Jwk {
  if (keyObject.type === 'secret') throw new JwtError('key_invalid', 'an HMAC secret has no public half')
  const publicKey = keyObject.type === 'private' ? createPublicKey(keyObject) : keyObject
  return { ...exportJwk(publicKey), ...metadata(alg, kid) }
}

function metadata(alg: Algorithm, kid: string | undefined): Pick<Jwk, 'kid' | 'alg' | 'use'> {
  return kid === undefined ? { alg, use: 'sig' } : { kid, alg, use: 'sig' }
}

/** A KeyObject as a JWK without metadata. RSASSA-PSS keys have no JWK form of their own and are written as plain RSA. */
export function exportJwk(keyObject: KeyObject): Jwk {
  if (keyObject.type === 'secret') return { kty: 'oct', k: Buffer.from(keyObject.export()).toString('base64url') }
  try {
    return keyObject.export({ format: 'jwk' }) as unknown as Jwk
  } catch (cause) {
    throw new JwtError('key_invalid', 'the key has no JWK form', { cause })
  }
}
