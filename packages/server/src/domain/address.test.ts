import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { addressPrefix } from './address.ts'

const CASES = [
  { name: 'an IPv4 address counts whole', address: '192.0.2.7', prefix: '192.0.2.7' },
  { name: 'its neighbour is somebody else', address: '192.0.2.8', prefix: '192.0.2.8' },
  { name: 'an IPv6 address counts by its first 64 bits', address: '2001:db8:1:2:3:4:5:6', prefix: '2001:db8:1:2::/64' },
  { name: 'the rest of the network is the same source', address: '2001:db8:1:2:ffff::1', prefix: '2001:db8:1:2::/64' },
  { name: 'the next network is not', address: '2001:db8:1:3::1', prefix: '2001:db8:1:3::/64' },
  { name: 'case and leading zeros make no difference', address: '2001:0DB8:0001:0002::6', prefix: '2001:db8:1:2::/64' },
  { name: 'zeros left out are zeros', address: '2001:db8::1', prefix: '2001:db8:0:0::/64' },
  { name: 'zeros left out at the end', address: '2001:db8:1:2::', prefix: '2001:db8:1:2::/64' },
  { name: 'one group left out', address: '1:2:3:4:5:6:7::', prefix: '1:2:3:4::/64' },
  { name: 'the loopback address', address: '::1', prefix: '0:0:0:0::/64' },
  { name: 'a zone is dropped', address: 'fe80::1%eth0', prefix: 'fe80:0:0:0::/64' },
  { name: 'LG-06: IPv4 mapped into IPv6 is IPv4', address: '::ffff:192.0.2.7', prefix: '192.0.2.7' },
  { name: 'LG-06: also in hexadecimal', address: '::FFFF:c000:207', prefix: '192.0.2.7' },
  { name: 'LG-06: and written out', address: '0:0:0:0:0:ffff:c000:0207', prefix: '192.0.2.7' },
  { name: 'IPv4 behind a translator is IPv4', address: '64:ff9b::192.0.2.7', prefix: '192.0.2.7' },
  ...[
    '',
    'unknown',
    'localhost',
    '192.0.2',
    '192.0.2.256',
    '192.0.2.07',
    '192.0.2.7:80',
    '192.0.2.7 ',
    '1:2:3',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '1::2::3',
    ':::',
    '2001:db8::g',
    '2001:db8::12345',
    '::192.0.2.7:1',
    '[::1]',
  ].map((address) => ({ name: `${JSON.stringify(address)} is no address`, address, prefix: 'unknown' })),
]

describe('addressPrefix', () => {
  for (const { name, address, prefix } of CASES) test(name, () => assert.equal(addressPrefix(address), prefix))

  test('every IPv6 address of one network gives one prefix', () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        assert.match(addressPrefix(address), /^(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){3}::\/64|\d+(?:\.\d+){3})$/)
      }),
    )
  })

  test('every IPv4 address gives itself', () => {
    fc.assert(fc.property(fc.ipV4(), (address) => assert.equal(addressPrefix(address), address)))
  })
})
