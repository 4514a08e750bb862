import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { PresentedRefresh } from '../../../domain/refresh.ts'
import type { Session } from '../../../domain/session.ts'
import type { RefreshOutcome, Store } from '../../store.ts'
import { ANY, T0, aSession, anAttempt, anEvent, oneEach, signedIn, tally, withStore } from './fixtures.ts'
import type { OpenStore, OpenedStore } from './fixtures.ts'

const CALLERS = 64

/** Who is racing, and what becomes of those that lose. */
const RACES: readonly Race[] = [
  {
    name: 'RT-03, RT-04: of 64 callers who prove the key one rotates, 63 are given its successor',
    session: { keyThumbprint: 'jkt' },
    presented: { provenKey: 'jkt' },
    decisions: { rotate: 1, replay: CALLERS - 1 },
    afterwards: 'rotate',
  },
  {
    name: 'RT-03, RT-05: of 64 tabs within the grace one rotates, 63 are given its successor',
    session: { delivery: 'cookie' },
    presented: { browser: true },
    decisions: { rotate: 1, replay: CALLERS - 1 },
    afterwards: 'rotate',
  },
  {
    name: 'RT-02, RT-03: of 64 callers without proof one rotates, the next ends the session for all of them',
    session: {},
    presented: {},
    decisions: { rotate: 1, reuse: 1, revoked: CALLERS - 2 },
    afterwards: 'revoked',
  },
]

interface Race {
  readonly name: string
  readonly session: Partial<Session>
  readonly presented: Partial<PresentedRefresh>
  readonly decisions: Readonly<Record<string, number>>
  /** What the winner's token is good for when the race is over. */
  readonly afterwards: string
}

export function describeRaces(open: OpenStore, connections: 'one' | 'many'): void {
  describe('races', () => {
    for (const race of RACES) {
      test(race.name, () => withStore(open, ({ store }) => run(race, [store])))
      if (connections === 'one') continue
      test(`${race.name}, over two connections`, () =>
        withStore(open, async ({ store, connect }) => run(race, [store, await connect()])))
    }

    test('RT-06: after a revocation is acknowledged nothing rotates, in 200 parallel pairs', () =>
      withStore(open, (opened) => raceRevocations(opened, 200)))

    test('SE-06: an account disabled during a login has no open session', () =>
      withStore(open, async ({ store }) => {
        for (let round = 0; round < 50; round++) {
          const { account } = await signedIn(store)
          const late = aSession(account)
          await Promise.all([
            store.sessions.open(late, account.passwordHash, []),
            store.accounts.disable(account.id, { at: T0, revocations: oneEach }, []),
          ])
          assert.deepEqual(await store.sessions.listLive(account.id, ANY, 10), [])
        }
      }))

    test('a decision is taken on the newest row and logged once', () =>
      withStore(open, async ({ store, connect }) => {
        const { session } = await signedIn(store, { keyThumbprint: 'jkt' })
        const stores = [store, await connect()]
        const logged: number[] = []
        await Promise.all(
          Array.from({ length: CALLERS }, (_, index) => {
            const attempt = anAttempt(1, { provenKey: 'jkt' })
            const events: typeof attempt.events = (decision, state) => {
              logged.push(state.session.generation)
              return attempt.events(decision, state)
            }
            return pickFrom(stores, index).sessions.refresh(session.id, { ...attempt, events })
          }),
        )
        assert.deepEqual(tally(logged.map(String)), { 1: 1, 2: CALLERS - 1 })
        assert.equal((await store.events.list({ sessionId: session.id, limit: 1000 })).length, CALLERS)
      }))
  })
}

async function run({ session: members, presented, decisions, afterwards }: Race, stores: readonly Store[]) {
  const store = pickFrom(stores, 0)
  const { session } = await signedIn(store, members)
  const outcomes = await Promise.all(
    Array.from({ length: CALLERS }, (_, index) =>
      pickFrom(stores, index).sessions.refresh(session.id, anAttempt(1, presented)),
    ),
  )
  assert.deepEqual(tally(outcomes.map(kindOf)), decisions)
  // whoever was given a token was given that of one and the same generation
  for (const outcome of outcomes) assert.equal(outcome?.session.generation, 2)
  for (const each of stores) assert.equal((await each.sessions.get(session.id))?.session.generation, 2)
  assert.equal(kindOf(await store.sessions.refresh(session.id, anAttempt(2, presented))), afterwards)
}

async function raceRevocations({ store, connect }: OpenedStore, pairs: number): Promise<void> {
  const other = await connect()
  const { account } = await signedIn(store)
  for (let pair = 0; pair < pairs; pair++) {
    const session = aSession(account)
    await store.sessions.open(session, account.passwordHash, [])
    const refresh = () => store.sessions.refresh(session.id, anAttempt(1))
    const revoke = () =>
      other.sessions.revoke(session.id, { at: T0 + 60, because: 'logout', revocations: oneEach }, [
        anEvent('session.ended', { sessionId: session.id }),
      ])
    const [refreshed, revoked] =
      pair % 2 === 0
        ? await Promise.all([refresh(), revoke()])
        : ((await Promise.all([revoke(), refresh()])).toReversed() as [RefreshOutcome | null, boolean])
    assert.equal(revoked, true)
    const order = (await store.events.list({ sessionId: session.id, limit: 10 })).map(({ type }) => type)
    const refreshedFirst = kindOf(refreshed) === 'rotate'
    assert.deepEqual(
      order,
      refreshedFirst ? ['session.refreshed', 'session.ended'] : ['session.ended', 'session.refresh_refused'],
    )
    const late = await store.sessions.refresh(session.id, anAttempt(refreshedFirst ? 2 : 1))
    assert.equal(kindOf(late), 'revoked')
  }
}

function kindOf(outcome: RefreshOutcome | null): string {
  return outcome?.decision.kind ?? 'none'
}

function pickFrom(stores: readonly Store[], index: number): Store {
  const store = stores[index % stores.length]
  if (store === undefined) throw new TypeError('no store')
  return store
}
