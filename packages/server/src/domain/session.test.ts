import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isLive, sessionExpiresAt } from './session.ts'
import type { Session } from './session.ts'

const LIFETIMES = { idleTtlSeconds: 100, absoluteTtlSeconds: 250 }
const SESSION = { createdAt: 1000, rotatedAt: 1000, revokedAt: null, epoch: 1 } as Session

describe('sessionExpiresAt', () => {
  for (const { name, rotatedAt, expiresAt } of [
    { name: 'a new session lapses after the idle time', rotatedAt: 1000, expiresAt: 1100 },
    { name: 'a refresh moves the idle limit', rotatedAt: 1099, expiresAt: 1199 },
    { name: 'last refresh that still moves it', rotatedAt: 1150, expiresAt: 1250 },
    { name: 'SE-02: a refresh near the end does not move the absolute limit', rotatedAt: 1151, expiresAt: 1250 },
    { name: 'SE-02: nor does one in the last second', rotatedAt: 1249, expiresAt: 1250 },
  ]) {
    test(name, () => assert.equal(sessionExpiresAt({ ...SESSION, rotatedAt }, LIFETIMES), expiresAt))
  }
})

describe('isLive', () => {
  for (const { name, session, now, epoch = 1, live } of [
    { name: 'a new session is live', session: {}, now: 1000, live: true },
    { name: 'last instant of the idle time', session: {}, now: 1099, live: true },
    { name: 'idle time over', session: {}, now: 1100, live: false },
    { name: 'last instant of the absolute lifetime', session: { rotatedAt: 1249 }, now: 1249, live: true },
    { name: 'absolute lifetime over', session: { rotatedAt: 1249 }, now: 1250, live: false },
    { name: 'a revoked session is not live', session: { revokedAt: 1000 }, now: 1000, live: false },
    { name: 'SE-11: a session of another epoch is not live', session: {}, now: 1000, epoch: 2, live: false },
  ]) {
    test(name, () => assert.equal(isLive({ ...SESSION, ...session }, now, LIFETIMES, epoch), live))
  }
})
