import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createGuard } from '../guard.ts'
import { protect as protectExpress } from './express.ts'
import { protect as protectFastify } from './fastify.ts'
import { protect as protectFetch } from './fetch.ts'
import { protect as protectHono } from './hono.ts'
import { protect as protectNode } from './node.ts'
import { NodeRequest } from './node-request.ts'

const message = (rawHeaders: readonly string[], headers = {}, socket = {}): NodeRequest =>
  new NodeRequest({ method: 'GET', url: '/', rawHeaders, headers, socket })

test('GD-03: every line of Authorization is seen, in any case, joined as Fetch joins them', () => {
  assert.equal(message(['authorization', 'Bearer a']).header('authorization'), 'Bearer a')
  assert.equal(message(['Host', 'x', 'AUTHORIZATION', 'Bearer a']).header('authorization'), 'Bearer a')
  assert.equal(
    message(['Authorization', 'Bearer a', 'X', 'y', 'authorization', 'Bearer b']).header('authorization'),
    'Bearer a, Bearer b',
  )
  assert.equal(message(['Proxy-Authorization', 'Bearer a']).header('authorization'), undefined)
})

test('what was received counts, not what another middleware wrote into headers', () => {
  assert.equal(message(['Host', 'x'], { authorization: 'Bearer a' }).header('authorization'), undefined)
})

test('a request that was made in memory has no raw headers; its headers count', () => {
  assert.equal(message([], { authorization: 'Bearer a' }).header('authorization'), 'Bearer a')
  assert.equal(message([], { authorization: ['Bearer a', 'Bearer b'] }).header('authorization'), 'Bearer a, Bearer b')
})

test('scheme and host are those of the connection: X-Forwarded headers change nothing', () => {
  const headers = { host: 'api.test', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.test' }
  const plain = message([], headers)
  assert.deepEqual([plain.scheme, plain.host], ['http', 'api.test'])
  assert.equal(message([], headers, { encrypted: true }).scheme, 'https')
  assert.equal(message([], { ':authority': 'two.test' }).host, 'two.test')
})

test('misuse of protect is a TypeError when the route is made, on every adapter', () => {
  const guard = createGuard({ issuer: 'https://auth.example.com', audience: 'https://api.example.com' })
  const handler = (): Response => new Response()
  for (const wrong of [undefined, null, {}, 'guard'] as never[]) {
    assert.throws(() => protectExpress(wrong), TypeError)
    assert.throws(() => protectFastify(wrong), TypeError)
    assert.throws(() => protectHono(wrong), TypeError)
    assert.throws(() => protectNode(wrong, handler), TypeError)
    assert.throws(() => protectFetch(wrong, handler), TypeError)
    assert.throws(() => protectExpress(guard, wrong), TypeError)
    assert.throws(() => protectFetch(guard, handler, wrong), TypeError)
  }
  assert.throws(() => protectNode(guard, undefined as never), TypeError)
  assert.throws(() => protectFetch(guard, undefined as never), TypeError)
})
