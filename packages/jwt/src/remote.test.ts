import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { JwtError, PolicyError } from './errors.ts'
import { generateSigningKey } from './generate.ts'
import type { Jwk } from './jwk.ts'
import type { SigningKey } from './keys.ts'
import { createRemoteKeySet } from './remote.ts'
import type { RemoteKeySet, RemoteKeySetOptions } from './remote.ts'
import { sign } from './sign.ts'
import { AUDIENCE, goodClaims, ISSUER, NOW, refusedWith } from './testing/tokens.ts'
import { createVerifier } from './verifier.ts'

const [a, b, c] = await Promise.all([
  generateSigningKey('ES256'),
  generateSigningKey('ES256'),
  generateSigningKey('ES256'),
])
const URL = 'https://auth.example.test/.well-known/jwks.json'
const TYPE = { 'content-type': 'application/jwk-set+json' }

/** An issuer whose answers are scripted, and a clock that only moves when told. */
class Issuer {
  now = NOW
  requests = 0
  readonly errors: string[] = []
  readonly headers: Headers[] = []
  answer: () => Response | Promise<Response> = () => new Response('not set', { status: 500 })

  publish(...keys: readonly SigningKey[]): void {
    const body = JSON.stringify({ keys: keys.map((key): Jwk => key.toPublicJwk()) })
    this.answer = () => new Response(body, { headers: TYPE })
  }

  fail(): void {
    this.answer = () => Promise.reject(new TypeError('connection refused'))
  }

  keySet(options: Partial<RemoteKeySetOptions> = {}): RemoteKeySet {
    return createRemoteKeySet({
      url: URL,
      now: () => this.now,
      onError: ({ message }) => void this.errors.push(message),
      fetch: async (_, init) => {
        this.requests++
        this.headers.push(new Headers(init?.headers))
        return this.answer()
      },
      ...options,
    })
  }
}

function publishing(...keys: readonly SigningKey[]): Issuer {
  const issuer = new Issuer()
  issuer.publish(...keys)
  return issuer
}

const kids = (set: RemoteKeySet, ...keys: readonly SigningKey[]): boolean[] =>
  keys.map(({ kid }) => set.select('ES256', kid).length === 1)

describe('loading', () => {
  test('nothing is requested before it is needed, and any number of callers share one request', async () => {
    const issuer = publishing(a)
    const set = issuer.keySet()
    assert.deepEqual([issuer.requests, kids(set, a)], [0, [false]])
    await Promise.all(Array.from({ length: 50 }, () => set.load()))
    await set.load()
    assert.deepEqual([issuer.requests, kids(set, a, b)], [1, [true, false]])
    assert.deepEqual(set.health(), { keys: 1, kids: [a.kid], fetchedAt: NOW, staleSeconds: 0, lastError: null })
  })

  test('GD-05: a set that never had keys selects none, and says why', async () => {
    const issuer = new Issuer()
    issuer.fail()
    const set = issuer.keySet()
    await assert.rejects(set.load(), { name: 'JwtError', code: 'keys_unavailable' })
    assert.deepEqual(kids(set, a), [false])
    assert.deepEqual(set.health(), {
      keys: 0,
      kids: [],
      fetchedAt: null,
      staleSeconds: Number.POSITIVE_INFINITY,
      lastError: 'the request failed',
    })
    assert.deepEqual(issuer.errors, ['the request failed'])
  })

  test('after failures requests are spaced out, from one second up to the cool-down', async () => {
    const issuer = new Issuer()
    issuer.fail()
    const set = issuer.keySet()
    for (let second = 0; second < 120; second++) {
      issuer.now = NOW + second
      await assert.rejects(set.load(), JwtError)
    }
    // at 0, 1, 3, 7, 15, 31, then every 30 seconds
    assert.equal(issuer.requests, 8)
    issuer.publish(a)
    issuer.now += 30
    await set.load()
    assert.deepEqual(kids(set, a), [true])
  })
})

