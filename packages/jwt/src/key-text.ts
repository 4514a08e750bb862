import { Buffer } from 'node:buffer'
import { createPublicKey } from 'node:crypto'

/** PEM and RFC 4716 armour, OpenSSH one-line keys, PuTTY files; anywhere in the text, since some keys carry a preamble. */
const ARMOUR =
  /-----\s*BEGIN\s|---- BEGIN |PuTTY-User-Key-File|(?:^|\s)(?:sk-)?(?:ssh-(?:rsa|dss|ed25519|ed448)|ecdsa-sha2-)\S*\s+AAAA/
const NUL = '\0'

/**
 * Says whether bytes meant as an HMAC secret are in truth a key of another kind, whole and in a public format.
 *
 * Who can read a public key could sign with such a secret (RFC 8725 §2.1, CVE-2015-9235, CVE-2023-48223, CVE-2026-34950).
 * White space, byte order marks and UTF-16 do not hide a key; neither does leaving off the PEM armour.
 */
export function isKeyMaterialOfAnotherKind(secret: Uint8Array): boolean {
  const bytes = Buffer.from(secret.buffer, secret.byteOffset, secret.byteLength)
  const text = bytes.toString('latin1').replaceAll(NUL, '').replace(LEADING_NOISE, '')
  if (ARMOUR.test(text) || isJsonKey(text)) return true
  return isDerKey(bytes) || isDerKey(Buffer.from(text, 'base64'))
}

/** UTF-8 and UTF-16 byte order marks as Latin-1 sees them, and every kind of white space. */
const LEADING_NOISE = /^(?:\u00EF\u00BB\u00BF|\u00FE\u00FF|\u00FF\u00FE|\s)+/

/** A JWK, a JWK Set or a list of either, as text. */
function isJsonKey(text: string): boolean {
  if (text[0] !== '{' && text[0] !== '[') return false
  try {
    const value: unknown = JSON.parse(text)
    return [value].flat().some((item) => typeof item === 'object' && item !== null && ('kty' in item || 'keys' in item))
  } catch {
    return false
  }
}

const SEQUENCE_TAG = 0x30
const DER_FORMS = [{ type: 'spki' }, { type: 'pkcs1' }] as const

/** SubjectPublicKeyInfo, PKCS #1 or an X.509 certificate in binary. */
function isDerKey(der: Buffer): boolean {
  if (der[0] !== SEQUENCE_TAG) return false
  for (const form of DER_FORMS) {
    try {
      createPublicKey({ key: der, format: 'der', ...form })
      return true
    } catch {
      // not in this form
    }
  }
  return false
}
