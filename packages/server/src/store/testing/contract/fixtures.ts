import { randomBytes } from 'node:crypto'
import type { Account } from '../../../domain/account.ts'
import type { EventDraft, EventType, Source } from '../../../domain/event.ts'
import { decideRefresh } from '../../../domain/refresh.ts'
import type { PresentedRefresh, RefreshPolicy } from '../../../domain/refresh.ts'
import { revokeSessions } from '../../../domain/revocation.ts'
import type { CauseRevocations } from '../../../domain/revocation.ts'
import type { Session } from '../../../domain/session.ts'
import type { LiveBounds, RefreshAttempt, Store } from '../../store.ts'

/** One database and ways to reach it. */
export interface OpenedStore {
  readonly store: Store
  /** Another connection to the same database; where there can be only one, that one. */
  connect(): Promise<Store>
  /** Closes every connection and removes what was written. */
  dispose(): Promise<void>
}

export type OpenStore = () => Promise<OpenedStore>

/** Runs a test's body on a fresh database. */
export async function withStore(open: OpenStore, body: (opened: OpenedStore) => Promise<void>): Promise<void> {
  const opened = await open()
  try {
    await body(opened)
  } finally {
    await opened.dispose()
  }
}

export const T0 = 1_800_000_000
const SOURCE: Source = { address: '192.0.2.7', userAgent: 'contract/1.0', requestId: 'request-1' }

export function anAccount(members: Partial<Account> = {}): Account {
  const id = members.id ?? `acc_${randomBytes(16).toString('base64url')}`
  return {
    id,
    email: `${id}@x.test`,
    canonicalEmail: `${id}@x.test`.toLowerCase(),
    name: null,
    passwordHash: '$argon2id$first',
    passwordChangedAt: T0,
    roles: [],
    createdAt: T0,
    disabledAt: null,
    ...members,
  }
}

export function aSession(account: Account, members: Partial<Session> = {}): Session {
  return {
    id: `ses_${randomBytes(16).toString('base64url')}`,
    accountId: account.id,
    clientId: 'signet',
    audience: 'https://auth.x.test',
    scope: 'orders:read',
    delivery: 'body',
    amr: ['pwd'],
    authenticatedAt: T0,
    createdAt: T0,
    generation: 1,
    rotatedAt: T0,
    tokensUntil: T0 + 900,
    secret: Uint8Array.from(randomBytes(32)),
    keyThumbprint: null,
    epoch: 1,
    revokedAt: null,
    revokedBecause: null,
    address: SOURCE.address,
    userAgent: SOURCE.userAgent,
    ...members,
  }
}

export function anEvent(type: EventType, members: Partial<EventDraft> = {}): EventDraft {
  return { type, at: T0, accountId: null, sessionId: null, source: SOURCE, details: {}, ...members }
}

/** An event that no engine accepts: it stands for anything that goes wrong while events are written. */
export function aFailingEvent(): EventDraft {
  return anEvent(null as unknown as EventType)
}

/** An account with one open session, both written. */
export async function signedIn(
  store: Store,
  session: Partial<Session> = {},
  account: Partial<Account> = {},
): Promise<{ readonly account: Account; readonly session: Session }> {
  const owner = anAccount(account)
  await store.accounts.create(owner, [])
  const opened = aSession(owner, session)
  await store.sessions.open(opened, owner.passwordHash, [])
  return { account: owner, session: opened }
}

/** Lists every open session of the epoch that sessions here are of. */
export const ANY: LiveBounds = { createdAfter: 0, rotatedAfter: 0, epoch: 1 }

/** Puts every session that ended on the list. */
export const oneEach: CauseRevocations = (ended) => revokeSessions(ended, T0)

const POLICY: RefreshPolicy = {
  idleTtlSeconds: 604_800,
  absoluteTtlSeconds: 2_592_000,
  graceSeconds: 0,
  browserGraceSeconds: 10,
  epoch: 1,
}

/** One refresh, decided by the real rule. */
export function anAttempt(
  generation: number,
  presented: Partial<PresentedRefresh> = {},
  members: Partial<RefreshAttempt> = {},
): RefreshAttempt {
  const at = members.at ?? T0 + 60
  const complete = { generation, provenKey: null, browser: false, clientId: null, ...presented }
  return {
    at,
    presented: complete,
    address: SOURCE.address,
    userAgent: SOURCE.userAgent,
    decide: ({ session }) => decideRefresh(session, complete, at, POLICY),
    tokensUntil: () => at + 900,
    revocations: oneEach,
    events: (decision, { session }) => [
      anEvent(EVENT_OF[decision.kind] ?? 'session.refresh_refused', {
        at,
        accountId: session.accountId,
        sessionId: session.id,
        details: { decision: decision.kind, generation: session.generation },
      }),
    ],
    ...members,
  }
}

const EVENT_OF: Readonly<Record<string, EventType>> = {
  rotate: 'session.refreshed',
  replay: 'session.replayed',
  reuse: 'session.reused',
}

/** How often each value occurs. */
export function tally(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1
  return counts
}

/** The types of every event there is, in order. */
export async function eventTypes(store: Store): Promise<readonly EventType[]> {
  const events = await store.events.list({ limit: 100_000 })
  return events.map(({ type }) => type)
}
