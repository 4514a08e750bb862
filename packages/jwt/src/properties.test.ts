import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { jwtVerify, SignJWT } from 'jose'
import { ALGORITHMS } from './algorithms.ts'
import type { Algorithm } from './algorithms.ts'
import { JwtError } from './errors.ts'
import type { JwtErrorCode } from './errors.ts'
import { generateSigningKey } from './generate.ts'
import { importSigningKey } from './import.ts'
import type { JsonObject } from './json.ts'
import { signingMaterialOf, verificationMaterialOf } from './keys.ts'
import type { SigningKey } from './keys.ts'
import { UNCHECKED_AUDIENCE, UNCHECKED_ISSUER } from './policy.ts'
import { sign } from './sign.ts'
import { AUDIENCE, goodClaims, ISSUER, NOW, signRaw } from './testing/tokens.ts'
import { createVerifier } from './verifier.ts'
import type { Verifier } from './verifier.ts'

const SEED = 20_240_101
const TYP = 'at+jwt'

/** One key for each algorithm; the RSA key is made once and imported for all six. */
const keys: Readonly<Record<Algorithm, SigningKey>> = await makeKeys()
const rsaAlgorithms = new Set(ALGORITHMS.filter((alg) => /^[RP]S/.test(alg)))

const json = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.parse(JSON.stringify(value)) as JsonObject[string])
const claimNames = fc.string({ maxLength: 12 }).filter((name) => name !== '__proto__' && !REGISTERED.has(name))
const REGISTERED = new Set(['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti'])
const anyClaims = fc.dictionary(claimNames, json, { maxKeys: 8, noNullPrototype: true }) as fc.Arbitrary<JsonObject>

describe('what is signed verifies, for every algorithm', () => {
  for (const alg of ALGORITHMS) {
    test(alg, () => {
      const verifier = verifierFor(alg, { cache: { maxEntries: 8 } })
      const plain = verifierFor(alg)
      fc.assert(
        fc.property(anyClaims, (extra) => {
          const claims = { ...extra, ...goodClaims() }
          const token = sign(claims, keys[alg], { typ: TYP })
          for (const each of [verifier, verifier, plain]) assert.deepEqual(each.verify(token).claims, claims)
        }),
        { numRuns: rsaAlgorithms.has(alg) ? 10 : 40, seed: SEED },
      )
    })
  }
})

describe('a token with any one change is refused, for every algorithm', () => {
  for (const alg of ALGORITHMS) {
    const token = sign(goodClaims(), keys[alg], { typ: TYP })
    const verifier = verifierFor(alg, { cache: { maxEntries: 8 } })

    test(`${alg}: every bit of every character`, () => {
      verifier.verify(token)
      // a handful of bits per character where a check costs a signature
      const bits = alg.startsWith('HS') ? [1, 2, 4, 8, 16, 32, 64, 128, 256, 1 << 15] : [1, 256]
      for (let position = 0; position < token.length; position++) {
        for (const bit of bits) {
          const changed = String.fromCharCode(token.charCodeAt(position) ^ bit)
          assertRefused(verifier, token.slice(0, position) + changed + token.slice(position + 1))
        }
      }
    })

    test(`${alg}: characters put in, taken out and exchanged`, () => {
      const position = fc.nat(token.length - 1)
      fc.assert(
        fc.property(position, position, fc.constantFrom(...'AZaz09-_.=+/ \n\u0141'), (at, other, character) => {
          const { [at]: a = '', [other]: b = '' } = token
          const [low, high] = at < other ? [at, other] : [other, at]
          const candidates = [
            token.slice(0, at) + character + token.slice(at),
            token.slice(0, at) + token.slice(at + 1),
            token.slice(0, low) +
              (low === at ? b : a) +
              token.slice(low + 1, high) +
              (low === at ? a : b) +
              token.slice(high + 1),
          ]
          for (const changed of candidates) if (changed !== token) assertRefused(verifier, changed)
        }),
        { numRuns: 150, seed: SEED },
      )
    })
  }

  test('every bit of the signature’s bytes', () => {
    for (const alg of ['HS256', 'ES256', 'Ed25519'] as const) {
      const token = sign(goodClaims(), keys[alg], { typ: TYP })
      const end = token.lastIndexOf('.') + 1
      const signature = Buffer.from(token.slice(end), 'base64url')
      for (let bit = 0; bit < signature.length * 8; bit++) {
        const changed = Buffer.from(signature)
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        assertRefused(verifierFor(alg), token.slice(0, end) + changed.toString('base64url'))
      }
    }
  })
})