describe('KY-07: unknown key ids', () => {
  test('ten thousand of them cause one request per cool-down and take no time from known ones', async () => {
    const issuer = publishing(a)
    const set = issuer.keySet()
    await set.load()
    const changes = await Promise.all(Array.from({ length: 10_000 }, (_, n) => set.refreshFor(`random-${n}`)))
    assert.deepEqual([issuer.requests, changes.some(Boolean)], [2, false])
    assert.deepEqual(kids(set, a), [true])
    issuer.now += 29
    await set.refreshFor('random')
    assert.equal(issuer.requests, 2)
    issuer.now += 1
    await set.refreshFor('random')
    assert.equal(issuer.requests, 3)
  })

  test('a new key is found by its first token', async () => {
    const issuer = publishing(a)
    const set = issuer.keySet()
    await set.load()
    const before = set.version
    issuer.publish(a, b)
    assert.equal(await set.refreshFor(b.kid), true)
    assert.notEqual(set.version, before)
    assert.deepEqual(kids(set, a, b), [true, true])
  })

  test('one that stays absent is looked for less and less often, until the keys change', async () => {
    const issuer = publishing(a)
    const set = issuer.keySet()
    await set.load()
    const requestedAt: number[] = []
    for (let second = 0; second < 600; second += 30) {
      const before = issuer.requests
      issuer.now = NOW + second
      await set.refreshFor('gone')
      if (issuer.requests > before) requestedAt.push(second)
    }
    assert.deepEqual(requestedAt, [0, 30, 90, 210, 450])
    issuer.publish(a, b)
    issuer.now = NOW + 600
    await set.refreshFor(b.kid)
    const after = issuer.requests
    issuer.now = NOW + 630
    await set.refreshFor('gone')
    assert.equal(issuer.requests, after + 1, 'the keys have changed since')
  })

  test('a request that fails is not taken for an answer', async () => {
    const issuer = publishing(a)
    const set = issuer.keySet()
    await set.load()
    issuer.fail()
    assert.equal(await set.refreshFor(b.kid), false)
    issuer.publish(a, b)
    issuer.now += 30
    assert.equal(await set.refreshFor(b.kid), true)
  })
})

describe('age', () => {
  test('revalidation starts at the maximum age, in the background, once', async () => {
    const issuer = publishing(a)
    const set = issuer.keySet()
    await set.load()
    issuer.now = NOW + 599
    set.revalidate()
    assert.equal(issuer.requests, 1)
    issuer.now = NOW + 600
    for (let i = 0; i < 100; i++) set.revalidate()
    assert.equal(issuer.requests, 2)
  })

  test('a key that has left the published set leaves this one', async () => {
    const issuer = publishing(a, b)
    const set = issuer.keySet()
    await set.load()
    issuer.publish(b)
    await set.refreshFor('x')
    assert.deepEqual(kids(set, a, b), [false, true])
    issuer.publish()
    issuer.now += 30
    await set.refreshFor('y')
    assert.deepEqual(kids(set, a, b), [false, false], 'an empty set is an answer too')
  })

  test('GD-05: stale keys stay in use up to their limit, and not a second longer, cached tokens included', async () => {
    const issuer = publishing(a)
    const set = issuer.keySet({ maxStaleSeconds: 3600 })
    await set.load()
    issuer.fail()
    const verifier = createVerifier({
      issuer: ISSUER,
      audience: AUDIENCE,
      algorithms: ['ES256'],
      keys: set,
      now: () => NOW,
      cache: { maxEntries: 8 },
    })
    const token = sign(goodClaims(), a, { typ: 'at+jwt' })
    verifier.verify(token)
    await set.refreshFor('x')
    issuer.now = NOW + 3600
    verifier.verify(token)
    assert.equal(set.health().staleSeconds, 3600)
    issuer.now = NOW + 3601
    refusedWith('key_unknown', () => verifier.verify(token))
    await assert.rejects(set.load(), { code: 'keys_unavailable' })
    issuer.publish(a)
    issuer.now += 30
    await set.load()
    verifier.verify(token)
  })

  test('keys that have not changed are the same objects, so that caches stay warm', async () => {
    const issuer = publishing(a, b)
    const set = issuer.keySet()
    await set.load()
    const [before] = set.select('ES256', a.kid)
    const version = set.version
    await set.refreshFor('x')
    assert.equal(set.version, version, 'nothing has changed')
    issuer.publish(a, c)
    issuer.now += 30
    await set.refreshFor(c.kid)
    assert.equal(set.select('ES256', a.kid)[0], before)
    assert.notEqual(set.version, version)
  })

  test('an entity tag is sent back, and "not modified" keeps the keys and renews their age', async () => {
    const issuer = publishing(a)
    const set = issuer.keySet()
    issuer.answer = () => Response.json({ keys: [a.toPublicJwk()] }, { headers: { etag: '"1"' } })
    await set.load()
    issuer.answer = () => new Response(null, { status: 304 })
    issuer.now += 700
    assert.equal(await set.refreshFor('x'), false)
    assert.equal(issuer.headers[1]?.get('if-none-match'), '"1"')
    assert.deepEqual([kids(set, a), set.health().staleSeconds], [[true], 0])
  })
})

