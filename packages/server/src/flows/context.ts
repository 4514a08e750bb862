import type { AccessTokenClaims } from '@signet/protocol'
import type { AttemptPolicy } from '../domain/throttle.ts'
import type { PasswordPolicy } from '../domain/password-policy.ts'
import type { SessionLifetimes } from '../domain/session.ts'
import type { StoredSigningKey } from '../domain/signing-key.ts'
import type { EpochSeconds } from '../domain/time.ts'
import type { SealedValue, Store } from '../store/store.ts'

/** Everything a journey may use. Clock, randomness and storage are values in here, so that a test can choose them. */
export interface Context {
  readonly store: Store
  readonly now: () => EpochSeconds
  readonly randomBytes: (size: number) => Uint8Array
  readonly newAccountId: () => string
  readonly newSessionId: () => string
  readonly passwords: Passwords
  readonly accessTokens: AccessTokenIssuer
  readonly accessTokenReader: AccessTokenReader
  readonly signingKeys: SigningKeys
  readonly seals: Seals
  readonly refreshTokens: RefreshTokens
  readonly addressLimit: AddressLimit
  readonly settings: Settings
}

/** What the operator chose, as far as journeys care. */
export interface Settings extends SessionLifetimes {
  readonly issuer: string
  /** Resource servers that tokens can be issued for; the issuer itself is always one. */
  readonly audiences: readonly string[]
  /** Client ids that may sign people in; the first is the default. */
  readonly clients: readonly string[]
  /** Scopes that any account may ask for. */
  readonly scopes: readonly string[]
  readonly registration: 'open' | 'closed'
  /** Whether reading the revocation feed needs a guard credential. */
  readonly revocationFeed: 'open' | 'credential'
  readonly accessTokenTtlSeconds: number
  readonly keys: KeySettings
  /** How long ago an administrator may have signed in to change the keys. */
  readonly adminLoginMaxAgeSeconds: number
  readonly graceSeconds: number
  readonly browserGraceSeconds: number
  readonly passwordPolicy: PasswordPolicy
  /** Failures from one source under one account. */
  readonly sourceAttempts: AttemptPolicy
  /** Failures under one account from all sources it knows; the same again from all it does not. */
  readonly accountAttempts: AttemptPolicy
}

/** How signing keys live. */
export interface KeySettings {
  /** What new keys are for. */
  readonly algorithm: string
  /** How long a key signs. `null` for a secret from the configuration, which only a new configuration replaces. */
  readonly rotationIntervalSeconds: number | null
  /** How long this server lets others cache the published keys. */
  readonly jwksMaxAgeSeconds: number
  /** Added to the longest such time ever: until every node publishes a key, and for clocks that tick in seconds. */
  readonly publicationMarginSeconds: number
}

/** Hashes and checks passwords with bounded concurrency. Beyond its queue it throws `SignetError('overloaded')`. */
export interface Passwords {
  /** PHC string of argon2id. */
  hash(password: string): Promise<string>
  /** Takes the same work whether there is a hash or not; without one it never matches. */
  verify(hash: string | null, password: string): Promise<{ readonly matches: boolean; readonly outdated: boolean }>
  /** Whether a password, already normalised, is on the list of common ones. */
  isCommon(password: string): boolean
}

export interface AccessTokenIssuer {
  /** Signs with the active key. Adds nothing to the claims. */
  issue(claims: AccessTokenClaims): Promise<string>
}

export interface AccessTokenReader {
  /**
   * The claims of an access token this server has signed and that has not expired, for whatever audience; `null` for
   * anything else. Does not check whether the token, its session or its account was revoked.
   */
  read(token: string): AccessTokenClaims | null
}

/** The signing keys of this node, as the rules of their life need them. */
export interface SigningKeys {
  /** Makes a key of the configured algorithm, its private half sealed. Stores it nowhere. */
  create(state: 'pending' | 'active'): Promise<StoredSigningKey>
  /** This node signs with, trusts and publishes what the store says. Resolves to whether that was news. */
  refresh(): Promise<boolean>
}

/** The master key, as far as its own rotation goes. */
export interface Seals {
  /** The same secret, sealed under the newest version of the master key; `null` when it is. */
  renew(value: SealedValue): string | null
}

/** Refresh tokens: `sid`, generation, a proof under the session's secret, and a MAC over all under the server's key. */
export interface RefreshTokens {
  /** Deterministic: the same session and generation always give the same bytes. */
  encode(session: { readonly id: string; readonly secret: Uint8Array }, generation: number): string
  /** Checks the MAC only, in constant time and without the store; `null` for anything not made by this server. */
  authenticate(token: string): AuthenticRefreshToken | null
  /** Checks the proof against the session's secret, in constant time. */
  matches(token: AuthenticRefreshToken, secret: Uint8Array): boolean
  /** The `jti` of the access token that belongs to a generation: derived, so that a replay mints nothing new. */
  accessTokenId(secret: Uint8Array, generation: number): string
  /** A CSRF token bound to the session (signed double submit). */
  csrfToken(sessionId: string): string
  checkCsrfToken(token: string, sessionId: string): boolean
}

export interface AuthenticRefreshToken {
  readonly sessionId: string
  readonly generation: number
  readonly proof: Uint8Array
}

/** Attempts per source address, whoever's account they aim at: what stops spraying. */
export interface AddressLimit {
  /** Counts one attempt; resolves to 0, or to the seconds to wait. */
  take(addressPrefix: string): Promise<number>
  /** Takes one counted attempt back: it turned out to be good. */
  giveBack(addressPrefix: string): Promise<void>
}
