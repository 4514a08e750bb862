import assert from 'node:assert/strict'
import { JwtError } from './errors.ts'
import { importSigningKey } from './import.ts'
import { createKeySet } from './key-set.ts'
import { sign } from './sign.ts'
import { AUDIENCE, goodClaims, ISSUER, NOW } from './testing/tokens.ts'
import { createVerifier } from './verifier.ts'

export const name = 'compact token'

const macKey = importSigningKey(new Uint8Array(32).fill(7), { alg: 'HS256', kid: 'mac' })
const edKey = importSigningKey({
  kty: 'OKP',
  crv: 'Ed25519',
  d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
  x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
  kid: 'ed',
})
const genuine = [macKey, edKey].map((key) => sign(goodClaims({ list: [1, { a: 'ü' }] }), key, { typ: 'at+jwt' }))
const policy = {
  issuer: ISSUER,
  audience: AUDIENCE,
  algorithms: ['HS256', 'Ed25519'],
  keys: createKeySet([macKey, edKey].map((key) => key.toVerificationKey())),
  now: () => NOW,
} as const
/** One that knows the headers and holds the genuine tokens, one that is always new. */
const warm = createVerifier({ ...policy, cache: { maxEntries: 64 } })
for (const token of genuine) warm.verify(token)

export const seeds: readonly Uint8Array[] = [...genuine, 'a.b.c', '..', `${genuine[0]}.`, '{"payload":""}'].map(
  (text) => Buffer.from(text, 'latin1'),
)

/** Nothing but the genuine tokens, letter by letter, is accepted; only JwtError leaves; what was seen before changes nothing. */
export function run(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes)
  const verdicts = [buffer.toString('latin1'), buffer.toString('utf8')].map((token) => {
    const verdict = verdictOf(createVerifier(policy), token)
    assert.equal(verdictOf(warm, token), verdict)
    assert.equal(verdict === 'accepted', genuine.includes(token))
    return verdict
  })
  return verdicts.join(' ')
}

function verdictOf(verifier: typeof warm, token: string): string {
  try {
    verifier.verify(token)
    return 'accepted'
  } catch (error) {
    if (error instanceof JwtError) return error.code
    throw error
  }
}