/** The rules by which ours is stricter than jose; each appears in the results below, or the list is too long. */
const STRICTER = new Set<JwtErrorCode>([
  'member_duplicate',
  'base64url_invalid',
  'claims_invalid',
  'json_invalid',
  'crit_unsupported',
  'payload_unencoded',
])

describe('jose', () => {
  test('and we give the same verdict on generated tokens, except where ours is stricter by a named rule', async () => {
    const seen = new Set<string>()
    await fc.assert(
      fc.asyncProperty(oddTokens(), async ({ alg, token }) => {
        const [ours, theirs] = [verdictOf(alg, token), await joseVerdictOf(alg, token)]
        seen.add(theirs === 'accepted' ? ours : 'both refuse')
        if (theirs === 'accepted' && ours !== 'accepted') assert.ok(STRICTER.has(ours), `ours alone refuses: ${ours}`)
        if (ours === 'accepted') assert.equal(theirs, 'accepted')
      }),
      { numRuns: 1500, seed: SEED },
    )
    assert.ok(seen.has('accepted') && seen.has('both refuse') && seen.size >= 4, [...seen].join(' '))
  })

  test('verifies our tokens, and we verify its tokens, for every algorithm', async () => {
    for (const alg of ALGORITHMS) {
      const material = verificationMaterialOf(keys[alg].toVerificationKey())
      const ours = sign(goodClaims(), keys[alg], { typ: TYP })
      const options = {
        algorithms: [alg],
        issuer: ISSUER,
        audience: AUDIENCE,
        currentDate: new Date(NOW * 1000),
        typ: TYP,
      }
      assert.deepEqual((await jwtVerify(ours, material.keyObject, options)).payload, goodClaims())
      const { kid = '' } = keys[alg]
      const theirs = await new SignJWT({ ...goodClaims() } as Record<string, unknown>)
        .setProtectedHeader({ alg, kid, typ: TYP })
        .sign(signingMaterialOf(keys[alg]).keyObject)
      assert.deepEqual(verifierFor(alg).verify(theirs).claims, goodClaims())
    }
  })
})

interface OddToken {
  readonly alg: Algorithm
  readonly token: string
}

/** Tokens with headers, claims and spellings that are good, doubtful or bad, mostly signed by the right key. */
function oddTokens(): fc.Arbitrary<OddToken> {
  const alg = fc.constantFrom<Algorithm>('HS256', 'ES256', 'Ed25519')
  const time = fc.constantFrom<unknown>(NOW - 60, NOW, NOW + 1, NOW + 60, NOW + 0.5, String(NOW + 60), null)
  const common = { freq: 6 }
  const claims = fc.record(
    {
      exp: fc.oneof({ weight: 3, arbitrary: fc.constant<unknown>(NOW + 60) }, time),
      nbf: fc.oneof(fc.constant<unknown>(NOW - 1), time),
      iat: fc.oneof(fc.constant<unknown>(NOW - 5), time),
      iss: fc.constantFrom<unknown>(ISSUER, ISSUER, ISSUER, `${ISSUER}/`, [ISSUER], null),
      aud: fc.constantFrom<unknown>(AUDIENCE, AUDIENCE, [AUDIENCE], ['x', AUDIENCE], ['x'], [1, AUDIENCE], {}),
      sub: fc.constantFrom<unknown>('user-1', 'user-1', 'user-1', 1, ''),
      jti: fc.constantFrom<unknown>('a', 'a', 'a', 7),
    },
    { requiredKeys: ['exp', 'iss', 'aud'] },
  )
  const header = fc.record(
    {
      alg: fc.constantFrom<unknown>('', '', '', '', 'ES384', 'none', null),
      typ: fc.constantFrom<unknown>(TYP, TYP, 'AT+JWT', 'application/at+jwt', 'JWT', 1),
      crit: fc.constantFrom<unknown>(['x'], [], 'x'),
      b64: fc.constantFrom<unknown>(true, false),
    },
    { requiredKeys: ['alg', 'typ'] },
  )
  const headers = fc.oneof(
    { weight: common.freq, arbitrary: fc.constant<Record<string, unknown>>({ alg: '', typ: TYP }) },
    header,
  )
  const spelling = fc.constantFrom(
    'as is',
    'as is',
    'as is',
    'duplicate',
    'padded',
    'spaced',
    'space in a part',
    'forged',
    'not canonical',
  )
  return fc.tuple(alg, headers, claims, spelling).map(([name, head, body, how]) => ({
    alg: name,
    token: spell(name, { ...head, alg: head.alg === '' ? name : head.alg }, body, how),
  }))
}

