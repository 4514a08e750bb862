import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SignetError } from '@signet/protocol'
import { readCookie } from './cookies.ts'

const NAME = '__Host-signet_refresh'

const CASES: readonly { readonly name: string; readonly header: string | undefined; readonly value: string | null }[] =
  [
    { name: 'no header', header: undefined, value: null },
    { name: 'no such cookie', header: 'a=b; c=d', value: null },
    { name: 'the cookie alone', header: `${NAME}=x`, value: 'x' },
    { name: 'the cookie among others, without blanks', header: `a=b;${NAME}=x;c=d`, value: 'x' },
    { name: 'an equals sign in the value', header: `${NAME}=x=y`, value: 'x=y' },
    { name: 'an empty value', header: `${NAME}=`, value: null },
    { name: 'a name that only ends alike', header: `x${NAME}=x`, value: null },
    { name: 'a name in other case', header: `${NAME.toLowerCase()}=x`, value: null },
    { name: 'the unprefixed name', header: 'signet_refresh=x', value: null },
  ]

for (const { name, header, value } of CASES) {
  test(`readCookie: ${name}`, () => assert.equal(readCookie(header, NAME), value))
}

test('readCookie: the same name twice is ambiguous, even with one value', () => {
  for (const header of [`${NAME}=x; ${NAME}=y`, `${NAME}=x; ${NAME}=x`, `${NAME}=; ${NAME}=x`]) {
    assert.throws(
      () => readCookie(header, NAME),
      (error) => error instanceof SignetError && error.code === 'credential_ambiguous',
    )
  }
})
