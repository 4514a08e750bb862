import { Buffer } from 'node:buffer'
import { createPrivateKey, createPublicKey, createSecretKey, KeyObject } from 'node:crypto'
import type { Algorithm, AlgorithmTraits } from './algorithms.ts'
import { ALGORITHMS, isAlgorithm, traitsOf } from './algorithms.ts'
import { decodeBase64url } from './base64url.ts'
import { JwtError } from './errors.ts'
import type { Jwk } from './jwk.ts'
import { checkJwkMembers, jwkAlgorithm, publicMembers } from './jwk-members.ts'
import { exportJwk, makeSigningKey, makeVerificationKey, signingMaterialOf, verificationMaterialOf } from './keys.ts'
import type { SigningKey, VerificationKey } from './keys.ts'
import { checkKeyStrength } from './key-strength.ts'
import { createSignature, verifySignature } from './signatures.ts'
import { thumbprint } from './thumbprint.ts'

/** A JWK, PEM text (SPKI, PKCS #1, PKCS #8, SEC 1 or an X.509 certificate), the bytes of an HMAC secret, or a KeyObject. */
export type ImportableKey = Jwk | string | Uint8Array | KeyObject

export interface ImportOptions {
  /** Required unless the JWK names it or its curve leaves only one. */
  readonly alg?: Algorithm | undefined
  /** Name for a key that brings none. A JWK's own `kid` wins. */
  readonly kid?: string | undefined
}

/**
 * Imports the public half of a key, or an HMAC secret, for one algorithm.
 *
 * A private key is reduced to its public half. Metadata (`use`, `key_ops`, `alg`) that speaks against verifying is obeyed.
 * Certificates are read for their key alone: no chain, name or date is checked.
 * A key without a name stays unnamed and is considered for tokens with any `kid`.
 *
 * @throws JwtError `key_invalid`, `key_weak`
 */
export function importVerificationKey(source: ImportableKey, options: ImportOptions = {}): VerificationKey {
  const { alg, kid, keyObject } = readKey(source, options, 'verify')
  return makeVerificationKey(alg, kid, keyObject)
}

/**
 * Imports a private key, or an HMAC secret, for one algorithm, and makes sure that what it signs verifies.
 *
 * `kid` defaults to the RFC 7638 thumbprint; an HMAC secret stays unnamed, since a thumbprint would be a hash of the secret.
 *
 * @throws JwtError `key_invalid`, `key_weak`
 */
export function importSigningKey(source: ImportableKey, options: ImportOptions = {}): SigningKey {
  const { alg, kid, keyObject } = readKey(source, options, 'sign')
  const key = makeSigningKey(alg, kid ?? defaultKid(keyObject), keyObject)
  checkHalvesBelongTogether(key)
  return key
}

interface ReadKey {
  readonly alg: Algorithm
  readonly kid: string | undefined
  readonly keyObject: KeyObject
}

type KeyUse = 'sign' | 'verify'

function readKey(source: ImportableKey, options: ImportOptions, use: KeyUse): ReadKey {
  checkOptions(options)
  if (typeof source === 'string') return fromKeyObject(fromPem(source, use), options)
  if (source instanceof Uint8Array) return fromKeyObject(secretFrom(source), options)
  if (source instanceof KeyObject) return fromKeyObject(reduce(source, use), options)
  if (typeof source === 'object' && source !== null) return fromJwk(source, options, use)
  throw new JwtError('key_invalid', 'a key is a JWK, PEM text, bytes or a KeyObject')
}

function checkOptions({ alg, kid }: ImportOptions): void {
  if (alg !== undefined && !isAlgorithm(alg))
    throw new JwtError('key_invalid', 'alg is not an algorithm of this engine')
  if (kid !== undefined && typeof kid !== 'string') throw new JwtError('key_invalid', 'kid is not a string')
}

function fromKeyObject(keyObject: KeyObject, options: ImportOptions): ReadKey {
  const alg = options.alg ?? onlyAlgorithmFor(keyObject)
  if (alg === undefined) throw new JwtError('key_invalid', 'the key does not say for which algorithm it is')
  checkKeyFits(alg, keyObject)
  checkKeyStrength(alg, keyObject)
  return { alg, kid: options.kid, keyObject }
}

