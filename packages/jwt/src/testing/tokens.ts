import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { JwtError } from '../errors.ts'
import type { JwtErrorCode } from '../errors.ts'
import type { JsonObject } from '../json.ts'
import { signingMaterialOf } from '../keys.ts'
import type { SigningKey } from '../keys.ts'
import { createSignature } from '../signatures.ts'

export const NOW = 1_700_000_000
export const ISSUER = 'https://auth.example.test'
export const AUDIENCE = 'https://api.example.test'

/** Claims that the policy of most tests accepts. */
export function goodClaims(changes: JsonObject = {}): JsonObject {
  return { iss: ISSUER, aud: AUDIENCE, sub: 'user-1', iat: NOW - 10, exp: NOW + 60, ...changes }
}

export function base64url(text: string | Uint8Array): string {
  return Buffer.from(text as string).toString('base64url')
}

/** Signs any two texts, however malformed, so that a test reaches the check behind the signature. */
export function signRaw(header: string, payload: string | Uint8Array, key: SigningKey): string {
  return signParts(base64url(header), base64url(payload), key)
}

/** Signs two parts as they are, canonical or not. */
export function signParts(header: string, payload: string, key: SigningKey): string {
  const input = `${header}.${payload}`
  return `${input}.${createSignature(signingMaterialOf(key), input, '')}`
}

/** Asserts that something is refused with exactly this code. */
export function refusedWith(code: JwtErrorCode, attempt: () => unknown): void {
  assert.throws(attempt, (error) => {
    assert.ok(error instanceof JwtError, `not a JwtError: ${String(error)}`)
    assert.equal(error.code, code, error.message)
    return true
  })
}
