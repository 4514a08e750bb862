import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AdmittedClaims } from './claims.ts'
import { GuardError } from './errors.ts'
import { principalOf } from './principal.ts'
import { demandAll, requireRole, requireScope } from './requirement.ts'
import type { Requirement } from './requirement.ts'

const claims = {
  iss: 'i',
  sub: 's',
  aud: 'a',
  exp: 2,
  iat: 1,
  jti: 'j',
  client_id: 'c',
  scope: 'a b',
  roles: ['r', 's'],
}
const principal = principalOf(claims as unknown as AdmittedClaims, 'a', 'bearer')

const cases = [
  { name: 'a scope it has', requirement: requireScope('a'), code: undefined },
  { name: 'all the scopes it has', requirement: requireScope('b', 'a'), code: undefined },
  { name: 'one scope too many', requirement: requireScope('a', 'c'), code: 'scope_insufficient' },
  { name: 'a scope in another case', requirement: requireScope('A'), code: 'scope_insufficient' },
  { name: 'one of several roles', requirement: requireRole('x', 's'), code: undefined },
  { name: 'a role it has not', requirement: requireRole('x'), code: 'role_insufficient' },
] as const

for (const { name, requirement, code } of cases) {
  test(`a principal asked for ${name}: ${code ?? 'passes'}`, () => {
    assert.equal(requirement(principal)?.code, code)
  })
}

test('GD-02: the refusal is 403 and names every scope the route needs', () => {
  const refusal = requireScope('a', 'c')(principal)
  assert.equal(refusal?.status, 403)
  assert.match(refusal?.challenge ?? '', /^Bearer error="insufficient_scope", .*scope="a c"$/)
})

test('a DPoP caller is challenged under its own scheme', () => {
  const bound = principalOf(claims as unknown as AdmittedClaims, 'a', 'dpop')
  assert.match(requireScope('c')(bound)?.challenge ?? '', /^DPoP /)
  assert.match(requireRole('c')(bound)?.challenge ?? '', /^DPoP /)
})

test('a requirement that could never refuse, or would break the header, is a TypeError', () => {
  assert.throws(() => requireScope(), TypeError)
  assert.throws(() => requireRole(), TypeError)
  assert.throws(() => requireScope(''), TypeError)
  assert.throws(() => requireScope('a b'), TypeError)
  assert.throws(() => requireScope('a"'), TypeError)
  assert.throws(() => requireScope('a\r\nx: y'), TypeError)
  assert.throws(() => requireRole(''), TypeError)
})

for (const answer of [false, true, null, Promise.resolve(), 'no']) {
  test(`GD-04: a requirement that gives back ${String(answer)} refuses`, () => {
    assert.throws(() => demandAll(principal, [(() => answer) as unknown as Requirement]), TypeError)
  })
}

test('the first refusal counts', () => {
  assert.throws(
    () => demandAll(principal, [requireScope('a'), requireRole('x'), requireScope('c')]),
    (error) => error instanceof GuardError && error.code === 'role_insufficient',
  )
})
