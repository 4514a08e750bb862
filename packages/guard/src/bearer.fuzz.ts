import assert from 'node:assert/strict'
import { parseAuthorization } from './bearer.ts'

export const name = 'authorization header'

export const seeds: readonly Uint8Array[] = [
  'Bearer eyJhbGciOiJFUzI1NiJ9.e30.AA',
  'DPoP a.b.c',
  'bearer  a==',
  'Bearer a, Bearer b',
  'Basic YTpi',
  'Bearer',
  'Bearer\ta',
].map((value) => Buffer.from(value, 'latin1'))

/** Any bytes are a header value to somebody: the answer is one of five kinds, and a token holds only token characters. */
export function run(bytes: Uint8Array): string {
  const value = Buffer.from(bytes).toString('latin1')
  const parsed = parseAuthorization(value)
  if (parsed.kind !== 'bearer' && parsed.kind !== 'dpop') return parsed.kind
  assert.match(parsed.token, /^[A-Za-z0-9\-._~+/]+=*$/)
  assert.equal(value.slice(0, parsed.kind.length).toLowerCase(), parsed.kind)
  assert.equal(value.slice(parsed.kind.length).trimStart(), parsed.token)
  return parsed.kind
}
