import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import type { Timers } from '../src/feed/timers.ts'
import { headerOf } from './support/people.ts'
import { ISSUER, START, startServer } from './support/server.ts'
import type { ServerOptions, TestServer } from './support/server.ts'

const STOPPED: Timers = { every: () => () => {}, after: () => () => {}, pause: async () => {} }
const NODES = 3
const VERIFIERS = 12
const MAX_AGE = 300
const TTL = 900
const HOURS = 2

/**
 * A verifier of the dullest kind: keeps a key set for as long as it may, from whatever node answered, follows no feed,
 * and never asks again for a key it does not know.
 */
interface Verifier {
  kids: ReadonlySet<string>
  fetchedAt: number
}

/** Numbers that look random and are the same each time (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

interface Simulated {
  readonly refused: number
  readonly checked: number
  readonly rotations: number
}

/** Hours of three nodes that look at the database at odd moments, and of verifiers that see only what they fetched. */
async function simulate(t: TestContext, seed: number, options: ServerOptions): Promise<Simulated> {
  const random = seeded(seed)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const unsafe = { jwksMaxAgeSeconds: MAX_AGE, accessTokenTtlSeconds: TTL, keyRotationIntervalSeconds: 1200 }
  const given: ServerOptions = { timers: STOPPED, unsafe, ...options }
  const first = await startServer(t, given)
  const nodes = [first]
  while (nodes.length < NODES) nodes.push(await startServer(t, { ...given, directory: first.directory }))
  const verifiers = Array.from({ length: VERIFIERS }, (): Verifier => ({ kids: new Set(), fetchedAt: -Infinity }))
  let tokens: { readonly kid: string; readonly exp: number }[] = []
  const signed = new Set<string>()
  let refused = 0
  let checked = 0
  for (let now = START; now < START + HOURS * 3600; now += 1 + Math.floor(random() * 3)) {
    for (const node of nodes) node.clock.now = now
    for (const node of nodes) if (random() < 0.6) await node.keySchedule.tick()
    const token = await issue(pick(nodes), now)
    signed.add(token.kid)
    tokens = [...tokens.filter(({ exp }) => exp > now), token]
    for (const verifier of verifiers) {
      if (now - verifier.fetchedAt > MAX_AGE) {
        verifier.kids = new Set(publishedBy(pick(nodes)))
        verifier.fetchedAt = now
      }
      for (const { kid } of [token, pick(tokens), pick(tokens)]) {
        checked += 1
        if (!verifier.kids.has(kid)) refused += 1
      }
    }
  }
  return { refused, checked, rotations: signed.size - 1 }
}

async function issue({ context }: TestServer, now: number): Promise<{ readonly kid: string; readonly exp: number }> {
  const exp = now + TTL
  const subject = { sub: 'acc_1', sid: 'ses_1', client_id: 'signet', amr: ['pwd'], auth_time: now }
  const token = await context.accessTokens.issue({ iss: ISSUER, aud: ISSUER, exp, iat: now, jti: `${now}`, ...subject })
  return { kid: String(headerOf(token)['kid']), exp }
}

function publishedBy({ core }: TestServer): readonly string[] {
  return core.keyring.jwks().keys.flatMap(({ kid }) => kid ?? [])
}

for (const seed of [1, 2, 3]) {
  test(`KY-03: ${HOURS} hours of 3 nodes and ${VERIFIERS} verifiers that only cache: no valid token is refused (seed ${seed})`, async (t) => {
    const { refused, rotations, checked } = await simulate(t, seed, {})
    assert.equal(refused, 0)
    assert.ok(rotations >= (HOURS * 3600) / 1200 - 2, `${rotations} rotations`)
    assert.ok(checked > 100_000)
  })
}

test('KY-03: the simulation sees it when the lead is shorter than the caches live', async (t) => {
  const { refused } = await simulate(t, 1, { publicationMarginSeconds: -100 })
  assert.ok(refused > 0)
})
