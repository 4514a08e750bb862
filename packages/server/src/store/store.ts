import type { Account } from '../domain/account.ts'
import type { EventDraft, SecurityEvent } from '../domain/event.ts'
import type { PresentedRefresh, RefreshDecision } from '../domain/refresh.ts'
import type { RevocationReason, Session } from '../domain/session.ts'
import type { StoredSigningKey } from '../domain/signing-key.ts'
import type { AttemptCounter, AttemptDecision } from '../domain/throttle.ts'
import type { EpochSeconds } from '../domain/time.ts'

/**
 * Where Signet keeps what must not be lost.
 *
 * Every method that changes something is one transaction, durable before its promise resolves, and writes the events
 * given with it or nothing at all. A failure of the engine rejects with `StoreUnavailableError`; nothing else does.
 * Reads see every write acknowledged before they began. Instants come from the caller: a store reads no clock.
 */
export interface Store {
  readonly accounts: AccountStore
  readonly sessions: SessionStore
  readonly attempts: AttemptStore
  readonly proofs: ProofStore
  readonly secrets: SecretStore
  readonly events: EventStore
  /** Raised whenever the database was set back; sessions of an older epoch are over. */
  epoch(): Promise<number>
  /** Resolves when the engine answers. */
  ping(): Promise<void>
  /**
   * Forgets proofs that have lapsed, and attempts, sources and sessions older than `keepSeconds`. A store does not know
   * how long anything lives: `keepSeconds` is at least the longest of the absolute session lifetime and the time after
   * which attempts are forgotten. Bounded per call.
   */
  prune(now: EpochSeconds, keepSeconds: number): Promise<void>
  close(): Promise<void>
}

export interface AccountStore {
  /** `false` when the canonical address is taken; then nothing is written, the events neither. */
  create(account: Account, events: readonly EventDraft[]): Promise<boolean>
  get(id: string): Promise<Account | null>
  findByEmail(canonicalEmail: string): Promise<Account | null>
  /** In order of creation, after `afterId`. */
  list(page: { readonly afterId: string | null; readonly limit: number }): Promise<readonly Account[]>
  /** Changes only the members given. `null` when there is no such account. */
  update(id: string, change: AccountChange, events: readonly EventDraft[]): Promise<Account | null>
  /**
   * Replaces the password hash if it is still `change.expectedHash`, and revokes every session but `change.keepSession`.
   * Resolves to the number of sessions revoked, or `null` when the hash had changed meanwhile or the account is gone.
   */
  changePassword(id: string, change: PasswordChange, events: readonly EventDraft[]): Promise<number | null>
  /** Replaces the hash of an unchanged password by a stronger one; `false` when it had changed meanwhile. */
  rehash(id: string, expectedHash: string, newHash: string, events: readonly EventDraft[]): Promise<boolean>
  /** Disables the account and revokes its sessions. `false` when there is no such enabled account. */
  disable(id: string, at: EpochSeconds, events: readonly EventDraft[]): Promise<boolean>
  /** Removes the account and its sessions for good; events stay. `false` when there is no such account. */
  delete(id: string, events: readonly EventDraft[]): Promise<boolean>
}

export interface AccountChange {
  readonly name?: string | null
  readonly roles?: readonly string[]
}

export interface PasswordChange {
  readonly expectedHash: string
  readonly newHash: string
  readonly at: EpochSeconds
  readonly keepSession: string | null
}

export interface SessionStore {
  /** `false` when the account is gone, disabled, or its password is no longer `expectedHash`. */
  open(session: Session, expectedHash: string, events: readonly EventDraft[]): Promise<boolean>
  get(id: string): Promise<SessionAndAccount | null>
  /** Sessions not revoked, newest first, at most `limit`; expiry is the caller's to judge. */
  listOpen(accountId: string, limit: number): Promise<readonly Session[]>
  /**
   * Carries one refresh through.
   *
   * `attempt.decide` sees the newest row. For each generation exactly one caller, on whatever node, observes `rotate`;
   * a caller that loses the race is decided again on the row the winner left. `reuse` revokes the session in the
   * transaction that saw it. Resolves to `null` when there is no such session, and calls nothing.
   */
  refresh(id: string, attempt: RefreshAttempt): Promise<RefreshOutcome | null>
  /** Revokes one session. `false` when it was not open, or not of `owner` where one is given. */
  revoke(id: string, revocation: SessionRevocation, events: readonly EventDraft[]): Promise<boolean>
  /** Revokes every open session of an account; resolves to the ids of those it ended. */
  revokeAll(accountId: string, revocation: SessionRevocation, events: readonly EventDraft[]): Promise<readonly string[]>
  /** Whether an open or former session of the account was used from `addressPrefix` at or after `since`. */
  knowsSource(accountId: string, addressPrefix: string, since: EpochSeconds): Promise<boolean>
}

export interface SessionAndAccount {
  readonly session: Session
  readonly account: Account
}

export interface SessionRevocation {
  readonly at: EpochSeconds
  readonly because: RevocationReason
  readonly owner?: string
}

export interface RefreshAttempt {
  readonly at: EpochSeconds
  readonly presented: PresentedRefresh
  /** Where the request came from; a rotation records it on the session. */
  readonly address: string
  readonly userAgent: string
  /** Pure; may be called more than once. */
  decide(state: SessionAndAccount): RefreshDecision
  /** What to log with the decision; called once, with the state the decision was taken on. */
  events(decision: RefreshDecision, state: SessionAndAccount): readonly EventDraft[]
}

export interface RefreshOutcome {
  readonly decision: RefreshDecision
  /** As the decision left it: after a rotation, with the new generation. */
  readonly session: Session
  readonly account: Account
}

export interface AttemptStore {
  /** Reads, decides and writes as one: parallel callers see each other's attempts. */
  take(key: string, decide: (counter: AttemptCounter | null) => AttemptDecision): Promise<AttemptDecision>
  clear(keys: readonly string[]): Promise<void>
}

export interface ProofStore {
  /** `true` the first time a proof's id is seen, `false` ever after, until `expiresAt` (RFC 9449 §11.1). */
  remember(id: string, expiresAt: EpochSeconds): Promise<boolean>
}

/** Keys and secrets, always sealed under the master key. */
export interface SecretStore {
  signingKeys(): Promise<readonly StoredSigningKey[]>
  /** Adds the key unless another key is already in state `active`; resolves to whether it did. */
  addFirstSigningKey(key: StoredSigningKey, events: readonly EventDraft[]): Promise<boolean>
  /**
   * Retires the active key `activeKid` at `key.activatedAt` and puts `key`, which is active, in its place; a retired key
   * of the same `kid` becomes active again. Resolves to `false`, and changes nothing, when another key is active by now
   * or the `kid` belongs to a key that is not retired.
   */
  replaceSigningKey(activeKid: string, key: StoredSigningKey, events: readonly EventDraft[]): Promise<boolean>
  /** The value under `name`; writes `sealed` if there is none yet, and resolves to what stands. */
  getOrCreate(name: string, sealed: string): Promise<string>
  get(name: string): Promise<string | null>
}

export interface EventStore {
  append(events: readonly EventDraft[]): Promise<void>
  /** Oldest first, after `afterSequence`. */
  list(filter: EventFilter): Promise<readonly SecurityEvent[]>
}

export interface EventFilter {
  readonly accountId?: string
  readonly sessionId?: string
  readonly afterSequence?: number
  readonly limit: number
}

/** The engine cannot be reached or cannot write. The answer to the caller is 503; nothing was changed that was promised. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError'
}
