import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PROBLEMS } from '@signet/protocol'
import type { ProblemCode } from '@signet/protocol'
import { challengeOf } from './challenge.ts'

test('GD-01: without credentials the challenge is the bare scheme', () => {
  assert.equal(challengeOf('token_missing', 'Bearer'), 'Bearer')
})

test('without credentials, DPoP is offered beside Bearer when asked to', () => {
  assert.match(challengeOf('token_missing', 'Bearer', undefined, true) ?? '', /^Bearer, DPoP algs="ES256 [^"]*"$/)
})

const cases = [
  {
    code: 'token_invalid',
    scheme: 'Bearer',
    challenge: 'Bearer error="invalid_token", error_description="The access token is not valid"',
  },
  {
    code: 'token_expired',
    scheme: 'Bearer',
    challenge: 'Bearer error="invalid_token", error_description="The access token has expired"',
  },
  {
    code: 'token_revoked',
    scheme: 'Bearer',
    challenge: 'Bearer error="invalid_token", error_description="The access token has been revoked"',
  },
  {
    code: 'credential_malformed',
    scheme: 'Bearer',
    challenge: 'Bearer error="invalid_request", error_description="The Authorization header is malformed"',
  },
  {
    code: 'credential_ambiguous',
    scheme: 'Bearer',
    challenge: 'Bearer error="invalid_request", error_description="Send exactly one credential"',
  },
  {
    code: 'dpop_proof_invalid',
    scheme: 'DPoP',
    challenge:
      'DPoP error="invalid_dpop_proof", error_description="The proof of possession is missing or wrong", algs="ES256 Ed25519 RS256 PS256 ES384 ES512"',
  },
  { code: 'cross_site_refused', scheme: 'Bearer', challenge: undefined },
  { code: 'unavailable', scheme: 'Bearer', challenge: undefined },
  { code: 'internal', scheme: 'Bearer', challenge: undefined },
] as const

for (const { code, scheme, challenge } of cases) {
  test(`GD-02: ${code} under ${scheme} is challenged as RFC 6750 says`, () => {
    assert.equal(challengeOf(code, scheme), challenge)
  })
}

test('GD-02: a missing scope is named', () => {
  assert.equal(
    challengeOf('scope_insufficient', 'Bearer', 'orders:read orders:write'),
    'Bearer error="insufficient_scope", error_description="This needs a scope the token does not have", scope="orders:read orders:write"',
  )
})

test('every 401 a guard can give has a challenge, and no challenge can break out of its quotes', () => {
  for (const code of Object.keys(PROBLEMS) as ProblemCode[]) {
    const challenge = challengeOf(code, 'DPoP')
    const isOurs = code.startsWith('token_') || code === 'dpop_proof_invalid'
    if (isOurs && PROBLEMS[code].status === 401) assert.ok(challenge !== undefined, code)
    if (challenge !== undefined && code !== 'token_missing') {
      assert.match(challenge, /^DPoP( [a-z_]+="[\x20\x21\x23-\x5B\x5D-\x7E]+",?)+$/, code)
    }
  }
})
