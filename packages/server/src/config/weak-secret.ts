import { createHash } from 'node:crypto'

/**
 * Says why bytes are no secret, or `null`.
 *
 * Finds what people put where a key belongs: words, patterns, and keys printed in a specification. A key from a random
 * source trips over none of it: the chance is below 2^-40 for each rule. It cannot tell whether bytes that look random
 * were ever published elsewhere.
 */
export function whySecretWeak(bytes: Uint8Array): string | null {
  if (PUBLISHED_KEYS.has(createHash('sha256').update(bytes).digest('hex'))) return 'is a key printed in a specification'
  if (bytes.every((byte) => byte >= 0x20 && byte < 0x7f)) return 'is text, not random bytes'
  if (new Set(bytes).size < bytes.length / 2 && new Set(bytes).size < 48) return 'is a pattern, not random bytes'
  return hasConstantSteps(bytes) ? 'is a pattern, not random bytes' : null
}

/** SHA-256 of keys that every reader of an RFC has: RFC 7515 §A.1, RFC 8037 §A.1. */
const PUBLISHED_KEYS: ReadonlySet<string> = new Set(
  [
    'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow',
    'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
  ].map((key) => createHash('sha256').update(key, 'base64url').digest('hex')),
)

function hasConstantSteps(bytes: Uint8Array): boolean {
  const steps = bytes.subarray(1).map((byte, index) => byte - (bytes[index] ?? 0))
  return new Set(steps).size <= bytes.length / 4
}
