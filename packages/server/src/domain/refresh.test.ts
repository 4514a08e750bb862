import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { decideRefresh } from './refresh.ts'
import type { PresentedRefresh, RefreshDecision, RefreshPolicy } from './refresh.ts'
import type { Session } from './session.ts'

const SESSION: Session = {
  id: 'ses_x',
  accountId: 'acc_x',
  clientId: 'signet',
  audience: 'https://auth.x.test',
  scope: null,
  delivery: 'body',
  amr: ['pwd'],
  authenticatedAt: 0,
  createdAt: 0,
  generation: 3,
  rotatedAt: 1000,
  tokensUntil: 1900,
  secret: new Uint8Array(32),
  keyThumbprint: null,
  epoch: 7,
  revokedAt: null,
  revokedBecause: null,
  address: '192.0.2.7',
  userAgent: '',
}
const BOUND = { keyThumbprint: 'the key' }
const REVOKED = { revokedAt: 1000, revokedBecause: 'logout' } as const

const POLICY: RefreshPolicy = {
  idleTtlSeconds: 100,
  absoluteTtlSeconds: 2000,
  graceSeconds: 0,
  browserGraceSeconds: 10,
  epoch: 7,
}
const LENIENT = { graceSeconds: 5 }
const STRICT = { browserGraceSeconds: 0 }

const PRESENTED: PresentedRefresh = { generation: 3, provenKey: null, browser: false, clientId: null }
const PROVEN = { provenKey: 'the key' }
const FOREIGN_PROOF = { provenKey: 'another key' }
const BROWSER = { browser: true }
const IN_COOKIE = { delivery: 'cookie' } as const

interface Case {
  readonly name: string
  readonly session?: Partial<Session>
  readonly presented?: Partial<PresentedRefresh>
  readonly policy?: Partial<RefreshPolicy>
  readonly now?: number
  readonly decision: RefreshDecision
}

const CURRENT: readonly Case[] = [
  { name: 'the newest token rotates', decision: { kind: 'rotate' } },
  { name: 'the newest token in the second it was issued rotates', now: 1000, decision: { kind: 'rotate' } },
  {
    name: 'the first token of a session rotates',
    session: { generation: 1 },
    presented: { generation: 1 },
    decision: { kind: 'rotate' },
  },
  { name: 'the newest token of a browser rotates', presented: BROWSER, decision: { kind: 'rotate' } },
  { name: 'the newest token rotates when the clock went back', now: 990, decision: { kind: 'rotate' } },
  { name: 'the newest token with a proof nobody asked for rotates', presented: PROVEN, decision: { kind: 'rotate' } },
  {
    name: 'the newest token of a bound session rotates with its key',
    session: BOUND,
    presented: PROVEN,
    decision: { kind: 'rotate' },
  },
  {
    name: 'the newest token of a bound session without proof is refused and ends nothing',
    session: BOUND,
    decision: { kind: 'unproven' },
  },
  {
    name: 'the newest token of a bound session with another key is refused and ends nothing',
    session: BOUND,
    presented: FOREIGN_PROOF,
    decision: { kind: 'unproven' },
  },
  {
    name: 'a browser does not stand in for the key',
    session: BOUND,
    presented: BROWSER,
    decision: { kind: 'unproven' },
  },
]

