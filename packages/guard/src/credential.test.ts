import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findCandidate, findCredential } from './credential.ts'

const NAME = '__Host-signet_access'

const cases = [
  { name: 'nothing', kind: 'none' },
  { name: 'a bearer header', authorization: 'Bearer a.b.c', kind: 'bearer', token: 'a.b.c' },
  { name: 'a DPoP header', authorization: 'DPoP a.b.c', kind: 'dpop', token: 'a.b.c' },
  { name: 'a header of another scheme', authorization: 'Basic YTpi', kind: 'none' },
  { name: 'GD-03: a second Authorization header', authorization: 'Bearer a, Bearer b', kind: 'ambiguous' },
  { name: 'a header that holds no token', authorization: 'Bearer "a"', kind: 'malformed' },
  { name: 'the access cookie', cookie: `${NAME}=a.b.c`, kind: 'cookie', token: 'a.b.c' },
  { name: 'the access cookie among others', cookie: `x=1; ${NAME}=a.b.c; y`, kind: 'cookie', token: 'a.b.c' },
  { name: 'a cleared cookie', cookie: `${NAME}=`, kind: 'none' },
  { name: 'a cookie of a longer name', cookie: `x${NAME}=a.b.c; ${NAME}x=a.b.c`, kind: 'none' },
  { name: 'a cookie in another case', cookie: '__host-signet_access=a.b.c', kind: 'none' },
  { name: 'the cookie without its prefix', cookie: 'signet_access=a.b.c', kind: 'none' },
  { name: 'the refresh cookie', cookie: '__Host-signet_refresh=a.b.c', kind: 'none' },
  { name: 'two access cookies', cookie: `${NAME}=a; ${NAME}=b`, kind: 'ambiguous' },
  { name: 'a cookie that holds no token', cookie: `${NAME}="a.b.c"`, kind: 'malformed' },
  { name: 'header and cookie', authorization: 'Bearer a.b.c', cookie: `${NAME}=a.b.c`, kind: 'ambiguous' },
  { name: 'a malformed header and a cookie', authorization: 'Bearer', cookie: `${NAME}=a.b.c`, kind: 'ambiguous' },
  {
    name: 'Basic for a proxy and a cookie',
    authorization: 'Basic YTpi',
    cookie: `${NAME}=a`,
    kind: 'cookie',
    token: 'a',
  },
] as const

for (const { name, authorization, cookie, kind, token } of cases as readonly Case[]) {
  test(`a request with ${name}: ${kind}`, () => {
    const expected = token === undefined ? { kind } : { kind, token }
    assert.deepEqual({ ...findCredential(authorization, cookie ?? '', NAME) }, expected)
  })
}

interface Case {
  readonly name: string
  readonly authorization?: string
  readonly cookie?: string
  readonly kind: string
  readonly token?: string
}

test('GD-03: a guard that reads no cookies does not look at them', () => {
  assert.equal(findCredential(undefined, undefined, NAME).kind, 'none')
})

for (const { name, authorization, cookie, kind } of cases as readonly Case[]) {
  test(`as a candidate, ${name} is the same unless the verifier will refuse it`, () => {
    const candidate = findCandidate(authorization, cookie ?? '', NAME)
    const isLeftToVerifier = authorization?.startsWith('Bearer ') && kind !== candidate.kind
    if (isLeftToVerifier) assert.ok('token' in candidate && !/^[A-Za-z0-9\-._~+/]+=*$/.test(candidate.token))
    else assert.deepEqual({ ...candidate }, { ...findCredential(authorization, cookie ?? '', NAME) })
  })
}
