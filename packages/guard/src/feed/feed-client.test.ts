import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { GUARD_NAME_HEADER, HELD_KEYS_HEADER } from '@signet/protocol'
import type { Revocation } from '@signet/protocol'
import { FeedClient } from './feed-client.ts'
import type { FeedClientOptions } from './feed-client.ts'
import { heartbeatEvent, RESET_EVENT, revokeEvent, snapshotOf, startFeed } from './testing/feed-server.ts'
import type { TestFeed } from './testing/feed-server.ts'
import { hurriedRuntime, NOW, until } from './testing/runtime.ts'

let feed: TestFeed
const clients: FeedClient[] = []
beforeEach(async () => {
  feed = await startFeed()
})
afterEach(async () => {
  for (const client of clients.splice(0)) client.close()
  await feed.close()
})

function follow(overrides: Partial<FeedClientOptions> = {}): FeedClient {
  const client = new FeedClient({
    findUrl: async () => feed.url,
    credential: undefined,
    name: undefined,
    heldKeys: () => [],
    onTick: () => {},
    firstSnapshotTimeoutSeconds: 60,
    maxStalenessSeconds: 15,
    runtime: hurriedRuntime(20),
    ...overrides,
  })
  clients.push(client)
  return client
}

let counter = 0
function entry(kind: Revocation['kind'] = 'token'): Revocation {
  counter += 1
  const until = NOW + 900
  if (kind === 'token') return { kind, jti: `jti_${counter}`, until }
  if (kind === 'session') return { kind, sid: `sid_${counter}`, until }
  if (kind === 'key') return { kind, kid: `kid_${counter}`, until }
  return { kind, sub: `sub_${counter}`, before: NOW - counter, until }
}

const holdsAll = (client: FeedClient): boolean => client.set.holdsExactly(feed.entries, NOW)
const count = (kind: 'snapshot' | 'stream'): number => feed.requests.filter((request) => request.kind === kind).length
const isConnected = (client: FeedClient): (() => boolean) => {
  return () => client.health().connected && feed.openStreams > 0
}

test('a snapshot, then the stream: the set is the server’s, entry by entry', async () => {
  feed.entries.push(entry('token'), entry('session'), entry('subject'), entry('key'))
  const client = follow()
  assert.deepEqual(client.health().cursor, null)
  await client.ready()
  assert.ok(holdsAll(client))
  await until(isConnected(client))
  feed.revoke(entry('session'), entry('token'))
  feed.revoke(entry('subject'))
  await until(() => holdsAll(client))
  assert.equal(client.health().cursor, '1.7')
  assert.equal(client.health().lastError, null)
  assert.equal(client.isStale(), false)
})

test('nothing is asked for before it starts, and one connection is enough for any number of waiters', async () => {
  const client = follow()
  assert.equal(feed.requests.length, 0)
  await Promise.all([client.ready(), client.ready(), client.ready()])
  await until(isConnected(client))
  assert.deepEqual(
    feed.requests.map(({ kind }) => kind),
    ['snapshot', 'stream'],
  )
})

test('RV-06: the connection cut at every byte of a delta: after the reconnect the set is the server’s', async () => {
  const client = follow({ runtime: hurriedRuntime(500) })
  await client.ready()
  await until(isConnected(client))
  let cut = 0
  let deltaBytes = 1
  while (cut <= deltaBytes) {
    feed.drop('destroy')
    feed.entries.push(entry('token'), entry('subject'))
    const [one, two] = feed.entries.slice(-2)
    const at = feed.entries.length
    deltaBytes = Buffer.byteLength(
      revokeEvent([one as Revocation], `1.${at - 1}`) +
        revokeEvent([two as Revocation], `1.${at}`) +
        heartbeatEvent(`1.${at}`),
    )
    feed.cutStreamAfter = cut
    await until(() => holdsAll(client) && feed.openStreams > 0, `cut at ${cut}`)
    cut += 1
  }
  assert.ok(cut > 250, `${cut} positions`)
})

test('RV-06: 200 forced disconnects while revocations flow: none is missed', async () => {
  const client = follow({ runtime: hurriedRuntime(100) })
  await client.ready()
  for (let round = 0; round < 200; round++) {
    feed.revoke(entry('token'), entry('session'))
    await until(isConnected(client))
    feed.revoke(entry('subject'))
    feed.drop(round % 2 === 0 ? 'end' : 'destroy')
    feed.revoke(entry('token'))
  }
  await until(() => holdsAll(client))
  assert.ok(count('snapshot') < 10, 'the cursor was kept, unless streams were cut before their first event in a row')
})

