import assert from 'node:assert/strict'
import { createHmac, createSecretKey } from 'node:crypto'
import { test } from 'node:test'
import { OneShotHmac } from './hmac.ts'

const HASHES = [
  ['sha256', 32],
  ['sha384', 48],
  ['sha512', 64],
] as const
/** Both sides of the block sizes (64 and 128), where a longer key is hashed first. */
const KEY_LENGTHS = [32, 63, 64, 65, 127, 128, 129, 300]
/** Both sides of the limit behind which data goes the streaming way. */
const DATA_LENGTHS = [0, 1, 63, 64, 65, 8191, 8192, 8193]

for (const [hash, hashBytes] of HASHES) {
  test(`HMAC with ${hash} agrees with createHmac for every length of key and data`, () => {
    for (const keyLength of KEY_LENGTHS) {
      const key = createSecretKey(Buffer.alloc(keyLength, 0xa5))
      const hmac = new OneShotHmac(hash, hashBytes, key)
      for (const dataLength of DATA_LENGTHS) {
        const data = 'Z'.repeat(dataLength)
        const expected = createHmac(hash, key).update(data).digest('base64url')
        assert.equal(hmac.compute(data), expected, `key ${keyLength}, data ${dataLength}`)
        assert.ok(hmac.matches(data, expected))
        assert.ok(!hmac.matches(data, `${expected.slice(0, -1)}!`))
      }
    }
  })
}

test('VF-14: a MAC is compared by timingSafeEqual, however early it differs', () => {
  const hmac = new OneShotHmac('sha256', 32, createSecretKey(Buffer.alloc(32, 1)))
  const data = 'data'
  const mac = hmac.compute(data)
  for (let position = 0; position < mac.length; position++) {
    const other = mac[position] === 'A' ? 'B' : 'A'
    assert.ok(!hmac.matches(data, mac.slice(0, position) + other + mac.slice(position + 1)))
    const sameLowByte = String.fromCharCode(0x100 + mac.charCodeAt(position))
    assert.ok(!hmac.matches(data, mac.slice(0, position) + sameLowByte + mac.slice(position + 1)))
  }
  assert.ok(!hmac.matches(data, ''))
  assert.ok(!hmac.matches(data, `${mac}A`))
})
