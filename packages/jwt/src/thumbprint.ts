import { hash } from 'node:crypto'
import type { Jwk } from './jwk.ts'
import { checkJwkMembers, publicMembers } from './jwk-members.ts'

/**
 * The RFC 7638 thumbprint of a key: SHA-256 over its required members in lexical order, as base64url (43 characters).
 *
 * Private members do not count, so both halves have one thumbprint. For a symmetric key it is a hash of the secret:
 * do not publish it (RFC 7638 §7). Does not check that the key is usable.
 *
 * @throws JwtError `key_invalid` when a required member is missing or malformed
 */
export function thumbprint(jwk: Jwk): string {
  const { kty, ...members } = publicMembersOf(jwk)
  const ordered = Object.entries({ ...members, kty }).sort(([a], [b]) => (a < b ? -1 : 1))
  return hash('sha256', JSON.stringify(Object.fromEntries(ordered)), 'base64url')
}

function publicMembersOf(jwk: Jwk): Record<string, string> {
  // Metadata is no part of a thumbprint, so a key of any use has one.
  const bare = { ...jwk } as Record<string, unknown>
  for (const name of ['use', 'key_ops', 'alg', 'kid']) delete bare[name]
  checkJwkMembers(bare as unknown as Jwk, 'verify')
  return publicMembers(jwk)
}