function fromJwk(jwk: Jwk, options: ImportOptions, use: KeyUse): ReadKey {
  checkJwkMembers(jwk, use)
  const named = jwkAlgorithm(jwk)
  if (named !== undefined && options.alg !== undefined && named !== options.alg) {
    throw new JwtError('key_invalid', 'the JWK is for another algorithm')
  }
  return fromKeyObject(jwkToKeyObject(jwk, use), { alg: named ?? options.alg, kid: jwk.kid ?? options.kid })
}

function jwkToKeyObject(jwk: Jwk, use: KeyUse): KeyObject {
  if (jwk.kty === 'oct') return createSecretKey(decodeBase64url(jwk.k ?? ''))
  if (use === 'verify') return readAsymmetric(() => createPublicKey({ key: publicMembers(jwk), format: 'jwk' }))
  if (jwk.d === undefined) throw new JwtError('key_invalid', 'a signing key has a private half')
  const privateKey = readAsymmetric(() =>
    createPrivateKey({ key: { ...jwk } as Record<string, unknown>, format: 'jwk' }),
  )
  // OpenSSL keeps whichever half it prefers; a JWK whose halves belong to two keys must not get as far as signing.
  const published = readAsymmetric(() => createPublicKey({ key: publicMembers(jwk), format: 'jwk' }))
  if (!published.equals(createPublicKey(privateKey))) {
    throw new JwtError('key_invalid', 'public and private half do not belong together')
  }
  return privateKey
}

function fromPem(pem: string, use: KeyUse): KeyObject {
  if (!pem.includes('-----BEGIN ')) throw new JwtError('key_invalid', 'the text is not PEM')
  return readAsymmetric(() => (use === 'sign' ? createPrivateKey(pem) : createPublicKey(pem)))
}

function readAsymmetric(read: () => KeyObject): KeyObject {
  try {
    return read()
  } catch {
    // OpenSSL's message can quote the input; it is dropped on purpose
    throw new JwtError('key_invalid', 'the key cannot be read')
  }
}

function secretFrom(bytes: Uint8Array): KeyObject {
  return createSecretKey(Buffer.from(bytes))
}

function reduce(source: KeyObject, use: KeyUse): KeyObject {
  if (source.type === 'private' && use === 'verify') return createPublicKey(source)
  if (source.type === 'public' && use === 'sign') throw new JwtError('key_invalid', 'a signing key has a private half')
  return source
}

const CURVES: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' }

function checkKeyFits(alg: Algorithm, keyObject: KeyObject): void {
  if (!fits(traitsOf(alg), keyObject))
    throw new JwtError('key_invalid', 'the key is not of the kind its algorithm needs')
}

function fits(traits: AlgorithmTraits, keyObject: KeyObject): boolean {
  if (keyObject.type === 'secret') return traits.family === 'hmac'
  const details = keyObject.asymmetricKeyDetails ?? {}
  switch (keyObject.asymmetricKeyType) {
    case 'rsa':
      return traits.family === 'rsa'
    case 'rsa-pss':
      return (
        traits.family === 'rsa' &&
        traits.padding === 'pss' &&
        (details.hashAlgorithm ?? traits.hash) === traits.hash &&
        (details.mgf1HashAlgorithm ?? traits.hash) === traits.hash &&
        (details.saltLength ?? 0) <= traits.hashBytes
      )
    case 'ec':
      return traits.family === 'ec' && CURVES[details.namedCurve ?? ''] === traits.crv
    case 'ed25519':
      return traits.family === 'okp'
    default:
      return false
  }
}

/** A curve decides the algorithm; RSA and HMAC keys serve several, so their owner has to say. */
function onlyAlgorithmFor(keyObject: KeyObject): Algorithm | undefined {
  const fitting = ALGORITHMS.filter((alg) => fits(traitsOf(alg), keyObject))
  return fitting.length === 1 ? fitting[0] : undefined
}

function defaultKid(keyObject: KeyObject): string | undefined {
  if (keyObject.type === 'secret') return undefined
  const publicKey = createPublicKey(keyObject)
  return publicKey.asymmetricKeyType === 'rsa-pss' ? undefined : thumbprint(exportJwk(publicKey))
}

const PROBE = 'signet'

/** A key whose signature its own public half refuses would issue tokens that nobody accepts. */
function checkHalvesBelongTogether(key: SigningKey): void {
  const signature = createSignature(signingMaterialOf(key), PROBE, '')
  if (verifySignature(verificationMaterialOf(key.toVerificationKey()), Buffer.from(PROBE), decodeBase64url(signature)))
    return
  throw new JwtError('key_invalid', 'public and private half do not belong together')
}
