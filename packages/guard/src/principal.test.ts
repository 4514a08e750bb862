import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AdmittedClaims } from './claims.ts'
import { principalOf } from './principal.ts'

const CLAIMS = {
  iss: 'https://auth.example.com',
  sub: 'acc_1',
  aud: ['https://api.example.com', 'https://other.example.com'],
  exp: 2000,
  iat: 1000,
  jti: 'jti_1',
  client_id: 'app',
} as unknown as AdmittedClaims

test('a principal names what the token says', () => {
  const claims = {
    ...CLAIMS,
    sid: 'ses_1',
    auth_time: 900,
    amr: ['pwd', 'otp'],
    scope: 'a b',
    roles: ['admin'],
  } as unknown as AdmittedClaims
  const { hasScope: _, hasRole: __, ...principal } = { ...principalOf(claims, 'https://api.example.com', 'bearer') }
  assert.deepEqual(principal, {
    subject: 'acc_1',
    issuer: 'https://auth.example.com',
    audience: 'https://api.example.com',
    clientId: 'app',
    sessionId: 'ses_1',
    tokenId: 'jti_1',
    scopes: ['a', 'b'],
    roles: ['admin'],
    authenticatedAt: 900,
    methods: ['pwd', 'otp'],
    expiresAt: 2000,
    credential: 'bearer',
    claims,
  })
})

test('absent claims leave a principal without scopes, roles and session', () => {
  const principal = principalOf(CLAIMS, 'https://api.example.com', 'cookie')
  assert.deepEqual([principal.scopes, principal.roles, principal.methods], [[], [], []])
  assert.equal(principal.sessionId, undefined)
  assert.equal(principal.authenticatedAt, undefined)
})

test('hasScope and hasRole compare whole words', () => {
  const claims = { ...CLAIMS, scope: 'orders:read', roles: ['admin'] } as unknown as AdmittedClaims
  const principal = principalOf(claims, 'a', 'bearer')
  assert.ok(principal.hasScope('orders:read') && principal.hasRole('admin'))
  assert.ok(
    !principal.hasScope('orders') && !principal.hasScope('') && !principal.hasRole('adm') && !principal.hasRole(''),
  )
})

test('a principal and its scopes cannot be changed', () => {
  const principal = principalOf({ ...CLAIMS, scope: 'a' } as unknown as AdmittedClaims, 'a', 'bearer')
  assert.throws(() => (principal.scopes as string[]).push('admin'), TypeError)
  assert.throws(() => Object.assign(principal, { subject: 'other' }), TypeError)
})
