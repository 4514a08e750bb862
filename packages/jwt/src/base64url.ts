import { Buffer } from 'node:buffer'
import { JwtError } from './errors.ts'

/**
 * Decodes the one canonical base64url spelling of some bytes (RFC 7515 §2, RFC 4648 §3.5).
 *
 * Padding, white space, the `+/` alphabet and non-zero trailing bits are refused, so that one value has one spelling.
 *
 * @throws JwtError `base64url_invalid`
 */
export function decodeBase64url(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64url')
  // Node's decoder is lenient; encoding again is the shortest complete check, and it runs at memory speed.
  if (bytes.toString('base64url') !== text) throw new JwtError('base64url_invalid', 'not canonical base64url')
  return bytes
}

export function encodeBase64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url')
}