const PREDECESSOR: readonly Case[] = [
  {
    name: 'RT-01: the token just replaced is reuse, in the very second',
    presented: { generation: 2 },
    now: 1000,
    decision: { kind: 'reuse' },
  },
  {
    name: 'RT-01: a proof that the session never asked for does not help it',
    presented: { generation: 2, ...PROVEN },
    now: 1000,
    decision: { kind: 'reuse' },
  },
  {
    name: 'RT-05: in a browser, first instant of the grace, it replays',
    session: IN_COOKIE,
    presented: { generation: 2, ...BROWSER },
    now: 1000,
    decision: { kind: 'replay' },
  },
  {
    name: 'RT-05: in a browser, last instant of a 10 s grace, it replays',
    session: IN_COOKIE,
    presented: { generation: 2, ...BROWSER },
    now: 1009,
    decision: { kind: 'replay' },
  },
  {
    name: 'RT-05: in a browser, grace over, it is reuse',
    session: IN_COOKIE,
    presented: { generation: 2, ...BROWSER },
    now: 1010,
    decision: { kind: 'reuse' },
  },
  {
    name: 'in a browser without grace it is reuse',
    session: IN_COOKIE,
    presented: { generation: 2, ...BROWSER },
    policy: STRICT,
    now: 1000,
    decision: { kind: 'reuse' },
  },
  {
    name: 'elsewhere, last instant of a 5 s grace, it replays',
    presented: { generation: 2 },
    policy: LENIENT,
    now: 1004,
    decision: { kind: 'replay' },
  },
  {
    name: 'elsewhere, grace over, it is reuse',
    presented: { generation: 2 },
    policy: LENIENT,
    now: 1005,
    decision: { kind: 'reuse' },
  },
  {
    name: 'a browser has its own grace, not the other one',
    session: IN_COOKIE,
    presented: { generation: 2, ...BROWSER },
    policy: { ...LENIENT, ...STRICT },
    now: 1000,
    decision: { kind: 'reuse' },
  },
  {
    name: 'RT-05: a session that never lived in a cookie has no tabs: its spent token in a cookie is reuse',
    presented: { generation: 2, ...BROWSER },
    now: 1000,
    decision: { kind: 'reuse' },
  },
  {
    name: 'RT-04: with the key of the session it replays',
    session: BOUND,
    presented: { generation: 2, ...PROVEN },
    now: 1000,
    decision: { kind: 'replay' },
  },
  {
    name: 'RT-04: with the key it replays as long as it is the predecessor',
    session: BOUND,
    presented: { generation: 2, ...PROVEN },
    now: 1099,
    decision: { kind: 'replay' },
  },
  {
    name: 'RT-15: of a bound session without proof it is reuse, even in the grace',
    session: BOUND,
    presented: { generation: 2, ...BROWSER },
    policy: LENIENT,
    now: 1000,
    decision: { kind: 'reuse' },
  },
  {
    name: 'RT-15: of a bound session with another key it is reuse, even in the grace',
    session: BOUND,
    presented: { generation: 2, ...BROWSER, ...FOREIGN_PROOF },
    now: 1000,
    decision: { kind: 'reuse' },
  },
]

const OLDER: readonly Case[] = [
  { name: 'RT-02: two generations back is reuse', presented: { generation: 1 }, decision: { kind: 'reuse' } },
  {
    name: 'RT-05: two generations back is reuse in the grace too',
    presented: { generation: 1, ...BROWSER },
    policy: LENIENT,
    now: 1000,
    decision: { kind: 'reuse' },
  },
  {
    name: 'RT-02: two generations back is reuse with the key too',
    session: BOUND,
    presented: { generation: 1, ...PROVEN },
    now: 1000,
    decision: { kind: 'reuse' },
  },
  {
    name: 'a generation that was never issued is unknown',
    presented: { generation: 4 },
    decision: { kind: 'unknown' },
  },
  { name: 'generation 0 is unknown', presented: { generation: 0 }, decision: { kind: 'unknown' } },
]

