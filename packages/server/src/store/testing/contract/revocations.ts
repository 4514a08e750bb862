import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Revocation } from '@signet/protocol'
import type { GuardCredential } from '../../../domain/guard-credential.ts'
import type { CauseRevocations, EndedSession } from '../../../domain/revocation.ts'
import type { SequencedRevocation, Store } from '../../store.ts'
import { T0, aFailingEvent, anAttempt, anEvent, eventTypes, oneEach, signedIn, withStore } from './fixtures.ts'
import type { OpenStore } from './fixtures.ts'

const KEEP = 2_592_000

export function describeRevocations(open: OpenStore): void {
  describe('revocations', () => {
    test('entries of every kind are read back in order, each with a higher number', () =>
      withStore(open, async ({ store }) => {
        assert.deepEqual(await store.revocations.newest(), { epoch: 1, sequence: 0 })
        await store.revocations.add({ at: T0, entries: ENTRIES }, [anEvent('token.revoked')])
        const listed = await store.revocations.since(0, 100)
        assert.deepEqual(entriesOf(listed), ENTRIES)
        assertRising(listed)
        assert.deepEqual(await store.revocations.newest(), { epoch: 1, sequence: listed.at(-1)?.sequence })
        assert.deepEqual(await store.revocations.since(listed[1]?.sequence ?? 0, 1), listed.slice(2, 3))
        assert.deepEqual(await eventTypes(store), ['token.revoked'])
      }))

    test('a token is on the list once, however often it is revoked', () =>
      withStore(open, async ({ store }) => {
        assert.equal(await store.revocations.hasToken('jti'), false)
        for (let round = 0; round < 3; round++) await store.revocations.add({ at: T0, entries: [aToken('jti')] }, [])
        assert.deepEqual(entriesOf(await store.revocations.since(0, 100)), [aToken('jti')])
        assert.deepEqual(
          [await store.revocations.hasToken('jti'), await store.revocations.hasToken('ses_1')],
          [true, false],
        )
      }))

    for (const { name, end } of ENDINGS) {
      test(`RV-03: ${name} is on the list with the change, and not without it`, () =>
        withStore(open, async ({ store }) => {
          const { account, session } = await signedIn(store)
          const before = await store.sessions.get(session.id)
          const seen: EndedSession[] = []
          const cause: CauseRevocations = (ended) => {
            seen.push(...ended)
            return oneEach(ended)
          }
          await assert.rejects(end(store, account.id, session.id, cause, true), { name: 'StoreUnavailableError' })
          assert.deepEqual(await store.sessions.get(session.id), before)
          assert.deepEqual(await store.revocations.since(0, 100), [])

          seen.length = 0
          await end(store, account.id, session.id, cause, false)
          const { id, accountId, rotatedAt, tokensUntil } = session
          assert.deepEqual(seen, [{ id, accountId, rotatedAt, tokensUntil }])
          assert.deepEqual(entriesOf(await store.revocations.since(0, 100)), oneEach([session]))
        }))
    }

    test('what ends nothing lists nothing', () =>
      withStore(open, async ({ store }) => {
        const { account, session } = await signedIn(store)
        const never: CauseRevocations = (ended) => (ended.length === 0 ? [] : assert.fail())
        await store.sessions.refresh(session.id, anAttempt(1, {}, { revocations: () => assert.fail() }))
        await store.sessions.revoke('ses_unknown', { at: T0, because: 'logout', revocations: () => assert.fail() }, [])
        await store.sessions.revoke(session.id, { at: T0, because: 'logout', revocations: () => [] }, [])
        await store.sessions.revokeAll(account.id, { at: T0, because: 'logout_all', revocations: never }, [])
        assert.deepEqual(await store.revocations.since(0, 100), [])
      }))

    test('a session remembers the latest end of any of its tokens, even when their lifetime was shortened', () =>
      withStore(open, async ({ store }) => {
        const { session } = await signedIn(store, { tokensUntil: T0 + 3600 })
        const longest = (seconds: number) => ({
          tokensUntil: ({ tokensUntil }: { readonly tokensUntil: number }) => Math.max(tokensUntil, T0 + seconds),
        })
        await store.sessions.refresh(session.id, anAttempt(1, {}, longest(960)))
        assert.equal((await store.sessions.get(session.id))?.session.tokensUntil, T0 + 3600)
        await store.sessions.refresh(session.id, anAttempt(2, {}, longest(4000)))
        assert.equal((await store.sessions.get(session.id))?.session.tokensUntil, T0 + 4000)
      }))

    test('with parallel writers a reader that follows the numbers sees every entry, in order, once', () =>
      withStore(open, async ({ store, connect }) => {
        const other = (await connect?.()) ?? store
        const expected = Array.from({ length: 100 }, (_, index) => `jti-${index}`)
        const writes = expected.map((jti, index) =>
          (index % 2 === 0 ? store : other).revocations.add({ at: T0, entries: [aToken(jti)] }, []),
        )
        const followed: SequencedRevocation[] = []
        const readOn = async (): Promise<boolean> => {
          const page = await store.revocations.since(followed.at(-1)?.sequence ?? 0, 7)
          followed.push(...page)
          return page.length > 0
        }
        while (followed.length < expected.length) {
          if (!(await readOn())) await new Promise(setImmediate)
        }
        await Promise.all(writes)
        assert.equal(await readOn(), false)
        assertRising(followed)
        assert.deepEqual(
          followed.map(({ entry }) => (entry.kind === 'token' ? entry.jti : '')).toSorted(),
          expected.toSorted(),
        )
      }))

    test('who waits for news hears of commits that added entries, before the writer does, and of no others', () =>
      withStore(open, async ({ store }) => {
        const { session } = await signedIn(store)
        const heard: string[] = []
        const stop = store.revocations.onAdded(() => heard.push('news'))
        await store.events.append([anEvent('login.failed')])
        await store.revocations.add({ at: T0, entries: [] }, [])
        await assert.rejects(store.revocations.add({ at: T0, entries: ENTRIES }, [aFailingEvent()]))
        assert.equal(heard.length, 0)
        await store.sessions.revoke(session.id, { at: T0, because: 'logout', revocations: oneEach }, [])
        heard.push('done')
        assert.equal(heard.join(' '), 'news done')
        stop()
        await store.revocations.add({ at: T0, entries: ENTRIES }, [])
        assert.equal(heard.length, 2)
      }))

    test('RV-07: lapsed entries are forgotten, not a second before; the newest stays, and no number comes twice', () =>
      withStore(open, async ({ store }) => {
        const entries = Array.from({ length: 2500 }, (_, index) => aToken(`jti-${index}`, T0 + (index === 7 ? 11 : 10)))
        await store.revocations.add({ at: T0, entries }, [])
        const newest = await store.revocations.newest()
        await store.prune(T0 + 9, KEEP)
        assert.equal((await store.revocations.since(0, 10_000)).length, 2500)
        await store.prune(T0 + 10, KEEP)
        assert.deepEqual(entriesOf(await store.revocations.since(0, 10_000)), [entries[7], entries.at(-1)])
        assert.deepEqual(await store.revocations.newest(), newest)
        await store.revocations.add({ at: T0, entries: [aToken('later')] }, [])
        assert.equal((await store.revocations.newest()).sequence > newest.sequence, true)
        await store.prune(T0 + 11, KEEP)
        assert.deepEqual(entriesOf(await store.revocations.since(0, 10_000)), [aToken('later')])
      }))
  })

  describe('guard credentials', () => {
    test('are found by their hash, listed in order, and revoked once', () =>
      withStore(open, async ({ store }) => {
        const { guardCredentials } = store
        const [first, second] = [aCredential('gua_2', T0), aCredential('gua_1', T0 + 1, 'https://orders.example.com')]
        await guardCredentials.create(first, [anEvent('guard.created')])
        await guardCredentials.create(second, [])
        assert.deepEqual(await guardCredentials.list(), [first, second])
        assert.deepEqual(await guardCredentials.findByHash(second.hash), second)
        assert.equal(await guardCredentials.findByHash('unknown'), null)
        assert.equal(await guardCredentials.revoke('gua_1', T0 + 5, [anEvent('guard.revoked')]), true)
        assert.equal(await guardCredentials.revoke('gua_1', T0 + 6, [anEvent('guard.revoked')]), false)
        assert.deepEqual(await guardCredentials.findByHash(second.hash), { ...second, revokedAt: T0 + 5 })
        assert.deepEqual(await eventTypes(store), ['guard.created', 'guard.revoked'])
      }))
  })
}

