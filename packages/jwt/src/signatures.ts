import { Buffer } from 'node:buffer'
import { constants, sign, verify } from 'node:crypto'
import type { KeyObject, SigningOptions } from 'node:crypto'
import type { Algorithm } from './algorithms.ts'
import { traitsOf } from './algorithms.ts'
import { encodeBase64url } from './base64url.ts'
import { sliceBase64url, writeLatin1At } from './bytes.ts'
import { OneShotHmac } from './hmac.ts'
import { Scratch } from './scratch.ts'
import type { SigningMaterial, VerificationMaterial } from './key-material.ts'

export interface CryptoOptions {
  readonly hash: string | null
  readonly input: SigningOptions
}

/**
 * Verifies one signature over the bytes of a signing input (RFC 7518 §3, RFC 8037 §3.1).
 *
 * A signature of another length than the algorithm gives is refused before any arithmetic; MACs are compared in constant time.
 */
export function verifySignature(material: VerificationMaterial, data: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== material.signatureBytes) return false
  if (material.hmac === undefined) return verify(material.hash, data, material.input, signature)
  return material.hmac.matches(Buffer.from(data).toString('latin1'), encodeBase64url(signature))
}

/**
 * Signs a signing input on the calling thread and returns the signature part of a token. RS and PS take hundreds of
 * microseconds. The input is ASCII and comes in two pieces, because joining them first would be another copy.
 */
export function createSignature(material: SigningMaterial, header: string, payload: string): string {
  if (material.hmac !== undefined) return material.hmac.compute(header + payload)
  const signature = sign(material.hash, bytesOf(header, payload), material.input)
  return sliceBase64url(signature, signature.length)
}

/** The same signature from the thread pool. */
export function createSignatureAsync(material: SigningMaterial, input: string): Promise<string> {
  if (material.hmac !== undefined) return Promise.resolve(material.hmac.compute(input))
  return new Promise((resolve, reject) => {
    // bytes of its own: the call returns before they are read
    sign(material.hash, Buffer.from(input, 'latin1'), material.input, (error, signature) => {
      if (error) reject(error)
      else resolve(encodeBase64url(signature))
    })
  })
}

const RETAINED_BYTES = 32_768
const scratch = new Scratch(RETAINED_BYTES)
/** What the memory starts with. A server signs with one header for weeks. */
let writtenHeader = ''

/** Valid until the next call. */
function bytesOf(header: string, payload: string): Uint8Array {
  const length = header.length + payload.length
  if (length > RETAINED_BYTES) return Buffer.from(header + payload, 'latin1')
  if (header !== writtenHeader) writeLatin1At(scratch.bytes, header, 0)
  writtenHeader = header
  writeLatin1At(scratch.bytes, payload, header.length)
  return scratch.view(length)
}

/** Hash and padding of an algorithm, as `crypto.sign` and `crypto.verify` take them. */
export function cryptoOptions(alg: Algorithm): CryptoOptions {
  const traits = traitsOf(alg)
  if (traits.family === 'okp') return { hash: null, input: {} }
  if (traits.family === 'hmac') return { hash: traits.hash, input: {} }
  // RFC 7518 §3.4: r and s side by side, not the DER sequence that is OpenSSL's default
  if (traits.family === 'ec') return { hash: traits.hash, input: { dsaEncoding: 'ieee-p1363' } }
  if (traits.padding === 'pkcs1') return { hash: traits.hash, input: { padding: constants.RSA_PKCS1_PADDING } }
  // RFC 7518 §3.5: the salt is exactly as long as the hash
  return { hash: traits.hash, input: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: traits.hashBytes } }
}

/** How many bytes every signature by this key has. */
export function signatureBytesOf(alg: Algorithm, keyObject: KeyObject): number {
  const traits = traitsOf(alg)
  if (traits.family === 'hmac') return traits.hashBytes
  if (traits.family === 'ec') return traits.coordinateBytes * 2
  if (traits.family === 'okp') return 64
  return Math.ceil((keyObject.asymmetricKeyDetails?.modulusLength ?? 0) / 8)
}

/** The MAC function of an HMAC key, prepared once; undefined for every other key. */
export function hmacOf(alg: Algorithm, keyObject: KeyObject): OneShotHmac | undefined {
  const traits = traitsOf(alg)
  return traits.family === 'hmac' ? new OneShotHmac(traits.hash, traits.hashBytes, keyObject) : undefined
}
