import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, beforeEach, describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { generateSigningKey } from './generate.ts'
import { buildJwkSet } from './key-set.ts'
import type { SigningKey } from './keys.ts'
import { createRemoteKeySet } from './remote.ts'
import type { RemoteKeySet, RemoteKeySetOptions } from './remote.ts'
import { sign } from './sign.ts'
import { createVerifier } from './verifier.ts'

const T0 = 1_800_000_000
const server = createServer((req, res) => answer(req, res))
let url = ''
let requests = 0
let now = T0
let keys: readonly SigningKey[] = []
let first: SigningKey
let second: SigningKey
let answer: (req: IncomingMessage, res: ServerResponse) => void

before(async () => {
  ;[first, second] = await Promise.all([generateSigningKey('ES256'), generateSigningKey('ES256')])
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`
})
after(() => {
  server.closeAllConnections()
  server.close()
})
beforeEach(() => {
  now = T0
  requests = 0
  keys = [first]
  answer = publish()
})

/** Answers with the keys there are, and whatever headers a test needs. */
function publish(headers: Readonly<Record<string, string>> = {}) {
  return (req: IncomingMessage, res: ServerResponse): void => {
    requests += 1
    const body = JSON.stringify(buildJwkSet(keys.map((key) => key.toVerificationKey())))
    const etag = `"${keys.map(({ kid }) => kid).join()}"`
    if (req.headers['if-none-match'] === etag) res.writeHead(304, { etag, ...headers }).end()
    else res.writeHead(200, { 'content-type': 'application/jwk-set+json', etag, ...headers }).end(body)
  }
}

function remote(options: Partial<RemoteKeySetOptions> = {}): RemoteKeySet {
  return createRemoteKeySet({ url, now: () => now, ...options })
}

async function loaded(options: Partial<RemoteKeySetOptions> = {}): Promise<RemoteKeySet> {
  const set = remote(options)
  await set.load()
  requests = 0
  return set
}

function has(set: RemoteKeySet, key: SigningKey): boolean {
  return set.select('ES256', key.kid).length === 1
}

/** Waits until the request that `revalidate` started in the background, if it did, is over. */
async function revalidated(set: RemoteKeySet): Promise<void> {
  const { fetchedAt, lastError } = set.health()
  set.revalidate()
  for (let turns = 0; turns < 2000; turns++) {
    const health = set.health()
    if (health.fetchedAt !== fetchedAt || health.lastError !== lastError) return
    await setImmediate()
  }
}

describe('requests', () => {
  test('KY-07: a hundred first callers share one', async () => {
    const set = remote()
    await Promise.all(Array.from({ length: 100 }, () => set.load()))
    assert.equal(requests, 1)
  })

  test('KY-07: 10,000 tokens with random kids cost at most one a cool-down, and known keys never wait', async () => {
    const set = await loaded({ cooldownSeconds: 30 })
    const token = sign({ iss: 'i', aud: 'a', exp: T0 + 900 }, first, { typ: 'JWT' })
    const verifier = createVerifier({
      issuer: 'i',
      audience: 'a',
      algorithms: ['ES256'],
      keys: set,
      typ: 'JWT',
      now: () => T0,
    })
    for (const [cooldowns, at] of [
      [1, T0],
      [1, T0 + 29],
      [2, T0 + 30],
      [3, T0 + 60],
    ] as const) {
      now = at
      const flood = Array.from({ length: 2500 }, (_, n) => set.refreshFor(`random-${at}-${n}`))
      // while all of them wait
      assert.equal(verifier.verify(token).claims['iss'], 'i')
      assert.deepEqual(new Set(await Promise.all(flood)), new Set([false]))
      assert.equal(requests, cooldowns)
    }
  })

  test('KY-07: a key published during a flood is learnt when the set is stale, whatever the cool-down', async () => {
    answer = publish({ 'cache-control': 'max-age=10' })
    const set = await loaded({ cooldownSeconds: 30 })
    await set.refreshFor('random')
    keys = [first, second]
    now = T0 + 10
    set.revalidate()
    const flood = Array.from({ length: 1000 }, (_, n) => set.refreshFor(`random-${n}`))
    assert.equal(await set.refreshFor(second.kid), true)
    assert.ok(has(set, second))
    await Promise.all(flood)
    assert.equal(requests, 2)
  })

  test('a request sent before a key was published does not stand for one sent after', async () => {
    const set = await loaded()
    now = T0 + 600
    const held: ServerResponse[] = []
    answer = (_req, res) => {
      requests += 1
      held.push(res)
    }
    set.revalidate()
    while (held.length === 0) await setImmediate()
    const looking = set.refreshFor(second.kid)
    const late = held.pop()
    answer = publish()
    late?.writeHead(304).end()
    keys = [first, second]
    assert.equal(await looking, true)
    assert.ok(has(set, second))
  })

  test('a kid not found is asked for again after one cool-down, then two, then four: a slow node is no lasting refusal', async () => {
    const set = await loaded({ cooldownSeconds: 30, maxAgeSeconds: 600 })
    const asked: number[] = []
    for (now = T0; now < T0 + 500; now += 10) {
      const before = requests
      await set.refreshFor('missing')
      if (requests > before) asked.push(now - T0)
    }
    assert.deepEqual(asked, [0, 30, 90, 210, 450])
  })
})

describe('freshness', () => {
  const SAID: readonly Said[] = [
    { name: 'nothing said: the option', headers: {}, freshSeconds: 600 },
    { name: 'a shorter max-age counts', headers: { 'cache-control': 'public, max-age=300' }, freshSeconds: 300 },
    { name: 'a longer one does not', headers: { 'cache-control': 'max-age=86400' }, freshSeconds: 600 },
    {
      name: 'what a cache on the way has used up is not left',
      headers: { 'cache-control': 'Max-Age="300"', age: '290' },
      freshSeconds: 10,
    },
    { name: 'not to be kept: the cool-down', headers: { 'cache-control': 'no-store' }, freshSeconds: 30 },
    { name: 'no-cache likewise', headers: { 'cache-control': 'no-cache, max-age=300' }, freshSeconds: 30 },
    { name: 'stale on arrival likewise', headers: { 'cache-control': 'max-age=5', age: '60' }, freshSeconds: 30 },
    { name: 'nonsense is nothing said', headers: { 'cache-control': 'max-age=soon' }, freshSeconds: 600 },
    { name: 'a negative age is nonsense', headers: { 'cache-control': 'max-age=-1' }, freshSeconds: 600 },
    {
      name: 'a cool-down above the maximum age',
      headers: { 'cache-control': 'no-store' },
      options: { maxAgeSeconds: 20 },
      freshSeconds: 20,
    },
  ]
  for (const { name, headers, options, freshSeconds } of SAID) {
    test(`KY-03: ${name}`, async () => {
      answer = publish(headers)
      const set = await loaded(options)
      now = T0 + freshSeconds - 1
      set.revalidate()
      await setImmediate()
      assert.equal(requests, 0)
      now = T0 + freshSeconds
      await revalidated(set)
      assert.equal(requests, 1)
    })
  }

  test('a set confirmed with 304 is as fresh as a new one', async () => {
    answer = publish({ 'cache-control': 'max-age=60' })
    const set = await loaded()
    const { version } = set
    for (const minute of [1, 2, 3]) {
      now = T0 + minute * 60
      await revalidated(set)
    }
    assert.equal(requests, 3)
    assert.equal(set.version, version)
    assert.equal(set.health().fetchedAt, T0 + 180)
  })

  test('KY-04: keys that were said to have changed are asked for once more, at once, and used meanwhile', async () => {
    keys = [first, second]
    const set = await loaded()
    keys = [second]
    set.expire()
    assert.ok(has(set, first))
    await revalidated(set)
    assert.deepEqual([has(set, first), has(set, second)], [false, true])
    set.revalidate()
    await setImmediate()
    assert.equal(requests, 1)
  })

  test('KY-04: a key that left the published set leaves this one with the next answer, and the version tells', async () => {
    keys = [first, second]
    const set = await loaded()
    const { version } = set
    const [kept] = set.select('ES256', first.kid)
    keys = [first]
    now = T0 + 600
    await revalidated(set)
    assert.deepEqual([has(set, first), has(set, second)], [true, false])
    assert.deepEqual(set.health().kids, [first.kid])
    assert.notEqual(set.version, version)
    assert.equal(set.select('ES256', first.kid)[0], kept, 'the other key is the same object')
  })
})

describe('failures', () => {
  test('KY-06: the last good keys are used to the ceiling and not a second longer, whatever goes wrong', async () => {
    const set = await loaded({ maxStaleSeconds: 1000 })
    answer = (_req, res) => void res.writeHead(500).end()
    now = T0 + 1000
    await revalidated(set)
    assert.ok(has(set, first))
    now = T0 + 1001
    assert.equal(has(set, first), false)
    await assert.rejects(set.load(), { code: 'keys_unavailable' })
    answer = publish()
    now += 60
    await set.load()
    assert.ok(has(set, first))
  })

  test('KY-06: a 304 is no answer to whoever has no keys', async () => {
    answer = (_req, res) => void res.writeHead(304).end()
    await assert.rejects(remote().load(), { code: 'keys_unavailable' })
  })

  const FAULTS: readonly { readonly name: string; readonly fault: typeof answer; readonly message: RegExp }[] = [
    {
      name: 'a redirect, wherever it leads',
      fault: (_req, res) => void res.writeHead(302, { location: url.replace('jwks', 'other') }).end(),
      message: /redirect/,
    },
    {
      name: 'a permanent redirect',
      fault: (_req, res) => void res.writeHead(308, { location: 'https://elsewhere.example/jwks.json' }).end(),
      message: /redirect/,
    },
    {
      name: 'a page',
      fault: (_req, res) => void res.writeHead(200, { 'content-type': 'text/html' }).end('<p>'),
      message: /not JSON/,
    },
    { name: 'half of the JSON', fault: (_req, res) => json(res, '{"keys":['), message: /not a JWK Set/ },
    { name: 'another JSON', fault: (_req, res) => json(res, '[]'), message: /not a JWK Set/ },
    {
      name: 'more bytes than allowed',
      fault: (_req, res) => json(res, `{"keys":[],"x":"${'x'.repeat(70_000)}"}`),
      message: /too large/,
    },
    {
      name: 'bytes without end',
      fault: (_req, res) => {
        res.writeHead(200, { 'content-type': 'application/json' })
        const more = (): void => {
          while (!res.destroyed && res.write('x'.repeat(16_384)));
        }
        res.on('drain', more)
        more()
      },
      message: /too large/,
    },
    {
      name: 'a body that never ends',
      fault: (_req, res) => void res.writeHead(200, { 'content-type': 'application/json' }).write('{'),
      message: /timed out/,
    },
    { name: 'no answer', fault: () => {}, message: /timed out/ },
    { name: 'a connection that is cut', fault: (req) => void req.socket.destroy(), message: /failed/ },
  ]
  for (const { name, fault, message } of FAULTS) {
    test(`KY-06: ${name} is refused, and known keys stay`, async () => {
      const set = await loaded({ timeoutSeconds: 0.3 })
      answer = (req, res) => {
        requests += 1
        fault(req, res)
      }
      const fresh = remote({ timeoutSeconds: 0.3 })
      await assert.rejects(fresh.load(), { code: 'keys_unavailable', message })
      now = T0 + 600
      assert.equal(await set.refreshFor('new'), false)
      assert.ok(has(set, first))
      assert.notEqual(set.health().lastError, null)
    })
  }
})

/** What an answer says about its age, and from when on it is asked for again. */
interface Said {
  readonly name: string
  readonly headers: Readonly<Record<string, string>>
  readonly options?: Partial<RemoteKeySetOptions>
  readonly freshSeconds: number
}

function json(res: ServerResponse, body: string): void {
  res.writeHead(200, { 'content-type': 'application/json' }).end(body)
}