test('a server that was away is followed again from the cursor, without a new snapshot', async () => {
  const client = follow({ runtime: hurriedRuntime(20) })
  await client.ready()
  await until(isConnected(client))
  feed.interfere = (_, res) => {
    res.destroy()
    return true
  }
  feed.drop('destroy')
  await until(() => count('stream') > 4)
  assert.match(client.health().lastError ?? '', /could not be reached/)
  assert.equal(client.health().connected, false)
  feed.interfere = () => false
  feed.entries.push(entry(), entry())
  await until(() => holdsAll(client))
  assert.equal(count('snapshot'), 1)
  assert.equal(client.health().lastError, null)
})

test('another epoch: the new snapshot replaces the set, and until then the old one stays in use', async () => {
  const old = entry('session')
  feed.entries.push(old)
  const client = follow()
  await client.ready()
  await until(isConnected(client))
  let release: (() => void) | undefined
  feed.interfere = (req, res) => {
    if (req.headers.accept === 'text/event-stream' || release !== undefined) return false
    release = () => {
      res.writeHead(200, { 'content-type': 'application/json' })
      res.end(snapshotOf(feed.entries, '2.1'))
    }
    return true
  }
  feed.epoch = 2
  feed.entries.splice(0, 1, entry('session'))
  feed.drop()
  await until(() => release !== undefined)
  const token = { jti: '', sid: old.kind === 'session' ? old.sid : '', sub: '', iat: NOW, kid: undefined }
  assert.ok(client.isRevoked(token), 'still refused while the snapshot is on its way')
  const { version } = client
  release?.()
  await until(() => holdsAll(client))
  assert.notEqual(client.version, version)
  assert.equal(client.health().cursor, '2.1')
})

test('a snapshot of the same history from before what is known takes nothing back', async () => {
  feed.entries.push(entry())
  const client = follow()
  await client.ready()
  await until(isConnected(client))
  feed.revoke(entry(), entry())
  await until(() => holdsAll(client))
  let heldBetween: boolean | undefined
  feed.interfere = (req, res) => {
    if (req.headers.accept === 'text/event-stream') {
      if (count('snapshot') === 2) heldBetween ??= holdsAll(client)
      return false
    }
    assert.equal(req.headers['cache-control'], 'no-cache')
    res.writeHead(200, { 'content-type': 'application/json', age: '1' })
    res.end(snapshotOf(feed.entries.slice(0, 1), '1.1'))
    return true
  }
  feed.say(RESET_EVENT)
  feed.drop()
  await until(() => count('snapshot') === 2 && client.health().connected)
  assert.equal(heldBetween, true, 'before the stream brought anything')
  await until(() => client.health().cursor === '1.3')
})

test('a heartbeat that announces what never came: reconnected at the cursor, then a snapshot if that does not help', async () => {
  const client = follow({ runtime: hurriedRuntime(20) })
  await client.ready()
  await until(isConnected(client))
  // Entries that the stream leaves out, each time anew.
  feed.interfere = (req, res) => {
    if (req.headers.accept !== 'text/event-stream' || count('snapshot') > 1) return false
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    res.write(heartbeatEvent(`1.${feed.entries.length}`))
    return true
  }
  feed.entries.push(entry(), entry())
  feed.heartbeat()
  await until(() => holdsAll(client))
  await until(() => count('stream') === 3)
  assert.equal(count('snapshot'), 2)
})

test('GD-06: a proxy that lets the stream fall silent is noticed within two heartbeats', async () => {
  const client = follow({ runtime: hurriedRuntime(20) })
  await client.ready()
  await until(isConnected(client))
  feed.heartbeat()
  await until(() => count('stream') === 2)
  assert.equal(count('snapshot'), 1)
})

test('a proxy that holds back what is not finished: snapshots take the place of the stream', async () => {
  feed.interfere = (req, res) => {
    if (req.headers.accept !== 'text/event-stream') return false
    // The headers or nothing at all come through; the events stay in its buffer.
    if (count('stream') % 2 === 0) res.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    return true
  }
  const client = follow({ runtime: hurriedRuntime(500) })
  await client.ready()
  for (let round = 0; round < 4; round++) {
    feed.entries.push(entry())
    await until(() => holdsAll(client))
  }
  assert.ok((client.health().stalenessSeconds ?? Infinity) < 60)
})

