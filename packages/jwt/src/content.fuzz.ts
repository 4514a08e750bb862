import assert from 'node:assert/strict'
import { isUtf8 } from 'node:buffer'
import { JwtError } from './errors.ts'
import { importSigningKey } from './import.ts'
import { repeatsMember } from './json-members.ts'
import { UNCHECKED_AUDIENCE, UNCHECKED_ISSUER } from './policy.ts'
import { NOW, signRaw } from './testing/tokens.ts'
import { createVerifier } from './verifier.ts'

export const name = 'signed header and claims'

const key = importSigningKey(new Uint8Array(32).fill(7), { alg: 'HS256', kid: 'k' })
const verifier = createVerifier({
  issuer: UNCHECKED_ISSUER,
  audience: UNCHECKED_AUDIENCE,
  algorithms: ['HS256'],
  keys: key.toVerificationKey(),
  understoodCrit: ['x'],
  now: () => NOW,
})
const HEADER = '{"alg":"HS256","kid":"k","typ":"at+jwt","crit":["x"],"x":{"a":[1,2]}}'
const CLAIMS = String.raw`{"iss":"i","aud":["a","b"],"exp":1700000060,"nbf":1.5e9,"iat":0,"jti":"\u0061\"","o":{"a":{"b":null}}}`
/** Divides an input into the two texts. */
const SEPARATOR = 0

export const seeds: readonly Uint8Array[] = [
  `${HEADER}\0${CLAIMS}`,
  '{"alg":"HS256"}\0{}',
  '{"alg":"HS256","b64":true}\0{"a":1,"a":1}',
  '{"alg":"HS256","\\u0061lg":"HS256"}\0{"exp":1e400}',
].map((text) => Buffer.from(text))

/**
 * Behind a good signature: only JwtError leaves, and whatever is accepted is valid UTF-8, says everything once, and is returned
 * as it was written.
 */
export function run(bytes: Uint8Array): string {
  const cut = bytes.indexOf(SEPARATOR)
  const header = Buffer.from(bytes.subarray(0, Math.max(cut, 0)))
  const payload = Buffer.from(bytes.subarray(cut + 1))
  const token = signRaw(header.toString('latin1'), payload, key)
  try {
    const { claims } = verifier.verify(token)
    assert.ok(isUtf8(payload))
    assert.deepEqual(claims, JSON.parse(payload.toString()))
    assert.equal(repeatsMember(payload.toString()), false)
    assert.equal(typeof (claims.exp ?? 0), 'number')
    assert.equal(Object.getPrototypeOf(claims), Object.prototype)
    return 'accepted'
  } catch (error) {
    if (error instanceof JwtError) return error.code
    throw error
  }
}
