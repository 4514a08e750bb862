import type { Generated } from 'kysely'

/** The tables as every engine shows them. Instants and counters are whole numbers; lists and details are JSON text. */
export interface Schema {
  accounts: AccountsTable
  sessions: SessionsTable
  known_sources: KnownSourcesTable
  attempts: AttemptsTable
  proofs: ProofsTable
  signing_keys: SigningKeysTable
  secrets: SecretsTable
  connections: ConnectionsTable
  revocations: RevocationsTable
  guard_credentials: GuardCredentialsTable
  events: EventsTable
  meta: MetaTable
}

export interface AccountsTable {
  id: string
  email: string
  canonical_email: string
  name: string | null
  password_hash: string
  password_changed_at: number
  roles: string
  created_at: number
  disabled_at: number | null
}

export interface SessionsTable {
  id: string
  account_id: string
  client_id: string
  audience: string
  scope: string | null
  delivery: string
  amr: string
  authenticated_at: number
  created_at: number
  generation: number
  rotated_at: number
  /** The latest `exp` of any access token of it. */
  tokens_until: number
  secret: Uint8Array
  key_thumbprint: string | null
  epoch: number
  revoked_at: number | null
  revoked_because: string | null
  address: string
  user_agent: string
}

/** Where an account was signed in from with its password, and when last. */
export interface KnownSourcesTable {
  account_id: string
  address_prefix: string
  last_at: number
}

export interface AttemptsTable {
  key: string
  failures: number
  last_at: number
}

export interface ProofsTable {
  id: string
  expires_at: number
}

export interface SigningKeysTable {
  kid: string
  alg: string
  /** At most one row is `active`, and at most one `pending`: unique partial indexes hold it. */
  state: string
  public_jwk: string | null
  sealed_private_jwk: string
  created_at: number
  activated_at: number | null
  retired_at: number | null
  revoked_at: number | null
  token_seconds: number
}

export interface SecretsTable {
  name: string
  sealed: string
}

/** Written once; deleted when `until` has passed, but for the newest row. */
export interface RevocationsTable {
  sequence: Generated<number>
  kind: string
  /** A `jti`, `sid`, `sub` or `kid`, as `kind` says. */
  value: string
  /** For a subject only. */
  before: number | null
  until: number
  at: number
}

export interface GuardCredentialsTable {
  id: string
  name: string
  audience: string | null
  hash: string
  created_at: number
  revoked_at: number | null
}

/** The guards connected to each node, as JSON. */
export interface ConnectionsTable {
  node: string
  guards: string
  at: number
}

/** Append-only: the engine refuses UPDATE and DELETE. */
export interface EventsTable {
  sequence: Generated<number>
  type: string
  at: number
  account_id: string | null
  session_id: string | null
  address: string
  user_agent: string
  request_id: string
  details: string
}

export interface MetaTable {
  name: string
  value: string
}