function spell(alg: Algorithm, header: object, claims: object, how: string): string {
  const text = JSON.stringify(claims)
  const payload =
    how === 'duplicate' ? text.replace('{', '{"exp":1,') : how === 'spaced' ? JSON.stringify(claims, null, 2) : text
  const token = signRaw(JSON.stringify(header), payload, keys[alg])
  const end = token.lastIndexOf('.') + 1
  if (how === 'padded') return `${token}==`
  if (how === 'space in a part') return `${token.slice(0, -3)} ${token.slice(-3)}`
  if (how === 'forged') return token.slice(0, end) + sign({}, keys[alg], { typ: TYP }).split('.')[2]
  if (how === 'not canonical') return token.slice(0, -1) + nextCharacter(token.at(-1) ?? '')
  return token
}

function nextCharacter(character: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return alphabet[alphabet.indexOf(character) ^ 1] ?? ''
}

function verdictOf(alg: Algorithm, token: string): 'accepted' | JwtErrorCode {
  try {
    verifierFor(alg).verify(token)
    return 'accepted'
  } catch (error) {
    assert.ok(error instanceof JwtError, String(error))
    return error.code
  }
}

async function joseVerdictOf(alg: Algorithm, token: string): Promise<'accepted' | 'refused'> {
  const options = { algorithms: [alg], issuer: ISSUER, audience: AUDIENCE, currentDate: new Date(NOW * 1000), typ: TYP }
  try {
    await jwtVerify(token, verificationMaterialOf(keys[alg].toVerificationKey()).keyObject, options)
    return 'accepted'
  } catch {
    return 'refused'
  }
}

function verifierFor(alg: Algorithm, changes: object = {}): Verifier {
  const verification = keys[alg].toVerificationKey()
  return createVerifier({
    issuer: ISSUER,
    audience: AUDIENCE,
    algorithms: [alg],
    keys: verification,
    typ: TYP,
    now: () => NOW,
    ...changes,
  })
}

function assertRefused(verifier: Verifier, token: string): void {
  assert.throws(() => verifier.verify(token), JwtError, token)
}

async function makeKeys(): Promise<Record<Algorithm, SigningKey>> {
  const rsa = (await generateSigningKey('RS256')).toPrivateJwk()
  const { alg: _, ...bare } = rsa
  const entries = ALGORITHMS.map(async (alg) => [
    alg,
    /^[RP]S/.test(alg) ? importSigningKey(bare, { alg }) : await generateSigningKey(alg, { kid: alg }),
  ])
  return Object.fromEntries(await Promise.all(entries)) as Record<Algorithm, SigningKey>
}

test('the symbols switch off exactly their own check', () => {
  const token = sign({ exp: NOW + 1 }, keys.HS256, { typ: TYP })
  verifierFor('HS256', { issuer: UNCHECKED_ISSUER, audience: UNCHECKED_AUDIENCE }).verify(token)
  assertRefused(verifierFor('HS256', { issuer: UNCHECKED_ISSUER }), token)
  assertRefused(verifierFor('HS256', { audience: UNCHECKED_AUDIENCE }), token)
})
