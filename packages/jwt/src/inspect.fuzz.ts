import assert from 'node:assert/strict'
import { inspect } from './inspect.ts'

export const name = 'token inspection'

export const seeds: readonly Uint8Array[] = [
  'eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJleHAiOjE3MDAwMDAwNjAsImF1ZCI6WyJhIl19.AAAA',
  ' Bearer eyJhbGciOiJub25lIiwiYWxnIjoiIn0=.e30.',
  '"a.b.c.d.e"',
  '{"payload":"e30"}',
  'eyJhIjp7ImEiOjEsImEiOjJ9fQ.W10.+/8=',
].map((text) => Buffer.from(text))

/** Never throws, and always has something to say about what is no token. */
export function run(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString()
  const { parts, findings } = inspect(text)
  if (parts.length !== 3) assert.ok(findings.length > 0)
  return findings.map(({ where, code }) => `${where}.${code}`).join(' ')
}
