import { createPublicKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Algorithm } from './algorithms.ts'
import { traitsOf } from './algorithms.ts'
import { decodeBase64url } from './base64url.ts'
import { isDegenerateEd25519Point } from './ed25519-points.ts'
import { JwtError } from './errors.ts'
import { isKeyMaterialOfAnotherKind } from './key-text.ts'
import { hasRocaFingerprint } from './roca.ts'

/** RFC 7518 §3.3 and §3.5. */
export const MIN_RSA_MODULUS_BITS = 2048
/** OpenSSL's own ceiling; a larger modulus only costs time. */
const MAX_RSA_MODULUS_BITS = 16_384
const MAX_RSA_EXPONENT = 1n << 64n

/**
 * Refuses keys that are well-formed and protect nothing: HMAC secrets shorter than their hash (RFC 7518 §3.2) or in truth a
 * public key, RSA under 2048 bits or with a degenerate exponent or modulus, small-order Ed25519 points.
 *
 * Does not measure the entropy of a secret; a guessable one of 32 bytes passes.
 *
 * @throws JwtError `key_weak`; `key_invalid` for a secret that is a key of another kind
 */
export function checkKeyStrength(alg: Algorithm, keyObject: KeyObject): void {
  const traits = traitsOf(alg)
  if (traits.family === 'hmac') checkSecret(keyObject, traits.hashBytes)
  if (traits.family === 'rsa') checkRsa(keyObject)
  if (traits.family === 'okp') checkEd25519(keyObject)
}

function checkSecret(keyObject: KeyObject, hashBytes: number): void {
  if ((keyObject.symmetricKeySize ?? 0) < hashBytes) {
    throw new JwtError('key_weak', 'an HMAC secret is at least as long as its hash')
  }
  if (isKeyMaterialOfAnotherKind(keyObject.export())) {
    throw new JwtError('key_invalid', 'an HMAC secret must not be a key of another kind')
  }
}

function checkRsa(keyObject: KeyObject): void {
  const { modulusLength = 0, publicExponent = 0n } = keyObject.asymmetricKeyDetails ?? {}
  if (modulusLength < MIN_RSA_MODULUS_BITS) throw new JwtError('key_weak', 'an RSA modulus has at least 2048 bits')
  if (modulusLength > MAX_RSA_MODULUS_BITS) throw new JwtError('key_invalid', 'an RSA modulus has at most 16384 bits')
  if (publicExponent < 3n || publicExponent % 2n === 0n || publicExponent >= MAX_RSA_EXPONENT) {
    throw new JwtError('key_weak', 'an RSA exponent is odd, at least 3 and at most 64 bits long')
  }
  const modulus = modulusOf(keyObject)
  if (modulus === undefined) return
  if (modulus % 2n === 0n) throw new JwtError('key_weak', 'an RSA modulus is odd')
  if (hasRocaFingerprint(modulus)) throw new JwtError('key_weak', 'the RSA modulus is factorable (CVE-2017-15361)')
}

/** Undefined for RSASSA-PSS keys, which Node cannot export as a JWK. */
function modulusOf(keyObject: KeyObject): bigint | undefined {
  if (keyObject.asymmetricKeyType !== 'rsa') return undefined
  const { n } = publicHalf(keyObject).export({ format: 'jwk' })
  return BigInt(`0x${decodeBase64url(String(n)).toString('hex')}`)
}

function checkEd25519(keyObject: KeyObject): void {
  const { x } = publicHalf(keyObject).export({ format: 'jwk' })
  if (isDegenerateEd25519Point(decodeBase64url(String(x)))) {
    throw new JwtError('key_weak', 'the Ed25519 point is of small order or not canonical')
  }
}

function publicHalf(keyObject: KeyObject): KeyObject {
  return keyObject.type === 'private' ? createPublicKey(keyObject) : keyObject
}
