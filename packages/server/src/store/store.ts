import type { FeedCursor, Revocation } from '@signet/protocol'
import type { Account } from '../domain/account.ts'
import type { EventDraft, SecurityEvent } from '../domain/event.ts'
import type { GuardCredential } from '../domain/guard-credential.ts'
import type { ConnectedGuard } from '../domain/key-rotation.ts'
import type { PresentedRefresh, RefreshDecision } from '../domain/refresh.ts'
import type { CauseRevocations } from '../domain/revocation.ts'
import type { RevocationReason, Session } from '../domain/session.ts'
import type { SigningKeyState, StoredSigningKey } from '../domain/signing-key.ts'
import type { AttemptCounter, AttemptDecision } from '../domain/throttle.ts'
import type { EpochSeconds } from '../domain/time.ts'

/**
 * Where Signet keeps what must not be lost.
 *
 * Every method that changes something is one transaction, durable before its promise resolves, and writes the events
 * and the revocations given with it or nothing at all. A failure of the engine rejects with `StoreUnavailableError`;
 * nothing else does. Reads see every write acknowledged before they began. Instants come from the caller: a store reads no clock.
 */
export interface Store {
  readonly accounts: AccountStore
  readonly sessions: SessionStore
  readonly attempts: AttemptStore
  readonly proofs: ProofStore
  readonly signingKeys: SigningKeyStore
  readonly secrets: SecretStore
  readonly connections: ConnectionStore
  readonly revocations: RevocationStore
  readonly guardCredentials: GuardCredentialStore
  readonly events: EventStore
  /** Raised whenever the database was set back; sessions of an older epoch are over. */
  epoch(): Promise<number>
  /** Resolves when the engine answers. */
  ping(): Promise<void>
  /**
   * Forgets proofs and revocations that have lapsed, and attempts, sources and sessions older than `keepSeconds`. A
   * store does not know how long anything lives: `keepSeconds` is at least the longest of the absolute session lifetime and the time after
   * which attempts are forgotten. Bounded per call, except for revocations: of those none that has lapsed is left, but
   * for the newest one, which says where the list has got to.
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
  disable(id: string, ending: AccountEnding, events: readonly EventDraft[]): Promise<boolean>
  /** Removes the account and its sessions for good; events stay. `false` when there is no such account. */
  delete(id: string, ending: AccountEnding, events: readonly EventDraft[]): Promise<boolean>
}

export interface AccountEnding {
  readonly at: EpochSeconds
  /** Called with every session that was open. */
  readonly revocations: CauseRevocations
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
  /** Called with the sessions it revoked. */
  readonly revocations: CauseRevocations
}

export interface SessionStore {
  /** `false` when the account is gone, disabled, or its password is no longer `expectedHash`. */
  open(session: Session, expectedHash: string, events: readonly EventDraft[]): Promise<boolean>
  get(id: string): Promise<SessionAndAccount | null>
  /** Sessions of an account that are live by these bounds, newest first, at most `limit`. */
  listLive(accountId: string, bounds: LiveBounds, limit: number): Promise<readonly Session[]>
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
  /** Whether somebody has signed in to the account from `addressPrefix` at or after `since`. */
  knowsSource(accountId: string, addressPrefix: string, since: EpochSeconds): Promise<boolean>
}

/** What a live session satisfies, besides not being revoked: the instants are exclusive. */
export interface LiveBounds {
  readonly createdAfter: EpochSeconds
  readonly rotatedAfter: EpochSeconds
  readonly epoch: number
}

export interface SessionAndAccount {
  readonly session: Session
  readonly account: Account
}

export interface SessionRevocation {
  readonly at: EpochSeconds
  readonly because: RevocationReason
  readonly owner?: string
  /** Called with the sessions it revoked, if any. */
  readonly revocations: CauseRevocations
}

