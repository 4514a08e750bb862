import assert from 'node:assert/strict'
import { createDpopProof, verifyDpopProof } from './dpop.ts'
import { JwtError } from './errors.ts'
import { importSigningKey } from './import.ts'
import { NOW } from './testing/tokens.ts'

export const name = 'DPoP proof'

const key = importSigningKey({
  kty: 'OKP',
  crv: 'Ed25519',
  d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
  x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
})
const request = { method: 'POST', url: 'https://rs.example.test/a?b#c', now: NOW }
const genuine = createDpopProof(key, { ...request, jti: 'once' })

export const seeds: readonly Uint8Array[] = [genuine, 'eyJhbGciOiJFUzI1NiIsImp3ayI6e319.e30.AA'].map((text) =>
  Buffer.from(text),
)

/** Only JwtError leaves, and no proof but the genuine one is accepted. */
export function run(bytes: Uint8Array): string {
  const proof = Buffer.from(bytes).toString('latin1')
  try {
    verifyDpopProof(proof, request)
    assert.equal(proof, genuine)
    return 'accepted'
  } catch (error) {
    if (error instanceof JwtError) return error.message
    throw error
  }
}