test('a proxy that closes idle connections is no failure that adds up', async () => {
  const client = follow({ runtime: hurriedRuntime(20) })
  await client.ready()
  for (let round = 0; round < 20; round++) {
    await until(isConnected(client))
    await until(() => client.health().lastError === null)
    feed.drop()
    feed.entries.push(entry())
  }
  await until(() => holdsAll(client))
  assert.equal(count('snapshot'), 1)
})

const brokenSnapshots: readonly (readonly [string, (res: ServerResponse) => void, RegExp])[] = [
  ['an error', (res) => res.writeHead(500).end('x'), /answered 500/],
  ['a refusal', (res) => res.writeHead(401).end('x'), /refused the credential/],
  ['a redirect', (res) => res.writeHead(302, { location: '/elsewhere' }).end(), /redirect/],
  ['a page', (res) => res.writeHead(200, { 'content-type': 'text/html' }).end('<p>'), /something else/],
  ['no JSON', (res) => json(res, '{"cursor"}'), /not JSON/],
  ['cut short', (res) => json(res, '{"cursor":'), /breaks off/],
  ['no cursor', (res) => json(res, snapshotOf([], 'x')), /cursor/],
  ['a list', (res) => json(res, '[]'), /whole/],
  ['a missing group', (res) => json(res, '{"cursor":"1.1","tokens":{},"sessions":{},"keys":{}}'), /subjects/],
  ['an instant that is none', (res) => json(res, groups('{"tokens":{"x":["j"]}}')), /tokens/],
  ['an id that is none', (res) => json(res, groups('{"sessions":{"9":[1]}}')), /sessions/],
  ['a subject without instant', (res) => json(res, groups('{"subjects":{"9":[["u"]]}}')), /subjects/],
  [
    'bytes that do not unpack',
    (res) => res.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end('no gzip'),
    /could not be read/,
  ],
  [
    'a body that breaks off',
    (res) => {
      res.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
      res.write('{"cursor"', () => res.destroy())
    },
    /could not be read/,
  ],
  ['nothing at all', () => {}, /took too long/],
  [
    'one byte after the other',
    (res) => {
      res.writeHead(200, { 'content-type': 'application/json' }).write('{')
    },
    /took too long/,
  ],
]
function json(res: ServerResponse, body: string): void {
  res.writeHead(200, { 'content-type': 'application/json' }).end(body)
}
function groups(some: string): string {
  const empty = { tokens: {}, sessions: {}, subjects: {}, keys: {} }
  return JSON.stringify({ cursor: '1.1', taken_at: 1, ...empty, ...(JSON.parse(some) as object) })
}
for (const [name, answer, reason] of brokenSnapshots) {
  test(`a snapshot that is ${name} is not taken, and asked for again`, async () => {
    feed.entries.push(entry())
    let isBroken = true
    feed.interfere = (req, res) => {
      if (!isBroken || req.headers.accept === 'text/event-stream') return false
      answer(res)
      return true
    }
    const client = follow({ runtime: hurriedRuntime(500) })
    client.start()
    await until(() => reason.test(client.health().lastError ?? ''), `lastError: ${client.health().lastError}`)
    assert.equal(client.health().entries, 0)
    assert.equal(client.isStale(), true)
    assert.equal(client.health().stalenessSeconds, null)
    isBroken = false
    await client.ready()
    assert.ok(holdsAll(client))
  })
}

test('a redirect is refused, and the credential goes to the feed’s own origin only', async () => {
  const seen: string[] = []
  const other = createServer((req, res) => {
    seen.push(req.headers.authorization ?? '')
    res.end()
  })
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const { port } = other.address() as AddressInfo
  let redirect = true
  feed.interfere = (_, res) => {
    if (redirect) res.writeHead(307, { location: `http://127.0.0.1:${port}/` }).end()
    return redirect
  }
  const client = follow({ credential: 'sgc_secret', name: 'orders-api' })
  client.start()
  await until(() => /redirect/.test(client.health().lastError ?? ''))
  redirect = false
  await until(isConnected(client))
  other.close()
  assert.deepEqual(seen, [])
  for (const { headers } of feed.requests) assert.equal(headers.authorization, 'Bearer sgc_secret')
  assert.ok(!JSON.stringify(client.health()).includes('sgc_secret'))
})

