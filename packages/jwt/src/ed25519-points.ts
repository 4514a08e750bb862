import { Buffer } from 'node:buffer'

const FIELD_PRIME = (1n << 255n) - 19n
/** The y coordinates of the eight points whose order divides 8 (RFC 7748 §7, RFC 8032 §5.1). */
const SMALL_ORDER_Y = new Set([
  0n,
  1n,
  FIELD_PRIME - 1n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
  FIELD_PRIME - 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
])
const SIGN_BIT = 1n << 255n

/**
 * Says whether an encoded Ed25519 public key is a point of small order, or not the canonical spelling of a point.
 *
 * Under a small-order key one signature verifies for every message. `x` is the 32 bytes of RFC 8032 §5.1.2.
 */
export function isDegenerateEd25519Point(x: Uint8Array): boolean {
  const littleEndian = BigInt(`0x${Buffer.from(x.toReversed()).toString('hex')}`)
  const y = littleEndian & (SIGN_BIT - 1n)
  return y >= FIELD_PRIME || SMALL_ORDER_Y.has(y)
}
