import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { canonicalEmail } from '../../../domain/email.ts'
import {
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
import type { OpenStore } from './fixtures.ts'

export function describeAccounts(open: OpenStore): void {
  describe('accounts', () => {
    test('what was created is found by id and by address, member for member', () =>
      withStore(open, async ({ store }) => {
        const account = anAccount({ name: 'Zoë', roles: ['admin', 'a b'], disabledAt: T0 })
        assert.equal(await store.accounts.create(account, [anEvent('account.registered')]), true)
        assert.deepEqual(await store.accounts.get(account.id), account)
        assert.deepEqual(await store.accounts.findByEmail(account.canonicalEmail), account)
        assert.equal(await store.accounts.get('acc_unknown'), null)
        assert.equal(await store.accounts.findByEmail('nobody@x.test'), null)
      }))

    test('PW-15: spellings of one address own one account, and a refused one writes nothing', () =>
      withStore(open, async ({ store }) => {
        const created: boolean[] = []
        for (const email of ['a@x.test', 'A@X.test', ' a@x.test', 'ａ@x.test']) {
          const account = anAccount({ email, canonicalEmail: canonicalEmail(email) ?? '' })
          created.push(await store.accounts.create(account, [anEvent('account.registered')]))
        }
        assert.deepEqual(created, [true, false, false, false])
        assert.deepEqual(await eventTypes(store), ['account.registered'])
      }))

    test('PW-15: 64 registrations of one address at once make one account', () =>
      withStore(open, async ({ store }) => {
        const created = await Promise.all(
          Array.from({ length: 64 }, () => store.accounts.create(anAccount({ canonicalEmail: 'a@x.test' }), [])),
        )
        assert.equal(created.filter(Boolean).length, 1)
      }))

    test('an update changes only what it names', () =>
      withStore(open, async ({ store }) => {
        const account = anAccount({ name: 'Before', roles: ['reader'] })
        await store.accounts.create(account, [])
        const events = [anEvent('account.updated')]
        assert.deepEqual(await store.accounts.update(account.id, { name: null }, events), { ...account, name: null })
        assert.deepEqual(await store.accounts.update(account.id, { roles: ['admin'] }, events), {
          ...account,
          name: null,
          roles: ['admin'],
        })
        assert.deepEqual(await store.accounts.update(account.id, {}, []), { ...account, name: null, roles: ['admin'] })
        assert.equal(await store.accounts.update('acc_unknown', { name: 'x' }, events), null)
        assert.equal((await eventTypes(store)).length, 2)
      }))

    test('a list is in order of creation and goes on after any of its members', () =>
      withStore(open, async ({ store }) => {
        const accounts = [3, 1, 2, 2].map((second, index) => anAccount({ id: `acc_${index}`, createdAt: T0 + second }))
        for (const account of accounts) await store.accounts.create(account, [])
        const ids = async (afterId: string | null, limit: number) =>
          (await store.accounts.list({ afterId, limit })).map(({ id }) => id)
        assert.deepEqual(await ids(null, 10), ['acc_1', 'acc_2', 'acc_3', 'acc_0'])
        assert.deepEqual(await ids('acc_2', 1), ['acc_3'])
        assert.deepEqual(await ids('acc_0', 10), [])
        assert.deepEqual(await ids('acc_unknown', 10), [])
      }))

    test('PW-12: a password change revokes every other session, and says how many', () =>
      withStore(open, async ({ store }) => {
        const { account, session: kept } = await signedIn(store)
        const others = [aSession(account), aSession(account)]
        for (const session of others) await store.sessions.open(session, account.passwordHash, [])
        const { session: foreign } = await signedIn(store)

        const change = {
          expectedHash: account.passwordHash,
          newHash: 'new',
          at: T0 + 5,
          keepSession: kept.id,
          revocations: oneEach,
        }
        assert.equal(await store.accounts.changePassword(account.id, change, [anEvent('password.changed')]), 2)

        const after = await store.accounts.get(account.id)
        assert.deepEqual(after, { ...account, passwordHash: 'new', passwordChangedAt: T0 + 5 })
        for (const { id } of others) {
          const found = await store.sessions.get(id)
          assert.equal(found?.session.revokedAt, T0 + 5)
          assert.equal(found?.session.revokedBecause, 'password_changed')
          assert.equal((await store.sessions.refresh(id, anAttempt(1)))?.decision.kind, 'revoked')
        }
        for (const { id } of [kept, foreign]) {
          assert.equal((await store.sessions.refresh(id, anAttempt(1)))?.decision.kind, 'rotate')
        }
      }))

    test('of two password changes at once one wins; the other changes nothing', () =>
      withStore(open, async ({ store }) => {
        const { account } = await signedIn(store)
        const results = await Promise.all(
          ['one', 'two'].map((newHash) => {
            const change = {
              expectedHash: account.passwordHash,
              newHash,
              at: T0,
              keepSession: null,
              revocations: oneEach,
            }
            return store.accounts.changePassword(account.id, change, [anEvent('password.changed')])
          }),
        )
        assert.deepEqual(results.toSorted(), [1, null])
        assert.deepEqual(await eventTypes(store), ['password.changed'])
      }))

    test('PW-09: a rehash replaces the hash it was made from, and no other', () =>
      withStore(open, async ({ store }) => {
        const { account, session } = await signedIn(store)
        assert.equal(await store.accounts.rehash(account.id, 'another', 'stronger', []), false)
        assert.equal(await store.accounts.rehash(account.id, account.passwordHash, 'stronger', []), true)
        assert.deepEqual(await store.accounts.get(account.id), { ...account, passwordHash: 'stronger' })
        assert.equal((await store.sessions.get(session.id))?.session.revokedAt, null)
      }))

    test('SE-06: disabling ends the sessions and lets nobody open another', () =>
      withStore(open, async ({ store }) => {
        const { account, session } = await signedIn(store)
        assert.equal(
          await store.accounts.disable(account.id, { at: T0 + 9, revocations: oneEach }, [anEvent('account.disabled')]),
          true,
        )
        assert.equal(
          await store.accounts.disable(account.id, { at: T0 + 10, revocations: oneEach }, [
            anEvent('account.disabled'),
          ]),
          false,
        )
        const refreshed = await store.sessions.refresh(session.id, anAttempt(1))
        assert.equal(refreshed?.decision.kind, 'revoked')
        assert.equal(refreshed?.session.revokedBecause, 'account_disabled')
        assert.equal(refreshed?.account.disabledAt, T0 + 9)
        assert.equal(await store.sessions.open(aSession(account), account.passwordHash, []), false)
      }))

    test('SE-06: deleting removes the account and its sessions; events stay', () =>
      withStore(open, async ({ store }) => {
        const { account, session } = await signedIn(store)
        assert.equal(
          await store.accounts.delete(account.id, { at: T0, revocations: oneEach }, [anEvent('account.deleted')]),
          true,
        )
        assert.equal(
          await store.accounts.delete(account.id, { at: T0, revocations: oneEach }, [anEvent('account.deleted')]),
          false,
        )
        assert.equal(await store.accounts.get(account.id), null)
        assert.equal(await store.sessions.get(session.id), null)
        assert.equal(await store.sessions.refresh(session.id, anAttempt(1)), null)
        assert.equal(await store.sessions.open(aSession(account), account.passwordHash, []), false)
        assert.deepEqual(await eventTypes(store), ['account.deleted'])
        assert.equal(await store.accounts.create(anAccount({ canonicalEmail: account.canonicalEmail }), []), true)
      }))

    test('an account whose event cannot be written does not exist', () =>
      withStore(open, async ({ store }) => {
        const account = anAccount()
        await assert.rejects(store.accounts.create(account, [anEvent('account.registered'), aFailingEvent()]), {
          name: 'StoreUnavailableError',
        })
        assert.equal(await store.accounts.get(account.id), null)
        assert.deepEqual(await eventTypes(store), [])
      }))
  })
}
