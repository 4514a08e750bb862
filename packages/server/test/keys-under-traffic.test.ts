import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { createGuard } from '@signet/guard'
import type { Guard, GuardRequest } from '@signet/guard'
import { generateSigningKey, sign } from '@signet/jwt'
import type { AccessTokenClaims } from '@signet/protocol'
import type { Timers } from '../src/feed/timers.ts'
import { headerOf } from './support/people.ts'
import { ISSUER, START, startServer } from './support/server.ts'
import type { TestServer } from './support/server.ts'

const STOPPED: Timers = { every: () => () => {}, after: () => () => {}, pause: async () => {} }

/** A resource server's guard whose requests reach the server without a network. */
function guardOf(server: TestServer, requests: string[]): Guard {
  const fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const path = new URL(String(input)).pathname
    requests.push(path)
    const headers = Object.fromEntries(new Headers(init?.headers))
    const answer = await server.fastify.inject({ method: 'GET', url: path, headers })
    const body = answer.statusCode === 304 ? null : new Uint8Array(answer.rawPayload)
    return new Response(body, { status: answer.statusCode, headers: answer.headers as Record<string, string> })
  }
  const jwksUri = `${ISSUER}/.well-known/jwks.json`
  return createGuard({ issuer: ISSUER, audience: ISSUER, jwksUri, fetch, now: () => server.clock.now })
}

function carrying(token: string): GuardRequest {
  return {
    method: 'GET',
    url: '/',
    header: (name) => (name === 'authorization' ? `Bearer ${token}` : undefined),
  }
}

let tokens = 0

function claimsAt(now: number): AccessTokenClaims {
  tokens += 1
  return {
    iss: ISSUER,
    sub: 'acc_1',
    aud: ISSUER,
    exp: now + 900,
    iat: now,
    jti: `jti-${tokens}`,
    sid: 'ses_1',
    client_id: 'signet',
    auth_time: now,
    amr: ['pwd'],
  }
}

interface Storm {
  readonly seconds: number
  readonly jwksMaxAgeSeconds: number
  /** Added to the maximum age before a published key signs. */
  readonly publicationMarginSeconds: number
}

/** A rotation every 2 s, 500 verifications a second at 10 guards. Resolves to what became of them. */
async function storm(t: TestContext, { seconds, jwksMaxAgeSeconds, publicationMarginSeconds }: Storm) {
  const unsafe = { jwksMaxAgeSeconds, keyRotationIntervalSeconds: 2 }
  const server = await startServer(t, { timers: STOPPED, publicationMarginSeconds, unsafe })
  const guards = Array.from({ length: 10 }, () => guardOf(server, []))
  await Promise.all(guards.map((guard) => guard.ready()))
  const issued: string[] = []
  const answers: Promise<unknown>[] = []
  // ten steps a second; the schedule looks at another moment of each, as it would beside a busy process
  for (let step = 0; step < seconds * 10; step++) {
    const second = Math.floor(step / 10)
    server.clock.now = START + second
    if (step % 10 === (second * 7) % 10) await server.keySchedule.tick()
    issued.push(await server.context.accessTokens.issue(claimsAt(server.clock.now)))
    for (const [index, guard] of guards.entries()) {
      for (let n = 0; n < 5; n++) {
        // the newest, which no guard has seen, and others of any age
        const token = n === 0 ? issued.at(-1) : issued[(step * 31 + index * 17 + n * 101) % issued.length]
        answers.push(refusalOf(async () => guard.authenticate(carrying(token ?? ''))))
      }
    }
  }
  const outcomes = await Promise.all(answers)
  return {
    admitted: outcomes.filter((outcome) => outcome === 'admitted').length,
    refused: outcomes.filter((outcome) => outcome !== 'admitted').length,
    keys: new Set(issued.map((token) => headerOf(token)['kid'])).size,
  }
}

test('KY-03: a rotation every 2 s for a minute, 500 verifications a second at 10 guards: no valid token is refused', async (t) => {
  const outcome = await storm(t, { seconds: 60, jwksMaxAgeSeconds: 1, publicationMarginSeconds: 1 })
  assert.deepEqual(outcome, { admitted: 30_000, refused: 0, keys: 30 })
})

test('KY-03: the same traffic is refused where keys sign before caches can know them: the lead is what saves it', async (t) => {
  const { refused, keys } = await storm(t, { seconds: 6, jwksMaxAgeSeconds: 300, publicationMarginSeconds: -300 })
  assert.ok(refused > 0)
  assert.ok(keys > 1)
})

test('KY-07: 10,000 tokens with random kids: one request a cool-down, and valid tokens are let through at once all along', async (t) => {
  const server = await startServer(t, { timers: STOPPED })
  const requests: string[] = []
  const guard = guardOf(server, requests)
  await guard.ready()
  requests.length = 0
  const stranger = await generateSigningKey('ES256', { kid: 'stranger' })
  const good = await server.context.accessTokens.issue(claimsAt(START))
  const [, payload, signature] = sign({ ...claimsAt(START) }, stranger, { typ: 'at+jwt' }).split('.')
  for (const cooldowns of [1, 2, 3, 4]) {
    const flood = Array.from({ length: 2500 }, (_, n) => {
      const header = { alg: 'ES256', kid: `random-${cooldowns}-${n}`, typ: 'at+jwt' }
      const token = `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${payload}.${signature}`
      return refusalOf(async () => guard.authenticate(carrying(token)))
    })
    const admitted = guard.authenticate(carrying(good))
    assert.ok(!(admitted instanceof Promise), 'nothing to wait for')
    assert.deepEqual(new Set(await Promise.all(flood)), new Set(['token_invalid']))
    assert.equal(requests.length, cooldowns)
    server.clock.now += 30
  }
})

test('KY-03: a key that is published during a flood of random kids is known to the guard when it signs', async (t) => {
  const server = await startServer(t, { timers: STOPPED, unsafe: { keyRotationIntervalSeconds: 3600 } })
  const guard = guardOf(server, [])
  await guard.ready()
  const stranger = await generateSigningKey('ES256', { kid: 'stranger' })
  const bad = carrying(sign({ ...claimsAt(START) }, stranger, { typ: 'at+jwt' }))
  const kids = new Set<unknown>()
  for (; server.clock.now < START + 7300; server.clock.now += 25) {
    await server.keySchedule.tick()
    const good = await server.context.accessTokens.issue(claimsAt(server.clock.now))
    kids.add(headerOf(good)['kid'])
    const refused = refusalOf(async () => guard.authenticate(bad))
    assert.equal((await guard.authenticate(carrying(good))).subject, 'acc_1')
    assert.equal(await refused, 'token_invalid')
  }
  assert.equal(kids.size, 3)
})

async function refusalOf(attempt: () => Promise<unknown>): Promise<unknown> {
  try {
    await attempt()
    return 'admitted'
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error
  }
}
