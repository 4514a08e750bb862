import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { RefreshAttempt } from '../../store.ts'
import {
  ANY,
  T0,
  aFailingEvent,
  aSession,
  anAccount,
  anAttempt,
  anEvent,
  eventTypes,
  oneEach,
  signedIn,
  withStore,
} from './fixtures.ts'
import type { LiveBounds } from '../../store.ts'
import type { OpenStore } from './fixtures.ts'

export function describeSessions(open: OpenStore): void {
  describe('sessions', () => {
    test('what was opened is read back with its account, byte for byte', () =>
      withStore(open, async ({ store }) => {
        const { account, session } = await signedIn(store, { scope: null, keyThumbprint: 'jkt', amr: ['pwd', 'otp'] })
        assert.deepEqual(await store.sessions.get(session.id), { session, account })
        assert.equal(await store.sessions.get('ses_unknown'), null)
      }))

    test('a session opens only on the password that was checked', () =>
      withStore(open, async ({ store }) => {
        const account = anAccount()
        await store.accounts.create(account, [])
        const events = [anEvent('login.succeeded')]
        assert.equal(await store.sessions.open(aSession(account), 'another hash', events), false)
        assert.equal(await store.sessions.open(aSession(anAccount()), account.passwordHash, events), false)
        assert.equal(await store.sessions.open(aSession(account), account.passwordHash, events), true)
        assert.deepEqual(await eventTypes(store), ['login.succeeded'])
      }))

    test('open sessions are listed newest first, revoked ones and strangers’ are not', () =>
      withStore(open, async ({ store }) => {
        const { account, session: first } = await signedIn(store)
        const [second, third] = [aSession(account, { createdAt: T0 + 1 }), aSession(account, { createdAt: T0 + 2 })]
        for (const session of [second, third]) await store.sessions.open(session, account.passwordHash, [])
        await signedIn(store)
        await store.sessions.revoke(second.id, { at: T0 + 3, because: 'logout', revocations: oneEach }, [])
        assert.deepEqual(await store.sessions.listLive(account.id, ANY, 10), [third, first])
        assert.deepEqual(await store.sessions.listLive(account.id, ANY, 1), [third])
      }))

    test('a rotation moves generation, time and source, and nothing else', () =>
      withStore(open, async ({ store }) => {
        const { account, session } = await signedIn(store)
        const moved = { at: T0 + 60, address: '198.51.100.9', userAgent: 'other/2.0' }
        const outcome = await store.sessions.refresh(session.id, anAttempt(1, {}, moved))
        const { at: rotatedAt, ...source } = moved
        const expected = { ...session, ...source, generation: 2, rotatedAt, tokensUntil: rotatedAt + 900 }
        assert.deepEqual(outcome, { decision: { kind: 'rotate' }, session: expected, account })
        assert.deepEqual((await store.sessions.get(session.id))?.session, expected)
      }))

    test('RT-02: reuse revokes in the transaction that saw it, with its reason and event', () =>
      withStore(open, async ({ store }) => {
        const { session } = await signedIn(store)
        await store.sessions.refresh(session.id, anAttempt(1))
        await store.sessions.refresh(session.id, anAttempt(2))
        const outcome = await store.sessions.refresh(session.id, anAttempt(1, {}, { at: T0 + 61 }))
        assert.equal(outcome?.decision.kind, 'reuse')
        assert.equal(outcome?.session.revokedAt, T0 + 61)
        assert.equal(outcome?.session.revokedBecause, 'reuse')
        assert.deepEqual((await store.sessions.get(session.id))?.session, outcome?.session)
        assert.equal((await store.sessions.refresh(session.id, anAttempt(3)))?.decision.kind, 'revoked')
        assert.deepEqual(await eventTypes(store), [
          'session.refreshed',
          'session.refreshed',
          'session.reused',
          'session.refresh_refused',
        ])
      }))

    test('a refusal changes nothing but the log', () =>
      withStore(open, async ({ store }) => {
        const { account, session } = await signedIn(store, { keyThumbprint: 'jkt' })
        for (const [attempt, kind] of REFUSALS) {
          assert.equal((await store.sessions.refresh(session.id, attempt))?.decision.kind, kind)
          assert.deepEqual(await store.sessions.get(session.id), { session, account })
        }
        assert.equal((await eventTypes(store)).length, REFUSALS.length)
      }))

    test('an unknown session decides nothing and logs nothing', () =>
      withStore(open, async ({ store }) => {
        const attempt: RefreshAttempt = { ...anAttempt(1), decide: () => assert.fail(), events: () => assert.fail() }
        assert.equal(await store.sessions.refresh('ses_unknown', attempt), null)
      }))

    test('a fault in the rule reaches the caller as it is and undoes the refresh', () =>
      withStore(open, async ({ store }) => {
        const { session } = await signedIn(store)
        const fault = new TypeError('a fault')
        const attempt = anAttempt(
          1,
          {},
          {
            events: () => {
              throw fault
            },
          },
        )
        await assert.rejects(store.sessions.refresh(session.id, attempt), (error) => error === fault)
        assert.equal((await store.sessions.get(session.id))?.session.generation, 1)
      }))

    test('a rotation whose event cannot be written has not happened', () =>
      withStore(open, async ({ store }) => {
        const { session } = await signedIn(store)
        const attempt = anAttempt(1, {}, { events: () => [anEvent('session.refreshed'), aFailingEvent()] })
        await assert.rejects(store.sessions.refresh(session.id, attempt), { name: 'StoreUnavailableError' })
        assert.equal((await store.sessions.get(session.id))?.session.generation, 1)
        assert.deepEqual(await eventTypes(store), [])
      }))

    test('SE-09: a session is revoked once, and by its owner where one is named', () =>
      withStore(open, async ({ store }) => {
        const { account, session } = await signedIn(store)
        const { account: stranger } = await signedIn(store)
        const revocation = { at: T0 + 7, because: 'ended_by_owner' as const, revocations: oneEach }
        const revoke = (owner: string) =>
          store.sessions.revoke(session.id, { ...revocation, owner }, [anEvent('session.ended')])
        assert.equal(await revoke(stranger.id), false)
        assert.equal(await revoke(account.id), true)
        assert.equal(await revoke(account.id), false)
        assert.equal(await store.sessions.revoke('ses_unknown', revocation, [anEvent('session.ended')]), false)
        assert.deepEqual(await eventTypes(store), ['session.ended'])
        assert.equal((await store.sessions.get(session.id))?.session.revokedBecause, 'ended_by_owner')
      }))

    test('revoking all names those it ended, and leaves earlier reasons alone', () =>
      withStore(open, async ({ store }) => {
        const { account, session: first } = await signedIn(store)
        const others = [aSession(account), aSession(account)]
        for (const session of others) await store.sessions.open(session, account.passwordHash, [])
        await store.sessions.revoke(first.id, { at: T0 + 1, because: 'logout', revocations: oneEach }, [])
        const ended = await store.sessions.revokeAll(
          account.id,
          { at: T0 + 2, because: 'logout_all', revocations: oneEach },
          [],
        )
        assert.deepEqual(ended.toSorted(), others.map(({ id }) => id).toSorted())
        assert.equal((await store.sessions.get(first.id))?.session.revokedBecause, 'logout')
        assert.deepEqual(
          await store.sessions.revokeAll(account.id, { at: T0 + 3, because: 'logout_all', revocations: oneEach }, []),
          [],
        )
      }))

    test('LG-04: a source is known by a login from it, after that session has ended, and not by a refresh', () =>
      withStore(open, async ({ store }) => {
        const { account, session } = await signedIn(store, { address: '192.0.2.7' })
        const knows = (prefix: string, since = T0) => store.sessions.knowsSource(account.id, prefix, since)
        assert.deepEqual([await knows('192.0.2.7'), await knows('198.51.100.9')], [true, false])

        await store.sessions.refresh(session.id, anAttempt(1, {}, { at: T0 + 60, address: '198.51.100.9' }))
        await store.sessions.revoke(session.id, { at: T0 + 80, because: 'logout', revocations: oneEach }, [])
        assert.deepEqual([await knows('192.0.2.7'), await knows('192.0.2.7', T0 + 1)], [true, false])
        assert.equal(await knows('198.51.100.9'), false)

        const later = aSession(account, { address: '192.0.2.7', createdAt: T0 + 90 })
        await store.sessions.open(later, account.passwordHash, [])
        assert.deepEqual([await knows('192.0.2.7', T0 + 90), await knows('192.0.2.7', T0 + 91)], [true, false])
      }))

    test('SE-04: sessions that have lapsed take no place in the list of live ones', () =>
      withStore(open, async ({ store }) => {
        const { account, session: kept } = await signedIn(store, { createdAt: T0, rotatedAt: T0 + 500 })
        for (let index = 1; index <= 3; index++) {
          const idle = aSession(account, { createdAt: T0 + index, rotatedAt: T0 + index })
          await store.sessions.open(idle, account.passwordHash, [])
        }
        const list = (bounds: Partial<LiveBounds>) => store.sessions.listLive(account.id, { ...ANY, ...bounds }, 1)
        assert.deepEqual(await list({ rotatedAfter: T0 + 3 }), [kept])
        assert.deepEqual(await list({ rotatedAfter: T0 + 500 }), [])
        assert.deepEqual(await list({ createdAfter: T0 + 3 }), [])
        assert.deepEqual(await list({ epoch: kept.epoch + 1 }), [])
      }))
  })
}

const REFUSALS = [
  [anAttempt(1), 'unproven'],
  [anAttempt(0, { provenKey: 'jkt' }), 'unknown'],
  [anAttempt(2, { provenKey: 'jkt' }), 'unknown'],
  [anAttempt(1, { provenKey: 'jkt', clientId: 'another' }), 'unknown'],
  [anAttempt(1, { provenKey: 'jkt' }, { at: T0 + 604_800 }), 'expired'],
] as const
