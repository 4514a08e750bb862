import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { generateSigningKey } from '@signet/jwt'
import { SignetError } from '@signet/protocol'
import { IssuerKeys } from './issuer-keys.ts'
import { ISSUED_AT, startIssuer } from './testing/issuer.ts'
import type { TestIssuer } from './testing/issuer.ts'

const METADATA = '/.well-known/oauth-authorization-server'
const DAY = 86_400

let issuer: TestIssuer
let now = ISSUED_AT
before(async () => {
  issuer = await startIssuer()
})
after(() => issuer.close())
beforeEach(() => {
  now = ISSUED_AT
  issuer.requests.length = 0
  issuer.interfere = () => false
})

test('keys are discovered and loaded once, however many requests wait for them', async () => {
  const keys = issuerKeys()
  assert.equal(keys.loaded, false)
  assert.deepEqual(keys.select('ES256', kid()), [])
  assert.deepEqual(issuer.requests, [], 'nothing is fetched before it is needed')
  await Promise.all(Array.from({ length: 50 }, () => keys.load()))
  assert.deepEqual(issuer.requests, [METADATA, '/jwks.json'])
  assert.equal(keys.select('ES256', kid()).length, 1)
  assert.equal(keys.health().keys, 1)
})

test('with jwksUri there is no discovery', async () => {
  const keys = issuerKeys({ jwksUri: `${issuer.url}/jwks.json` })
  await keys.load()
  assert.deepEqual(issuer.requests, ['/jwks.json'])
})

test('GD-05: a failed load is typed, pauses 1 s, then 2 s, and recovers by itself', async () => {
  fail()
  const keys = issuerKeys()
  await unavailable(keys, 1)
  await unavailable(keys, 1)
  assert.equal(issuer.requests.length, 1, 'no request during the pause')
  now += 1
  await unavailable(keys, 2)
  now += 1
  await unavailable(keys, 1)
  assert.equal(issuer.requests.length, 2)
  assert.match(keys.health().lastError ?? '', /answered 503/)
  issuer.interfere = () => false
  now += 1
  await keys.load()
  assert.ok(keys.loaded)
  assert.equal(keys.health().lastError, null)
})

test('the pause after failures never exceeds 30 s', async () => {
  fail()
  const keys = issuerKeys()
  for (const pause of [1, 2, 4, 8, 16, 30, 30]) {
    await unavailable(keys, pause)
    now += pause
  }
})

test('KY-07: a new key is found at once, and unknown ones cost one request per cool-down', async () => {
  const keys = issuerKeys()
  await keys.load()
  issuer.requests.length = 0
  const added = await generateSigningKey('ES256')
  issuer.keys = [...issuer.keys, added]
  await keys.lookFor(added.kid)
  assert.equal(keys.select('ES256', added.kid).length, 1)
  await Promise.all(Array.from({ length: 100 }, (_, i) => keys.lookFor(`unknown-${i}`)))
  assert.deepEqual(issuer.requests, ['/jwks.json'])
  issuer.keys = issuer.keys.slice(0, 1)
})

test('GD-05: known keys are used for a day without the issuer, and not a second longer', async () => {
  const keys = issuerKeys()
  await keys.load()
  const { version } = keys
  fail()
  now += DAY
  keys.revalidate(now)
  assert.equal(keys.select('ES256', kid()).length, 1)
  assert.equal(keys.version, version)
  now += 1
  assert.deepEqual(keys.select('ES256', kid()), [])
  assert.notEqual(keys.version, version, 'so that a cache lets go of tokens verified before')
  assert.equal(keys.health().keys, 0)
  await assert.rejects(keys.lookFor(kid()), (error) => error instanceof SignetError && error.code === 'unavailable')
  issuer.interfere = () => false
  now += 60
  await keys.lookFor(kid())
  assert.equal(keys.select('ES256', kid()).length, 1)
})

function issuerKeys(options: { readonly jwksUri?: string } = {}): IssuerKeys {
  return new IssuerKeys({ issuer: issuer.url, jwksUri: options.jwksUri, fetch: globalThis.fetch, now: () => now })
}

function kid(): string | undefined {
  return issuer.keys[0]?.kid
}

function fail(): void {
  issuer.interfere = (_req, res) => Boolean(res.writeHead(503).end())
}

async function unavailable(keys: IssuerKeys, retryAfterSeconds: number): Promise<void> {
  await assert.rejects(keys.load(), (error) => {
    assert.ok(error instanceof SignetError)
    assert.equal(error.code, 'unavailable')
    assert.equal(error.retryAfterSeconds, retryAfterSeconds)
    return true
  })
}
