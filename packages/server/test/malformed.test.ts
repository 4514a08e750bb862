import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { HTTPMethods } from 'fastify'
import { pino } from 'pino'
import { MalformedRequests } from './support/malformed.ts'
import type { Malformed } from './support/malformed.ts'
import { login, register } from './support/people.ts'
import { browserLogin } from './support/browser.ts'
import { startServer } from './support/server.ts'
import type { TestServer } from './support/server.ts'
import { listen, send, sendAll } from './support/socket.ts'

/** Another seed makes other requests; a failure names the seed to repeat it with. */
const SEED = Number(process.env['TEST_SEED'] ?? 20_260_101)
const REQUESTS = 10_000
/** How many of them come as bytes over a connection of their own, the rest as requests in memory. */
const OVER_SOCKETS = 2500
const AT_ONCE = 25
const MAX_GROWTH_BYTES = 12_000_000

test(`TR-03: ${REQUESTS} malformed requests give no 5xx but the deliberate 503, no crash and no growth (seed ${SEED})`, async (t) => {
  const settings = {
    loginAddressAttempts: 100_000,
    keepAliveTimeoutSeconds: 1,
    headersTimeoutSeconds: 1,
    requestTimeoutSeconds: 1,
  }
  const server = await startServer(t, { settings, log: pino({ level: 'silent' }) })
  const port = await listen(server)
  await register(server, 'ann@example.com')
  const requests = new MalformedRequests(SEED, {
    ...(await login(server, 'ann@example.com')),
    csrfToken: (await browserLogin(server, 'ann@example.com')).csrfToken,
  })
  const seen = new Map<number, number>()
  const run = async (inMemory: number, overSockets: number): Promise<void> => {
    for (let sent = 0; sent < inMemory; sent += AT_ONCE) {
      const batch = Array.from({ length: AT_ONCE }, () => requests.next())
      await Promise.all(batch.map((request, index) => callInMemory(server, request, sent + index, seen)))
    }
    for (let sent = 0; sent < overSockets; sent += AT_ONCE) {
      const batch = Array.from({ length: AT_ONCE }, () => requests.nextBytes())
      await Promise.all(batch.map((bytes) => callOverSocket(port, bytes, seen)))
    }
  }

  await run((REQUESTS - OVER_SOCKETS) / 5, OVER_SOCKETS / 5)
  const before = heapAfterCollection()
  await run(((REQUESTS - OVER_SOCKETS) * 4) / 5, (OVER_SOCKETS * 4) / 5)
  const growth = heapAfterCollection() - before

  assert.ok(growth < MAX_GROWTH_BYTES, `the heap grew by ${growth} bytes`)
  for (const status of [200, 202, 400, 401, 403, 404, 405, 413, 415, 431]) {
    assert.ok(seen.has(status), `no request was answered ${status}: ${JSON.stringify([...seen])}`)
  }
  server.clock.now += 86_400
  await login(server, 'ann@example.com')
  t.diagnostic(
    `answers by status: ${JSON.stringify(Object.fromEntries([...seen].sort()))}; heap growth ${growth} bytes`,
  )
})

test('TR-03: heads of 1 MB and bodies of 10 MB neither crash nor stay in memory', async (t) => {
  const server = await startServer(t, { log: pino({ level: 'silent' }) })
  const port = await listen(server)
  const head = 'POST /auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n'
  const before = heapAfterCollection()
  for (let round = 0; round < 10; round++) {
    await send(port, `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(1_000_000)}\r\n\r\n`)
    await send(port, `GET /${'x'.repeat(1_000_000)} HTTP/1.1\r\nHost: a\r\n\r\n`)
    await send(port, `GET / HTTP/1.1\r\nHost: a\r\n${'a: b\r\n'.repeat(100_000)}\r\n`)
    await send(port, `${head}Content-Length: 10000000\r\n\r\n${'x'.repeat(1_000_000)}`)
  }
  const growth = heapAfterCollection() - before
  assert.ok(growth < MAX_GROWTH_BYTES, `the heap grew by ${growth} bytes`)
  assert.equal((await server.call('/livez')).status, 200)
})

async function callInMemory(
  server: TestServer,
  request: Malformed,
  index: number,
  seen: Map<number, number>,
): Promise<void> {
  const { method, path, headers, body } = request
  const answer = await server.fastify.inject({
    method: method as HTTPMethods,
    url: path.startsWith('/') ? path : `/${path}`,
    remoteAddress: `198.51.100.${index % 50}`,
    headers: Object.fromEntries([['host', 'auth.example.com'], ...headers]),
    ...(body.length === 0 ? {} : { payload: body }),
  })
  count(answer.statusCode, seen)
  const where = `${method} ${path.slice(0, 80)} ${JSON.stringify(headers).slice(0, 300)} ${body.toString('latin1').slice(0, 200)}`
  if (answer.statusCode >= 500) {
    assert.equal(answer.statusCode, 503, where)
    assert.ok(Number(answer.headers['retry-after']) > 0, where)
  }
  if (answer.statusCode >= 400 && method !== 'HEAD') {
    assert.equal(answer.headers['content-type'], 'application/problem+json', where)
    assert.doesNotMatch(answer.payload, LEAKS, where)
  }
}

async function callOverSocket(port: number, bytes: Buffer, seen: Map<number, number>): Promise<void> {
  const received = await sendAll(port, bytes)
  const where = JSON.stringify(bytes.toString('latin1').slice(0, 400))
  for (const [, status] of received.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)) {
    count(Number(status), seen)
    assert.ok(Number(status) < 500 || Number(status) === 503, `${status}: ${where}`)
  }
  assert.doesNotMatch(received, LEAKS, where)
}

/** A stack, a path of ours, a module or a version. */
const LEAKS = /\n\s+at |node_modules|file:\/\/|\/src\/|\.ts\b|fastify|v\d+\.\d+\.\d+/i

function count(status: number, seen: Map<number, number>): void {
  seen.set(status, (seen.get(status) ?? 0) + 1)
}

function heapAfterCollection(): number {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect === 'function') for (let round = 0; round < 3; round++) collect()
  return process.memoryUsage().heapUsed
}
