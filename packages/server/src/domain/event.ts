import type { EpochSeconds } from './time.ts'

/** What can happen to an account, a session or a key. Named `<thing>.<what happened>`; added, never renamed. */
export const EVENT_TYPES = [
  'account.registered',
  'account.registration_refused',
  'account.updated',
  'account.disabled',
  'account.deleted',
  'login.succeeded',
  'login.failed',
  'session.refreshed',
  'session.replayed',
  'session.reused',
  'session.refresh_refused',
  'session.ended',
  'password.changed',
  'password.refused',
  'password.rehashed',
  'token.revoked',
  'guard.created',
  'guard.revoked',
  'key.created',
  'key.published',
  'key.activated',
  'key.retired',
  'key.dropped',
  'key.revoked',
  'secrets.resealed',
  'store.restored',
] as const

export type EventType = (typeof EVENT_TYPES)[number]

/** Where a request came from, as the log keeps it. Cleaned of control characters and cut before it gets here. */
export interface Source {
  readonly address: string
  readonly userAgent: string
  readonly requestId: string
}

/** A line for the append-only log: the timeline that answers "why was I signed out?". Holds no secret. */
export interface EventDraft {
  readonly type: EventType
  readonly at: EpochSeconds
  readonly accountId: string | null
  readonly sessionId: string | null
  readonly source: Source
  /** Small facts: a reason, a generation, a count. Never a token, a password or a hash of one. */
  readonly details: Readonly<Record<string, string | number | boolean | null>>
}

export interface SecurityEvent extends EventDraft {
  /** Strictly increasing in the order of commit. */
  readonly sequence: number
}

/** Drafts an event; what it is not about stays `null`. */
export function draftEvent(
  type: EventType,
  at: EpochSeconds,
  source: Source,
  about: Partial<Pick<EventDraft, 'accountId' | 'sessionId' | 'details'>> = {},
): EventDraft {
  const { accountId = null, sessionId = null, details = {} } = about
  return { type, at, accountId, sessionId, source, details }
}
