import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { SignetError } from '@signet/protocol'
import { discoverServices, metadataUrl } from './discovery.ts'
import { startIssuer } from './testing/issuer.ts'
import type { TestIssuer } from './testing/issuer.ts'

const addresses = [
  { issuer: 'https://auth.example.com', expected: 'https://auth.example.com/.well-known/oauth-authorization-server' },
  { issuer: 'https://auth.example.com/', expected: 'https://auth.example.com/.well-known/oauth-authorization-server' },
  {
    issuer: 'https://auth.example.com/a/b',
    expected: 'https://auth.example.com/.well-known/oauth-authorization-server/a/b',
  },
  {
    issuer: 'https://auth.example.com:8443/a/',
    expected: 'https://auth.example.com:8443/.well-known/oauth-authorization-server/a',
  },
  { issuer: 'http://localhost:4747', expected: 'http://localhost:4747/.well-known/oauth-authorization-server' },
  { issuer: 'http://127.0.0.1:4747', expected: 'http://127.0.0.1:4747/.well-known/oauth-authorization-server' },
  { issuer: 'http://[::1]:4747', expected: 'http://[::1]:4747/.well-known/oauth-authorization-server' },
]
for (const { issuer, expected } of addresses) {
  test(`the metadata of ${issuer} lies where RFC 8414 says`, () => {
    assert.equal(metadataUrl(issuer), expected)
  })
}

const unusable = [
  'auth.example.com',
  'http://auth.example.com',
  'http://127.0.0.1.evil.test',
  'http://localhost.evil.test',
  'https://auth.example.com/?a',
  'https://auth.example.com/?',
  'https://auth.example.com/#a',
  'https://user:secret@auth.example.com',
  'ftp://127.0.0.1',
  'file:///etc/passwd',
]
for (const issuer of unusable) {
  test(`KY-06: ${issuer} is no issuer to fetch from`, () => {
    assert.throws(() => metadataUrl(issuer), TypeError)
  })
}

let issuer: TestIssuer
before(async () => {
  issuer = await startIssuer()
})
after(() => issuer.close())
beforeEach(() => {
  issuer.interfere = () => false
})

test('the keys of an issuer are found', async () => {
  assert.equal(await discover(), `${issuer.url}/jwks.json`)
})

const refusals: readonly Refusal[] = [
  {
    name: 'KY-08: another issuer in the document',
    reason: /another issuer/,
    answer: (url) => ({ issuer: `${url}/`, jwks_uri: `${url}/jwks.json` }),
  },
  { name: 'no issuer in the document', reason: /another issuer/, answer: (url) => ({ jwks_uri: `${url}/jwks.json` }) },
  { name: 'no jwks_uri', reason: /no usable jwks_uri/, answer: (url) => ({ issuer: url }) },
  {
    name: 'a relative jwks_uri',
    reason: /no usable jwks_uri/,
    answer: (url) => ({ issuer: url, jwks_uri: '/jwks.json' }),
  },
  {
    name: 'KY-06: keys on another host',
    reason: /another origin/,
    answer: (url) => ({ issuer: url, jwks_uri: 'https://evil.test/jwks.json' }),
  },
  {
    name: 'KY-06: keys on another port',
    reason: /another origin/,
    answer: (url) => ({ issuer: url, jwks_uri: 'http://127.0.0.1:1/jwks.json' }),
  },
  {
    name: 'KY-06: keys in a file',
    reason: /another origin/,
    answer: (url) => ({ issuer: url, jwks_uri: 'file:///etc/passwd' }),
  },
  { name: 'a JSON list', reason: /not a JSON object/, answer: () => [] },
]
interface Refusal {
  readonly name: string
  readonly reason: RegExp
  readonly answer: (url: string) => unknown
}
for (const { name, reason, answer } of refusals) {
  test(`${name} is refused`, async () => {
    issuer.interfere = (_req, res) => json(res, answer(issuer.url))
    await refusedBecause(reason)
  })
}

const misbehaviours: readonly Misbehaviour[] = [
  {
    name: 'a redirect',
    reason: /answered 302/,
    act: (_req, res) => res.writeHead(302, { location: '/elsewhere' }).end(),
  },
  { name: '404', reason: /answered 404/, act: (_req, res) => res.writeHead(404).end() },
  {
    name: 'HTML',
    reason: /not JSON/,
    act: (_req, res) => res.writeHead(200, { 'content-type': 'text/html' }).end('<p>'),
  },
  {
    name: 'broken JSON',
    reason: /could not be read/,
    act: (_req, res) => res.writeHead(200, { 'content-type': 'application/json' }).end('{'),
  },
  { name: 'a body without end', reason: /too large/, act: (_req, res) => writeForEver(res) },
  { name: 'a closed connection', reason: /could not be read/, act: (_req, res) => res.destroy() },
  {
    name: 'slow bytes',
    reason: /could not be read/,
    act: (_req, res) => res.writeHead(200, { 'content-type': 'application/json' }).write('{'),
  },
]
interface Misbehaviour {
  readonly name: string
  readonly reason: RegExp
  readonly act: (req: IncomingMessage, res: ServerResponse) => unknown
}
for (const { name, reason, act } of misbehaviours) {
  test(`KY-06: an issuer that answers with ${name} is refused`, async () => {
    issuer.interfere = (req, res) => {
      act(req, res)
      return true
    }
    await refusedBecause(reason)
  })
}

test('KY-06: a redirect is not followed', async () => {
  issuer.requests.length = 0
  issuer.interfere = (_req, res) => Boolean(res.writeHead(302, { location: '/elsewhere' }).end())
  await assert.rejects(discover())
  assert.deepEqual(issuer.requests, ['/.well-known/oauth-authorization-server'])
})

async function discover(): Promise<string> {
  return (await discoverServices(issuer.url, { fetch: globalThis.fetch, timeoutMs: 200, maxBytes: 2048 })).jwksUri
}

async function refusedBecause(reason: RegExp): Promise<void> {
  await assert.rejects(discover(), (error) => {
    assert.ok(error instanceof SignetError && error.code === 'unavailable')
    assert.match(error.reason ?? '', reason)
    return true
  })
}

function json(res: ServerResponse, value: unknown): true {
  res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
  return true
}

function writeForEver(res: ServerResponse): void {
  res.writeHead(200, { 'content-type': 'application/json' })
  const write = (error?: Error | null): void => {
    if (!error && !res.destroyed) res.write(' '.repeat(1024), write)
  }
  write()
}