test('the guard says its name and the keys it holds, and says so anew when they change', async () => {
  let keys = ['b', 'a', 'with,comma', 'ü']
  const client = follow({ name: 'orders-api', heldKeys: () => keys, runtime: hurriedRuntime(20) })
  await client.ready()
  await until(isConnected(client))
  keys = ['b', 'c']
  await until(() => count('stream') === 2)
  await until(isConnected(client))
  const streams = feed.requests.filter(({ kind }) => kind === 'stream').map(({ headers }) => headers)
  assert.deepEqual(
    streams.map((headers) => headers[HELD_KEYS_HEADER]),
    ['a,b', 'b,c'],
  )
  assert.equal(streams[0]?.[GUARD_NAME_HEADER], 'orders-api')
  assert.equal(client.health().lastError, null, 'that is no failure')
  assert.equal(count('snapshot'), 1)
})

test('GD-06: staleness grows from the last proof that nothing is missing, whatever the wall clock does', async () => {
  let wall = NOW
  let steady = 0
  const runtime = hurriedRuntime(20, { now: () => wall, monotonic: () => steady })
  const client = follow({ runtime })
  await client.ready()
  await until(isConnected(client))
  await until(() => client.health().lastError === null)
  feed.interfere = (_, res) => res.destroy() !== undefined
  feed.drop('destroy')
  await until(() => !client.health().connected)
  wall -= 3600
  steady += 14_000
  assert.equal(client.isStale(), false)
  steady += 1001
  assert.equal(client.isStale(), true, 'a clock that was set back does not make it fresh')
  steady -= 15_001
  assert.equal(client.isStale(), false)
  wall += 3616
  assert.equal(client.isStale(), true, 'nor does a steady clock that stood still while the machine slept')
  assert.equal(client.health().stalenessSeconds, 16)
})

test('GD-06: an announcement of what has not arrived is no proof that nothing is missing', async () => {
  let steady = 0
  const client = follow({ runtime: hurriedRuntime(20, { monotonic: () => steady }) })
  await client.ready()
  await until(isConnected(client))
  await until(() => client.health().lastError === null)
  steady += 12_000
  feed.interfere = (_, res) => res.destroy() !== undefined
  feed.heartbeat(5)
  await until(() => !client.health().connected)
  assert.ok((client.health().stalenessSeconds ?? 0) >= 12)
})

test('an issuer without feed: waiting is over at once, and it is stale', async () => {
  const client = follow({ findUrl: async () => undefined })
  await client.ready()
  assert.equal(client.isStale(), true)
  assert.match(client.health().lastError ?? '', /publishes no revocation feed/)
  assert.equal(feed.requests.length, 0)
})

test('the first snapshot is waited for only so long', async () => {
  feed.interfere = () => true
  const client = follow({ firstSnapshotTimeoutSeconds: 2, runtime: hurriedRuntime(100) })
  await client.ready()
  assert.equal(client.settled, true)
  assert.equal(client.isStale(), true)
})

test('close ends the stream, the waiting and every timer, and nothing is asked for afterwards', async () => {
  const pending = new Set<() => void>()
  const system = hurriedRuntime(20)
  const client = follow({
    runtime: {
      ...system,
      after(milliseconds, run) {
        const cancel = system.after(milliseconds, () => {
          pending.delete(cancel)
          run()
        })
        pending.add(cancel)
        return () => {
          pending.delete(cancel)
          cancel()
        }
      },
    },
  })
  await client.ready()
  await until(isConnected(client))
  client.close()
  client.close()
  await until(() => feed.openStreams === 0)
  await until(() => pending.size === 0)
  const asked = feed.requests.length
  client.start()
  await client.ready()
  assert.equal(feed.requests.length, asked)
  assert.equal(client.health().connected, false)
})

test('closed while a snapshot is on its way, it is not taken any more', async () => {
  let release: (() => void) | undefined
  feed.interfere = (_, res) => {
    res.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
    release = () => res.end(gzipSync(snapshotOf([entry()], '1.1')))
    return true
  }
  const client = follow()
  const ready = client.ready()
  await until(() => release !== undefined)
  client.close()
  await ready
  release?.()
  assert.equal(client.health().entries, 0)
})
