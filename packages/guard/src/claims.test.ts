import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonValue } from '@signet/jwt'
import { unsoundClaim } from './claims.ts'

const SOUND = { iss: 'i', sub: 's', aud: 'a', exp: 2, iat: 1, jti: 'j', client_id: 'c' }
const JKT = 'x'.repeat(43)

const sound: readonly Record<string, JsonValue>[] = [
  {},
  { sid: 's', auth_time: 1, amr: ['pwd'], scope: 'a b:c', roles: ['admin'], cnf: { jkt: JKT } },
  { scope: '', roles: [], amr: [] },
  { custom: { deep: [1] } },
]
for (const claims of sound) {
  test(`claims ${JSON.stringify(claims)} are sound`, () => {
    assert.equal(unsoundClaim({ ...SOUND, ...claims }), undefined)
  })
}

const unsound: readonly (readonly [string, JsonValue])[] = [
  ['sub', ''],
  ['sub', 7],
  ['jti', ''],
  ['jti', ['j']],
  ['client_id', null],
  ['sid', 1],
  ['sid', ''],
  ['auth_time', '1'],
  ['auth_time', -1],
  ['amr', 'pwd'],
  ['amr', [1]],
  ['scope', ['a']],
  ['scope', 'a  b'],
  ['scope', ' a'],
  ['scope', 'a"b'],
  ['roles', 'admin'],
  ['roles', [['admin']]],
  ['roles', ['']],
  ['cnf', null],
  ['cnf', 'x'],
  ['cnf', []],
  ['cnf', {}],
  ['cnf', { jkt: 'short' }],
  ['cnf', { jkt: [JKT] }],
  ['cnf', { 'x5t#S256': JKT }],
  ['cnf', { jkt: JKT, 'x5t#S256': JKT }],
]
for (const [name, value] of unsound) {
  test(`a token with ${name} ${JSON.stringify(value)} is refused`, () => {
    assert.equal(unsoundClaim({ ...SOUND, [name]: value }), name)
  })
}
