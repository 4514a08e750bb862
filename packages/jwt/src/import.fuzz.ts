import assert from 'node:assert/strict'
import { ALGORITHMS } from './algorithms.ts'
import { JwtError } from './errors.ts'
import { importSigningKey, importVerificationKey } from './import.ts'
import type { ImportableKey } from './import.ts'
import { importJwkSet } from './key-set.ts'
import type { VerificationKey } from './keys.ts'
import { thumbprint } from './thumbprint.ts'

export const name = 'JWK and key import'

const ED = '{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}'
const EC =
  '{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","use":"sig","kid":"1"}'
const RSA = `{"kty":"RSA","n":"${'0vx7agoebGcQSuuPiLJXZptN9nndrQmb'.repeat(11).slice(0, 342)}","e":"AQAB","alg":"RS256","key_ops":["verify"]}`
const OCT = `{"kty":"oct","k":"${'AyM1SysPpbyDfgZld3umj1qzKObwVMko'.repeat(3)}","alg":"HS256"}`

export const seeds: readonly Uint8Array[] = [
  ED,
  EC,
  RSA,
  OCT,
  `{"keys":[${ED},${EC},${RSA},${OCT}]}`,
  ED.replace('}', ',"d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}'),
  '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n',
].map((text) => Buffer.from(text))

/** Only JwtError leaves an import; a key that was imported can be published, comes back the same, and shows nothing private. */
export function run(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('latin1')
  const value = parse(text)
  const outcomes = [
    attempt(() => importVerificationKey(text, { alg: 'RS256' })),
    attempt(() => importVerificationKey(bytes, { alg: 'HS256' })),
    attempt(() => importVerificationKey(value as ImportableKey)),
    attempt(() => importSigningKey(value as ImportableKey).toVerificationKey()),
    attempt(() => importJwkSet(value).keys[0]),
    attempt(() => void thumbprint(value as Parameters<typeof thumbprint>[0])),
  ]
  const alg = ALGORITHMS[bytes.length % ALGORITHMS.length]
  if (alg !== undefined) outcomes.push(attempt(() => importVerificationKey(value as ImportableKey, { alg })))
  return outcomes.join(' ')
}

function attempt(read: () => VerificationKey | undefined): string {
  let key: VerificationKey | undefined
  try {
    key = read()
  } catch (error) {
    if (error instanceof JwtError) return error.code
    throw error
  }
  if (key !== undefined && !key.alg.startsWith('HS')) checkPublished(key)
  return key?.alg ?? 'nothing'
}

function checkPublished(key: VerificationKey): void {
  const jwk = key.toPublicJwk()
  for (const name of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) assert.equal(Object.hasOwn(jwk, name), false)
  assert.deepEqual(importVerificationKey(jwk).toPublicJwk(), jwk)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