describe('KY-06: an answer is refused, and the good keys stay', () => {
  const answers: Readonly<Record<string, () => Response | Promise<Response>>> = {
    'an error': () => new Response('{"keys":[]}', { status: 500, headers: TYPE }),
    'not modified without having asked for it': () => new Response(null, { status: 304 }),
    'a web page': () => new Response('<html>', { headers: { 'content-type': 'text/html' } }),
    'JSON called something else': () => new Response('{"keys":[]}', { headers: { 'content-type': 'text/plain' } }),
    'text that is not JSON': () => new Response('{"keys":[', { headers: TYPE }),
    'a member twice': () => new Response('{"keys":[],"keys":[]}', { headers: TYPE }),
    'JSON that is no key set': () => new Response('[]', { headers: TYPE }),
    'two keys of one name': () => Response.json({ keys: [a.toPublicJwk(), { ...b.toPublicJwk(), kid: a.kid }] }),
    'too many bytes': () => new Response(`{"keys":[]${' '.repeat(65_536)}}`, { headers: TYPE }),
    'a body that breaks off': () =>
      new Response(new ReadableStream({ pull: () => Promise.reject(new Error('reset')) }), { headers: TYPE }),
  }
  for (const [name, answer] of Object.entries(answers)) {
    test(name, async () => {
      const issuer = publishing(a)
      const set = issuer.keySet()
      await set.load()
      issuer.answer = answer
      assert.equal(await set.refreshFor(b.kid), false)
      assert.equal(issuer.errors.length, 1)
      assert.deepEqual(kids(set, a), [true])
    })
  }

  test('an observer that throws changes nothing', async () => {
    const issuer = new Issuer()
    issuer.fail()
    const set = issuer.keySet({
      onError: () => {
        throw new Error('observer')
      },
    })
    await assert.rejects(set.load(), { code: 'keys_unavailable' })
  })
})

describe('KY-06: over real connections', () => {
  test('keys arrive; a redirect is not followed; an endless answer and a silent server are given up', async () => {
    let followed = 0
    const routes: Readonly<Record<string, RequestListener>> = {
      '/good': (_, response) => response.writeHead(200, TYPE).end(JSON.stringify({ keys: [a.toPublicJwk()] })),
      '/redirect': (_, response) => response.writeHead(302, { location: '/target' }).end(),
      '/target': (_, response) => {
        followed++
        response.writeHead(200, TYPE).end(JSON.stringify({ keys: [b.toPublicJwk()] }))
      },
      '/endless': (_, response) => {
        response.writeHead(200, TYPE)
        const more = (): void => {
          while (!response.destroyed && response.write(' '.repeat(16_384)));
        }
        response.on('drain', more)
        more()
      },
      '/silent': () => {},
    }
    await serving(
      (request, response) => routes[request.url ?? '']?.(request, response),
      async (origin) => {
        const outcome = async (path: string): Promise<string> => {
          const set = createRemoteKeySet({ url: origin + path, timeoutSeconds: path === '/silent' ? 0.05 : 5 })
          await set.load().catch(() => {})
          return set.health().lastError ?? `${set.health().keys} keys`
        }
        assert.equal(await outcome('/good'), '1 keys')
        assert.equal(await outcome('/redirect'), 'the answer is a redirect')
        assert.equal(followed, 0)
        assert.equal(await outcome('/endless'), 'the answer is too large')
        assert.equal(await outcome('/silent'), 'the request timed out')
      },
    )
  })
})

describe('misuse', () => {
  const wrong: readonly unknown[] = [
    { url: 'http://auth.example.test/jwks' },
    { url: 'http://localhost.evil.test/jwks' },
    { url: 'http://127.0.0.1.evil.test/jwks' },
    { url: 'https://user:pass@auth.example.test/jwks' },
    { url: 'file:///etc/passwd' },
    { url: '/jwks' },
    { url: undefined },
    { url: URL, cooldown: 1 },
    { url: URL, maxBytes: '1' },
    { url: URL, timeoutSeconds: Number.NaN },
  ]
  for (const options of wrong) {
    test(JSON.stringify(options), () => {
      assert.throws(() => createRemoteKeySet(options as RemoteKeySetOptions), PolicyError)
    })
  }
  test('loopback may be plain http', () => {
    for (const host of ['localhost:1', '127.0.0.1:1', '[::1]:1']) createRemoteKeySet({ url: `http://${host}/jwks` })
  })
})

async function serving(listener: RequestListener, use: (origin: string) => Promise<void>): Promise<void> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}
