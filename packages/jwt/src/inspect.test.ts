import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { inspect } from './inspect.ts'
import { base64url } from './testing/tokens.ts'

const HEADER = base64url('{"alg":"ES256","typ":"at+jwt","kid":"k"}')
const CLAIMS = base64url('{"iss":"i","aud":["a"],"sub":"ü","exp":1700000060,"iat":1700000000}')
const SIGNATURE = base64url(new Uint8Array(64).fill(5))
const GOOD = `${HEADER}.${CLAIMS}.${SIGNATURE}`

test('a good token is decoded and nothing is found', () => {
  const { header, claims, signature, findings, parts } = inspect(GOOD)
  assert.deepEqual(header, { alg: 'ES256', typ: 'at+jwt', kid: 'k' })
  assert.deepEqual(claims, { iss: 'i', aud: ['a'], sub: 'ü', exp: 1_700_000_060, iat: 1_700_000_000 })
  assert.deepEqual(signature, new Uint8Array(64).fill(5))
  assert.equal(parts.length, 3)
  assert.deepEqual(findings, [])
})

describe('each thing that is wrong is named, and the rest is decoded', () => {
  const cases: readonly { code: string; token: unknown; claims?: boolean }[] = [
    { code: 'token.not_a_string', token: 5, claims: false },
    { code: 'token.empty', token: ' ', claims: false },
    { code: 'token.white_space', token: `${GOOD}\n` },
    { code: 'token.bearer_prefix', token: `Authorization: Bearer ${GOOD}` },
    { code: 'token.quotes', token: `"${GOOD}"` },
    { code: 'token.part_count', token: `${HEADER}.${CLAIMS}` },
    { code: 'token.encrypted', token: `${HEADER}.a.b.c.d`, claims: false },
    { code: 'token.json_serialization', token: '{"payload":""}', claims: false },
    { code: 'token.too_large', token: `${HEADER}.${CLAIMS}.${'A'.repeat(16_384)}` },
    { code: 'signature.unsigned', token: `${HEADER}.${CLAIMS}.` },
    { code: 'signature.length_unexpected', token: `${HEADER}.${CLAIMS}.AAAA` },
    { code: 'claims.padding', token: `${HEADER}.${CLAIMS}=.${SIGNATURE}` },
    { code: 'signature.base64_alphabet', token: `${HEADER}.${CLAIMS}.${SIGNATURE.slice(1)}+` },
    { code: 'signature.character_invalid', token: `${HEADER}.${CLAIMS}.${SIGNATURE}!` },
    { code: 'signature.length_invalid', token: `${HEADER}.${CLAIMS}.${SIGNATURE}AAA` },
    { code: 'signature.not_canonical', token: `${HEADER}.${CLAIMS}.${SIGNATURE.slice(0, -1)}B` },
    {
      code: 'header.utf8_invalid',
      token: `${base64url(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d))}.${CLAIMS}.AA`,
    },
    { code: 'header.json_invalid', token: `${base64url('{"alg"')}.${CLAIMS}.AA` },
    { code: 'header.not_an_object', token: `${base64url('[1]')}.${CLAIMS}.AA` },
    { code: 'header.member_duplicate', token: withHeader(String.raw`{"alg":"ES256","\u0061lg":"HS256"}`) },
    { code: 'header.alg_missing', token: withHeader('{}') },
    { code: 'header.alg_type', token: withHeader('{"alg":1}') },
    { code: 'header.alg_unsigned', token: withHeader('{"alg":"None"}') },
    { code: 'header.alg_unknown', token: withHeader('{"alg":"ES256K"}') },
    { code: 'header.alg_legacy', token: withHeader('{"alg":"EdDSA"}') },
    { code: 'header.kid_type', token: withHeader('{"alg":"RS256","kid":1}') },
    { code: 'header.typ_missing', token: withHeader('{"alg":"RS256"}') },
    { code: 'header.typ_type', token: withHeader('{"alg":"RS256","typ":1}') },
    { code: 'header.crit', token: withHeader('{"alg":"RS256","crit":["x"]}') },
    { code: 'header.payload_unencoded', token: withHeader('{"alg":"RS256","b64":false}') },
    { code: 'header.key_in_header', token: withHeader('{"alg":"RS256","jku":"https://evil.example.test"}') },
    { code: 'claims.exp_missing', token: withClaims('{}') },
    { code: 'claims.exp_type', token: withClaims('{"exp":"1"}') },
    { code: 'claims.iat_milliseconds', token: withClaims('{"iat":1700000000000}') },
    { code: 'claims.lifetime_empty', token: withClaims('{"iat":2,"exp":2}') },
    { code: 'claims.sub_type', token: withClaims('{"sub":1}') },
    { code: 'claims.aud_type', token: withClaims('{"aud":[1]}') },
    { code: 'claims.aud_missing', token: withClaims('{}') },
    { code: 'claims.iss_missing', token: withClaims('{}') },
  ]
  for (const { code, token, claims = true } of cases) {
    test(code, () => {
      const inspection = inspect(token)
      const codes = inspection.findings.map((finding) => `${finding.where}.${finding.code}`)
      assert.ok(codes.includes(code), codes.join(' '))
      assert.equal(inspection.claims !== undefined, claims)
    })
  }
})

test('text that is not JSON is still shown', () => {
  assert.equal(inspect(`${base64url('hello')}.${CLAIMS}.`).headerText, 'hello')
})

test('hostile sizes are inspected in linear time', () => {
  const started = performance.now()
  inspect('.'.repeat(1_000_000))
  inspect(`${'A'.repeat(1_000_000)}.${base64url('['.repeat(200_000))}.x`)
  inspect(`${base64url('{"a":'.repeat(50_000) + '1' + '}'.repeat(50_000))}..`)
  assert.ok(performance.now() - started < 5000)
})

test('runs in a browser: imports nothing from Node, directly or indirectly', () => {
  const seen = new Set<string>()
  const visit = (file: string): void => {
    if (seen.has(file)) return
    seen.add(file)
    const source = readFileSync(new URL(file, import.meta.url), 'utf8')
    for (const [, specifier = ''] of source.matchAll(/from '([^']+)'/g)) {
      assert.match(specifier, /^\.\//, `${file} imports ${specifier}`)
      visit(specifier)
    }
    assert.doesNotMatch(source, /\bBuffer\b|\bprocess\./, file)
  }
  visit('./inspect.ts')
  assert.ok(seen.size > 3)
})

function withHeader(header: string): string {
  return `${base64url(header)}.${CLAIMS}.${SIGNATURE}`
}

function withClaims(claims: string): string {
  return `${HEADER}.${base64url(claims)}.${SIGNATURE}`
}