interface Ending {
  readonly name: string
  /** @param fails whether its event cannot be written */
  end(store: Store, accountId: string, sessionId: string, cause: CauseRevocations, fails: boolean): Promise<unknown>
}

function eventsOf(fails: boolean) {
  return [fails ? aFailingEvent() : anEvent('session.ended')]
}

const ENDINGS: readonly Ending[] = [
  {
    name: 'the end of a session',
    end: (store, _account, id, revocations, fails) =>
      store.sessions.revoke(id, { at: T0, because: 'logout', revocations }, eventsOf(fails)),
  },
  {
    name: 'the end of every session',
    end: (store, account, _id, revocations, fails) =>
      store.sessions.revokeAll(account, { at: T0, because: 'logout_all', revocations }, eventsOf(fails)),
  },
  {
    name: 'reuse',
    end: (store, _account, id, revocations, fails) => {
      const events = () => eventsOf(fails)
      return store.sessions.refresh(id, anAttempt(1, {}, { revocations, events, decide: () => ({ kind: 'reuse' }) }))
    },
  },
  {
    name: 'a password change',
    end: (store, account, _id, revocations, fails) => {
      const change = { expectedHash: '$argon2id$first', newHash: 'new', at: T0, keepSession: null, revocations }
      return store.accounts.changePassword(account, change, eventsOf(fails))
    },
  },
  {
    name: 'an account disabled',
    end: (store, account, _id, revocations, fails) =>
      store.accounts.disable(account, { at: T0, revocations }, eventsOf(fails)),
  },
  {
    name: 'an account deleted',
    end: (store, account, _id, revocations, fails) =>
      store.accounts.delete(account, { at: T0, revocations }, eventsOf(fails)),
  },
]

function aToken(jti: string, until = T0 + 960): Revocation {
  return { kind: 'token', jti, until }
}

const ENTRIES: readonly Revocation[] = [
  aToken('jti_1'),
  { kind: 'session', sid: 'ses_1', until: T0 + 961 },
  { kind: 'subject', sub: 'acc_1', before: T0, until: T0 + 962 },
  { kind: 'key', kid: 'kid "1"', until: T0 + 963 },
  { kind: 'subject', sub: 'acc_1', before: T0 + 1, until: T0 + 964 },
]

function aCredential(id: string, createdAt: number, audience: string | null = null): GuardCredential {
  return { id, name: 'orders-api', audience, hash: `hash of ${id}`, createdAt, revokedAt: null }
}

function entriesOf(listed: readonly SequencedRevocation[]): readonly Revocation[] {
  return listed.map(({ entry }) => entry)
}

function assertRising(listed: readonly SequencedRevocation[]): void {
  for (const [index, { sequence }] of listed.entries()) assert.ok(sequence > (listed[index - 1]?.sequence ?? 0))
}
