import type { Generated } from 'kysely'

/** The tables as every engine shows them. Instants and counters are whole numbers; lists and details are JSON text. */
export interface Schema {
  accounts: AccountsTable
  sessions: SessionsTable
  former_sources: FormerSourcesTable
  attempts: AttemptsTable
  proofs: ProofsTable
  signing_keys: SigningKeysTable
  secrets: SecretsTable
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
  secret: Uint8Array
  key_thumbprint: string | null
  epoch: number
  revoked_at: number | null
  revoked_because: string | null
  address: string
  /** What `addressPrefix` makes of `address`. */
  address_prefix: string
  user_agent: string
}

/** Where sessions of an account were used from before they moved; where they are now stands in `sessions`. */
export interface FormerSourcesTable {
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
  /** At most one row is `active`: a unique partial index holds it. */
  state: string
  public_jwk: string | null
  sealed_private_jwk: string
  created_at: number
  activated_at: number | null
  retired_at: number | null
}

export interface SecretsTable {
  name: string
  sealed: string
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
