import assert from 'node:assert/strict'
import { test } from 'node:test'
import { acceptedEncoding } from './accepted-encoding.ts'

const CASES: readonly (readonly [header: string | undefined, encoding: string])[] = [
  [undefined, 'identity'],
  ['', 'identity'],
  ['gzip', 'gzip'],
  ['gzip, deflate, br', 'br'],
  ['GZIP ; Q=0.1', 'gzip'],
  ['br;q=0, gzip;q=0.001', 'gzip'],
  ['br;q=0,gzip;q=0', 'identity'],
  ['*', 'br'],
  ['*;q=0', 'identity'],
  ['br;q=0, *', 'gzip'],
  ['identity', 'identity'],
  ['br;q=nonsense', 'identity'],
  ['zstd', 'identity'],
]

for (const [header, encoding] of CASES) {
  test(`Accept-Encoding ${header ?? 'absent'}: ${encoding}`, () => {
    assert.equal(acceptedEncoding(header, ['br', 'gzip']), encoding)
  })
}
