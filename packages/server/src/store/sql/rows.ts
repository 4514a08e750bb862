import type { Delivery } from '@signet/protocol'
import type { Account } from '../../domain/account.ts'
import type { RevocationReason, Session } from '../../domain/session.ts'
import type { AccountsTable, SessionsTable } from './schema.ts'

export const ACCOUNT_COLUMNS = [
  'id',
  'email',
  'canonical_email',
  'name',
  'password_hash',
  'password_changed_at',
  'roles',
  'created_at',
  'disabled_at',
] as const satisfies readonly (keyof AccountsTable)[]

export function accountFromRow(row: AccountsTable): Account {
  return {
    id: row.id,
    email: row.email,
    canonicalEmail: row.canonical_email,
    name: row.name,
    passwordHash: row.password_hash,
    passwordChangedAt: row.password_changed_at,
    roles: parseList(row.roles),
    createdAt: row.created_at,
    disabledAt: row.disabled_at,
  }
}

export function accountToRow(account: Account): AccountsTable {
  return {
    id: account.id,
    email: account.email,
    canonical_email: account.canonicalEmail,
    name: account.name,
    password_hash: account.passwordHash,
    password_changed_at: account.passwordChangedAt,
    roles: JSON.stringify(account.roles),
    created_at: account.createdAt,
    disabled_at: account.disabledAt,
  }
}

export const SESSION_COLUMNS = [
  'id',
  'account_id',
  'client_id',
  'audience',
  'scope',
  'delivery',
  'amr',
  'authenticated_at',
  'created_at',
  'generation',
  'rotated_at',
  'tokens_until',
  'secret',
  'key_thumbprint',
  'epoch',
  'revoked_at',
  'revoked_because',
  'address',
  'user_agent',
] as const satisfies readonly (keyof SessionsTable)[]

export function sessionFromRow(row: SessionsTable): Session {
  return {
    id: row.id,
    accountId: row.account_id,
    clientId: row.client_id,
    audience: row.audience,
    scope: row.scope,
    delivery: row.delivery as Delivery,
    amr: parseList(row.amr),
    authenticatedAt: row.authenticated_at,
    createdAt: row.created_at,
    generation: row.generation,
    rotatedAt: row.rotated_at,
    tokensUntil: row.tokens_until,
    secret: row.secret,
    keyThumbprint: row.key_thumbprint,
    epoch: row.epoch,
    revokedAt: row.revoked_at,
    revokedBecause: row.revoked_because as RevocationReason | null,
    address: row.address,
    userAgent: row.user_agent,
  }
}

export function sessionToRow(session: Session): SessionsTable {
  return {
    id: session.id,
    account_id: session.accountId,
    client_id: session.clientId,
    audience: session.audience,
    scope: session.scope,
    delivery: session.delivery,
    amr: JSON.stringify(session.amr),
    authenticated_at: session.authenticatedAt,
    created_at: session.createdAt,
    generation: session.generation,
    rotated_at: session.rotatedAt,
    tokens_until: session.tokensUntil,
    secret: session.secret,
    key_thumbprint: session.keyThumbprint,
    epoch: session.epoch,
    revoked_at: session.revokedAt,
    revoked_because: session.revokedBecause,
    address: session.address,
    user_agent: session.userAgent,
  }
}

/** Written by `JSON.stringify` of the same list. */
function parseList(text: string): readonly string[] {
  return JSON.parse(text) as string[]
}
