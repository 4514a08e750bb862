import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAuthorization } from './bearer.ts'
import { run, seeds } from './bearer.fuzz.ts'

const cases = [
  { name: 'a bearer token', value: 'Bearer a.b.c', kind: 'bearer', token: 'a.b.c' },
  { name: 'the scheme in lower case', value: 'bearer a.b.c', kind: 'bearer', token: 'a.b.c' },
  { name: 'the scheme in upper case', value: 'BEARER a.b.c', kind: 'bearer', token: 'a.b.c' },
  { name: 'two spaces before the token', value: 'Bearer  a.b.c', kind: 'bearer', token: 'a.b.c' },
  { name: 'every character a b64token may have', value: 'Bearer aZ09-._~+/==', kind: 'bearer', token: 'aZ09-._~+/==' },
  { name: 'a DPoP token', value: 'DPoP a.b.c', kind: 'dpop', token: 'a.b.c' },
  { name: 'the DPoP scheme in another case', value: 'dpop a.b.c', kind: 'dpop', token: 'a.b.c' },
  { name: 'nothing at all', value: '', kind: 'other' },
  { name: 'the scheme alone', value: 'Bearer', kind: 'malformed' },
  { name: 'the scheme and spaces', value: 'Bearer     ', kind: 'malformed' },
  { name: 'a tab before the token', value: 'Bearer\ta.b.c', kind: 'malformed' },
  { name: 'a tab after the space', value: 'Bearer \ta.b.c', kind: 'malformed' },
  { name: 'a token after nothing but the scheme', value: 'Bearera.b.c', kind: 'other' },
  { name: 'a token without scheme', value: 'a.b.c', kind: 'other' },
  { name: 'a quoted token', value: 'Bearer "a.b.c"', kind: 'malformed' },
  { name: 'a trailing space', value: 'Bearer a.b.c ', kind: 'malformed' },
  { name: 'a trailing comma', value: 'Bearer a.b.c,', kind: 'several' },
  { name: 'a second word', value: 'Bearer a.b.c d', kind: 'malformed' },
  { name: 'a percent-encoded token', value: 'Bearer a%2Eb%2Ec', kind: 'malformed' },
  { name: 'a byte above 0x7F', value: 'Bearer a.b.c\u00e9', kind: 'malformed' },
  { name: 'a NUL byte', value: 'Bearer a.b.c\u0000', kind: 'malformed' },
  { name: 'a line feed', value: 'Bearer a.b.c\n', kind: 'malformed' },
  { name: 'padding in the middle', value: 'Bearer a=b', kind: 'malformed' },
  { name: 'padding alone', value: 'Bearer ==', kind: 'malformed' },
  { name: '[object Object]', value: 'Bearer [object Object]', kind: 'malformed' },
  { name: 'two tokens in one line', value: 'Bearer a, Bearer b', kind: 'several' },
  { name: 'two schemes in one line', value: 'Bearer a, DPoP b', kind: 'several' },
  { name: 'another scheme first', value: 'Basic YTpi, Bearer a', kind: 'several' },
  { name: 'another scheme last', value: 'Bearer a, Basic YTpi', kind: 'several' },
  { name: 'Basic', value: 'Basic YTpi', kind: 'other' },
  { name: 'Digest with parameters', value: 'Digest username="bearer x", realm="y"', kind: 'other' },
  { name: 'two of another scheme', value: 'Basic YTpi, Basic YTpi', kind: 'other' },
  { name: 'a scheme that only begins like ours', value: 'Bearer2 a.b.c', kind: 'other' },
] as const

for (const { name, value, kind, ...rest } of cases) {
  test(`Authorization with ${name} is read as ${kind}`, () => {
    assert.deepEqual({ ...parseAuthorization(value) }, { kind, ...rest })
  })
}

test('a 64 kB value takes linear time, whatever it is made of', () => {
  const fills = ['a', '=', ' ', ',', 'a=', 'Bearer ', ', ', ',a ', 'DPoP,']
  for (const fill of fills) {
    for (const size of [65_536, 655_360]) parseAuthorization(`Bearer ${fill.repeat(size / fill.length)}!`)
  }
})

test('the fuzz target holds for its seeds', () => {
  for (const seed of seeds) run(seed)
})
