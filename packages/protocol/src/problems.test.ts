import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PROBLEMS, problemOf } from './problems.ts'
import type { ProblemCode } from './problems.ts'

const ROWS = Object.entries(PROBLEMS) as [ProblemCode, (typeof PROBLEMS)[ProblemCode]][]

test('every row has a status that refuses, a title for a person, and an OAuth error in the characters of RFC 6749 §5.2', () => {
  for (const [code, { status, title, oauth }] of ROWS) {
    assert.match(code, /^[a-z]+(_[a-z]+)*$/, code)
    assert.ok(status >= 400 && status <= 599, code)
    assert.match(title, /^[A-Z].*[^.]$/, code)
    if (oauth !== undefined) assert.match(oauth, /^[a-z_]+$/, code)
  }
})

test('a problem document has the members of RFC 9457 §3.1 and only what was given besides', () => {
  assert.deepEqual(problemOf('session_expired'), {
    type: 'urn:signet:problem:session_expired',
    title: 'The session has expired',
    status: 401,
    code: 'session_expired',
    error: 'invalid_grant',
  })
  assert.equal('error' in problemOf('token_missing'), false)
  assert.deepEqual(problemOf('email_invalid', { detail: 'no @' }).detail, 'no @')
})
