import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requestUrl } from './request.ts'

const cases = [
  { name: 'path and host', url: '/orders', host: 'api.test', expected: 'http://api.test/orders' },
  { name: 'https', url: '/orders', host: 'api.test', scheme: 'https', expected: 'https://api.test/orders' },
  { name: 'query and fragment', url: '/orders?a=/b#c', host: 'api.test', expected: 'http://api.test/orders' },
  { name: 'a query right after the host', url: 'http://api.test?a', expected: 'http://api.test/' },
  { name: 'an absolute URL', url: 'https://api.test/orders?x', host: 'other', expected: 'https://api.test/orders' },
  {
    name: 'a public URL',
    url: '/orders?x',
    host: 'inner',
    publicUrl: 'https://api.test',
    expected: 'https://api.test/orders',
  },
  {
    name: 'a public URL with a prefix',
    url: 'http://inner/orders',
    publicUrl: 'https://api.test/v1',
    expected: 'https://api.test/v1/orders',
  },
  {
    name: 'a path that looks like a host',
    url: '//evil.test/orders',
    host: 'api.test',
    expected: 'http://api.test//evil.test/orders',
  },
] as const

for (const { name, expected, ...rest } of cases as readonly Case[]) {
  test(`the URL a proof must name, from ${name}`, () => {
    const { url, host, scheme, publicUrl } = rest
    assert.equal(requestUrl({ method: 'GET', url, host, scheme, header: () => undefined }, publicUrl), expected)
  })
}

interface Case {
  readonly name: string
  readonly url: string
  readonly host?: string
  readonly scheme?: string
  readonly publicUrl?: string
  readonly expected: string
}