const OVER: readonly Case[] = [
  { name: 'RT-09: last instant of the idle time rotates', now: 1099, decision: { kind: 'rotate' } },
  { name: 'RT-09: idle time over', now: 1100, decision: { kind: 'expired', limit: 'idle' } },
  {
    name: 'RT-09: last instant of the absolute lifetime rotates',
    session: { rotatedAt: 1950 },
    now: 1999,
    decision: { kind: 'rotate' },
  },
  {
    name: 'SE-02: absolute lifetime over, however busy',
    session: { rotatedAt: 1999 },
    now: 2000,
    decision: { kind: 'expired', limit: 'absolute' },
  },
  {
    name: 'when both are over the absolute one is named',
    session: { rotatedAt: 1900 },
    now: 2000,
    decision: { kind: 'expired', limit: 'absolute' },
  },
  {
    name: 'an old generation of an expired session is expired, not reuse',
    presented: { generation: 1 },
    now: 1100,
    decision: { kind: 'expired', limit: 'idle' },
  },
  {
    name: 'the predecessor of an expired session does not replay',
    session: BOUND,
    presented: { generation: 2, ...PROVEN },
    now: 1100,
    decision: { kind: 'expired', limit: 'idle' },
  },
  { name: 'RT-02: the newest token of a revoked session is refused', session: REVOKED, decision: { kind: 'revoked' } },
  {
    name: 'an old token of a revoked session revokes nothing again',
    session: REVOKED,
    presented: { generation: 1 },
    decision: { kind: 'revoked' },
  },
  {
    name: 'the predecessor of a revoked session does not replay in the grace',
    session: REVOKED,
    presented: { generation: 2, ...BROWSER },
    now: 1000,
    decision: { kind: 'revoked' },
  },
  { name: 'SE-11: a session of an earlier epoch is over', session: { epoch: 6 }, decision: { kind: 'revoked' } },
  { name: 'SE-11: a session of an epoch to come is over', session: { epoch: 8 }, decision: { kind: 'revoked' } },
]

const CLIENTS: readonly Case[] = [
  { name: 'RT-08: its own client may refresh', presented: { clientId: 'signet' }, decision: { kind: 'rotate' } },
  { name: 'RT-08: another client may not', presented: { clientId: 'other' }, decision: { kind: 'unknown' } },
  {
    name: 'RT-08: another client with an old token cannot end the session',
    presented: { clientId: 'other', generation: 1 },
    decision: { kind: 'unknown' },
  },
]

describe('decideRefresh', () => {
  for (const { name, session, presented, policy, now = 1050, decision } of [
    ...CURRENT,
    ...PREDECESSOR,
    ...OLDER,
    ...OVER,
    ...CLIENTS,
  ]) {
    test(name, () => {
      const decided = decideRefresh({ ...SESSION, ...session }, { ...PRESENTED, ...presented }, now, {
        ...POLICY,
        ...policy,
      })
      assert.deepEqual(decided, decision)
    })
  }

  test('whatever is presented: only the newest rotates, only its predecessor replays, nothing over does either', () => {
    fc.assert(
      fc.property(ANYTHING, ({ session, presented, now }) => {
        const { kind } = decideRefresh(session, presented, now, POLICY)
        const dead =
          session.revokedAt !== null ||
          session.epoch !== POLICY.epoch ||
          now >= Math.min(session.rotatedAt + POLICY.idleTtlSeconds, session.createdAt + POLICY.absoluteTtlSeconds)
        if (dead) assert.ok(kind === 'revoked' || kind === 'expired' || kind === 'unknown')
        if (kind === 'rotate') assert.equal(presented.generation, session.generation)
        if (kind === 'replay') assert.equal(presented.generation, session.generation - 1)
        if (kind === 'reuse') assert.ok(presented.generation < session.generation)
        if (session.keyThumbprint !== null && presented.provenKey !== session.keyThumbprint) {
          assert.ok(kind !== 'rotate' && kind !== 'replay')
        }
      }),
    )
  })
})

const ANYTHING = fc.record({
  session: fc
    .record({
      generation: fc.integer({ min: 1, max: 5 }),
      createdAt: fc.integer({ min: 0, max: 2000 }),
      rotatedAt: fc.integer({ min: 0, max: 2000 }),
      keyThumbprint: fc.constantFrom(null, 'the key'),
      revokedAt: fc.constantFrom(null, null, null, 500),
      epoch: fc.constantFrom(7, 7, 7, 6),
    })
    .map((members): Session => ({ ...SESSION, ...members })),
  presented: fc.record({
    generation: fc.integer({ min: -1, max: 6 }),
    provenKey: fc.constantFrom(null, 'the key', 'another key'),
    browser: fc.boolean(),
    clientId: fc.constantFrom(null, 'signet', 'other'),
  }),
  now: fc.integer({ min: 0, max: 4500 }),
})