export interface RefreshAttempt {
  readonly at: EpochSeconds
  readonly presented: PresentedRefresh
  /** Where the request came from; a rotation records it on the session. */
  readonly address: string
  readonly userAgent: string
  /** Pure; may be called more than once. */
  decide(state: SessionAndAccount): RefreshDecision
  /** The latest `exp` of the session's tokens once those of the next generation are issued at `at`. Pure. */
  tokensUntil(session: Session): EpochSeconds
  /** Called with the session when `reuse` has revoked it. */
  readonly revocations: CauseRevocations
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

/**
 * Signing keys, their private halves sealed under the master key. At most one is active and at most one pending.
 *
 * Every change is conditional on the state the caller saw: of any number of nodes that carry out the same step, exactly
 * one observes `true`; for the others nothing was written, the events neither.
 */
export interface SigningKeyStore {
  /** Oldest first. Dropped keys are gone; revoked ones stay, so that nothing brings their name back. */
  list(): Promise<readonly StoredSigningKey[]>
  /** Changes with every key that is added, changes its state or goes. Cheap: for asking each second. */
  version(): Promise<number>
  /** Adds an active key unless another one is active. */
  addFirst(key: StoredSigningKey, events: readonly EventDraft[]): Promise<boolean>
  /**
   * Retires the active key `activeKid` at `key.activatedAt` and puts `key`, which is active, in its place at once; a
   * retired key of the same `kid` becomes active again. Resolves to `false`, and changes nothing, when another key is
   * active by now or the `kid` belongs to a key that is not retired.
   */
  replace(activeKid: string, key: StoredSigningKey, events: readonly EventDraft[]): Promise<boolean>
  /** Adds a pending key as successor of `activeKid`, unless there is a pending key or another one is active by now. */
  publish(key: StoredSigningKey, activeKid: string | null, events: readonly EventDraft[]): Promise<boolean>
  /** Makes the pending key `kid` active and retires `change.retires`, which must be the active one. */
  activate(kid: string, change: KeyActivation, events: readonly EventDraft[]): Promise<boolean>
  /** Forgets a key, its private half included, if it is in `state`. */
  drop(kid: string, state: 'pending' | 'retired', events: readonly EventDraft[]): Promise<boolean>
  /** Revokes a key if it is in `change.state`, and erases its private half. The successor takes over with it. */
  revoke(kid: string, change: KeyRevocation, events: readonly EventDraft[]): Promise<boolean>
  /** Raises what is remembered of the key's tokens to `seconds`; never lowers it. */
  rememberTokenLifetime(kid: string, seconds: number): Promise<void>
  /** Raises the longest cache lifetime ever sent with the published keys to `seconds`; never lowers it. */
  rememberJwksMaxAge(seconds: number): Promise<void>
  /** The longest cache lifetime ever sent with the published keys. */
  jwksMaxAge(): Promise<number>
}

export interface KeyActivation {
  readonly at: EpochSeconds
  /** `null`: no key is active. */
  readonly retires: string | null
}

export interface KeyRevocation {
  readonly at: EpochSeconds
  readonly state: SigningKeyState
  /** What signs from now on, when the key was active: a key that is pending by now, or a new one, in state `active`. */
  readonly successor: { readonly kid: string } | { readonly key: StoredSigningKey } | null
  readonly revocations: readonly Revocation[]
}

/** What else is sealed under the master key. */
export interface SecretStore {
  /** The value under `name`; writes `sealed` if there is none yet, and resolves to what stands. */
  getOrCreate(name: string, sealed: string): Promise<string>
  get(name: string): Promise<string | null>
  /** Everything sealed, the private halves of signing keys included. */
  listSealed(): Promise<readonly SealedValue[]>
  /** Puts `sealed` in the place of `value.sealed`; `false` when that is no longer what stands. */
  reseal(value: SealedValue, sealed: string): Promise<boolean>
}

export interface SealedValue {
  readonly of: 'signing key' | 'secret'
  /** Key id, or the secret's name. */
  readonly name: string
  readonly sealed: string
}

/** Which guards follow the feed, at which node. */
export interface ConnectionStore {
  /** Replaces what `node` has reported before. */
  report(node: string, guards: readonly ConnectedGuard[], at: EpochSeconds): Promise<void>
  /** Guards of every node that has reported at or after `since`. */
  list(since: EpochSeconds): Promise<readonly ConnectedGuard[]>
}

/**
 * The revocation list. Sequences rise strictly and become visible in their order: whoever has seen one has been able to
 * see every earlier one. Numbers may be missing, and none is ever given twice.
 */
export interface RevocationStore {
  /** Adds entries that end no session: a single token, a signing key. A token that is on the list stays there once. */
  add(added: AddedRevocations, events: readonly EventDraft[]): Promise<void>
  /** Entries after `sequence`, in order, lapsed ones among them until they are pruned. */
  since(sequence: number, limit: number): Promise<readonly SequencedRevocation[]>
  /** Up to where there is anything to read, and of which history. */
  newest(): Promise<FeedCursor>
  /** Whether the token with this `jti` is on the list by itself. Does not look at its session, subject or key. */
  hasToken(jti: string): Promise<boolean>
  /**
   * Calls `listener` after each commit of this store object that added entries, before its promise resolves. A hint:
   * other connections and processes are not heard here, `newest` tells. Returns how to stop.
   */
  onAdded(listener: () => void): () => void
}

export interface AddedRevocations {
  readonly at: EpochSeconds
  readonly entries: readonly Revocation[]
}

export interface SequencedRevocation {
  readonly sequence: number
  readonly entry: Revocation
}

/** Credentials of guards: their hashes, never themselves. Few; revoked ones stay. */
export interface GuardCredentialStore {
  create(credential: GuardCredential, events: readonly EventDraft[]): Promise<void>
  /** Revoked ones too: the caller judges. */
  findByHash(hash: string): Promise<GuardCredential | null>
  /** In order of creation. */
  list(): Promise<readonly GuardCredential[]>
  /** `false` when there is no such credential in force. */
  revoke(id: string, at: EpochSeconds, events: readonly EventDraft[]): Promise<boolean>
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
