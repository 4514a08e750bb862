import { addressPrefix } from '../../domain/address.ts'
import type { RefreshDecision } from '../../domain/refresh.ts'
import type { Session } from '../../domain/session.ts'
import type { RefreshAttempt, SessionAndAccount, SessionRevocation, SessionStore } from '../store.ts'
import { compileOnce, pick } from './compile-once.ts'
import type { RunStatement, SqlDatabase } from './database.ts'
import type { AppendEvents } from './events.ts'
import type { AppendRevocations } from './revocations.ts'
import { ENDED_COLUMNS, endedFromRow } from './revoke-sessions.ts'
import type { RevokeSessions } from './revoke-sessions.ts'
import { SESSION_COLUMNS, accountFromRow, sessionFromRow, sessionToRow } from './rows.ts'
import type { AccountsTable, SessionsTable } from './schema.ts'

export function createSessionStore(
  db: SqlDatabase,
  append: AppendEvents,
  revokeSessions: RevokeSessions,
  appendRevocations: AppendRevocations,
): SessionStore {
  const { build, traits } = db
  const lockEntitledAccount = compileOnce(({ id, hash }: { id: string; hash: string }) =>
    build
      .selectFrom('accounts')
      .select('id')
      .where('id', '=', id)
      .where('password_hash', '=', hash)
      .where('disabled_at', 'is', null)
      .modifyEnd(traits.lockSuffix),
  )
  const insert = compileOnce((row: SessionsTable) => build.insertInto('sessions').values(pick(row, SESSION_COLUMNS)))
  const rememberSource = createRememberSource(db)
  const withAccount = createWithAccount(db)
  const revokeOne = createRevokeOne(db, appendRevocations)
  const carryOut = createCarryOut(db, revokeOne)

  return {
    open: (session, expectedHash, events) =>
      db.write(async (run) => {
        const { rows } = await run(lockEntitledAccount({ id: session.accountId, hash: expectedHash }))
        if (rows.length === 0) return false
        await run(insert(sessionToRow(session)))
        await run(rememberSource(session))
        await append(run, events)
        return true
      }),

    async get(id) {
      const [row] = await db.read(withAccount({ id }))
      return row === undefined ? null : fromJoined(row)
    },

    async listLive(accountId, { createdAfter, rotatedAfter, epoch }, limit) {
      const query = build
        .selectFrom('sessions')
        .selectAll()
        .where('account_id', '=', accountId)
        .where('revoked_at', 'is', null)
        .where('created_at', '>', createdAfter)
        .where('rotated_at', '>', rotatedAfter)
        .where('epoch', '=', epoch)
        .orderBy('created_at', 'desc')
        .orderBy('id')
        .limit(limit)
      const rows = await db.read(query.compile())
      return rows.map(sessionFromRow)
    },

    refresh: (id, attempt) =>
      db.write(async (run) => {
        for (;;) {
          const [row] = (await run(withAccount({ id }))).rows
          if (row === undefined) return null
          const state = fromJoined(row)
          const decision = attempt.decide(state)
          const session = await carryOut(run, decision, state.session, attempt)
          if (session === null) continue // somebody else changed the row since it was read, and got further
          await append(run, attempt.events(decision, state))
          return { decision, session, account: state.account }
        }
      }),

    revoke: (id, revocation, events) =>
      db.write(async (run) => {
        const revoked = await revokeOne(run, id, revocation)
        if (!revoked) return false
        await append(run, events)
        return true
      }),

    revokeAll: (accountId, revocation, events) =>
      db.write(async (run) => {
        const revoked = await revokeSessions(run, accountId, revocation, null)
        await append(run, events)
        return revoked.map((session) => session.id)
      }),

    async knowsSource(accountId, prefix, since) {
      const query = build
        .selectFrom('known_sources')
        .select('last_at')
        .where('account_id', '=', accountId)
        .where('address_prefix', '=', prefix)
        .where('last_at', '>=', since)
      const rows = await db.read(query.compile())
      return rows.length > 0
    },
  }
}

/** Only a login with the password makes a source known: whoever rotates a stolen token has proven nothing by it. */
function createRememberSource({ build }: SqlDatabase) {
  const remember = compileOnce((values: { accountId: string; prefix: string; at: number }) =>
    build
      .insertInto('known_sources')
      .values({ account_id: values.accountId, address_prefix: values.prefix, last_at: values.at })
      .onConflict((conflict) => conflict.columns(['account_id', 'address_prefix']).doUpdateSet({ last_at: values.at })),
  )
  return ({ accountId, address, createdAt }: Session) =>
    remember({ accountId, prefix: addressPrefix(address), at: createdAt })
}

/** The session with its account in one statement, so that both are of one moment. */
function createWithAccount({ build }: SqlDatabase) {
  return compileOnce(({ id }: { id: string }) =>
    build
      .selectFrom('sessions')
      .innerJoin('accounts', 'accounts.id', 'sessions.account_id')
      .selectAll('sessions')
      .select([
        'accounts.email',
        'accounts.canonical_email',
        'accounts.name',
        'accounts.password_hash',
        'accounts.password_changed_at',
        'accounts.roles',
        'accounts.created_at as account_created_at',
        'accounts.disabled_at',
      ])
      .where('sessions.id', '=', id),
  )
}

type JoinedRow = SessionsTable &
  Omit<AccountsTable, 'id' | 'created_at'> & { readonly account_created_at: AccountsTable['created_at'] }

function fromJoined(row: JoinedRow): SessionAndAccount {
  const account = accountFromRow({ ...row, id: row.account_id, created_at: row.account_created_at })
  return { session: sessionFromRow(row), account }
}

/**
 * Does to the row what was decided, provided it is still the row that was decided upon: resolves to the session
 * afterwards, or to `null` when another transaction has changed it meanwhile.
 */
function createCarryOut(db: SqlDatabase, revokeOne: RevokeOne) {
  const rotate = createRotate(db)
  return async (run: RunStatement, decision: RefreshDecision, session: Session, attempt: RefreshAttempt) => {
    if (decision.kind === 'rotate') return rotate(run, session, attempt)
    if (decision.kind !== 'reuse') return session
    const revocation = { at: attempt.at, because: 'reuse' as const, revocations: attempt.revocations }
    const revoked = await revokeOne(run, session.id, revocation)
    return revoked ? { ...session, revokedAt: revocation.at, revokedBecause: revocation.because } : null
  }
}

/** The one write of a refresh: a single row, by primary key, if nobody has rotated or revoked it meanwhile. */
function createRotate({ build }: SqlDatabase) {
  const update = compileOnce((values: RotateValues) =>
    build
      .updateTable('sessions')
      .set(pick(values, ['generation', 'rotated_at', 'tokens_until', 'address', 'user_agent']))
      .where('id', '=', values.id)
      .where('generation', '=', values.expected)
      .where('revoked_at', 'is', null),
  )
  return async (run: RunStatement, session: Session, attempt: RefreshAttempt) => {
    const { at, address, userAgent } = attempt
    const tokensUntil = attempt.tokensUntil(session)
    const { id, generation: expected } = session
    const source = { address, user_agent: userAgent }
    const values = { id, expected, generation: expected + 1, rotated_at: at, tokens_until: tokensUntil, ...source }
    const { changed } = await run(update(values))
    if (changed === 0) return null
    return { ...session, generation: values.generation, rotatedAt: at, tokensUntil, address, userAgent }
  }
}

interface RotateValues extends Pick<
  SessionsTable,
  'id' | 'generation' | 'rotated_at' | 'tokens_until' | 'address' | 'user_agent'
> {
  readonly expected: number
}

/** Revokes one open session and puts on the revocation list what that causes; `false` when there was none to revoke. */
type RevokeOne = (run: RunStatement, id: string, revocation: SessionRevocation) => Promise<boolean>

function createRevokeOne({ build }: SqlDatabase, append: AppendRevocations): RevokeOne {
  const revoke = compileOnce((values: { id: string; at: number; because: string }) =>
    build
      .updateTable('sessions')
      .set({ revoked_at: values.at, revoked_because: values.because })
      .where('id', '=', values.id)
      .where('revoked_at', 'is', null)
      .returning(ENDED_COLUMNS),
  )
  const revokeOfOwner = compileOnce((values: { id: string; at: number; because: string; owner: string }) =>
    build
      .updateTable('sessions')
      .set({ revoked_at: values.at, revoked_because: values.because })
      .where('id', '=', values.id)
      .where('account_id', '=', values.owner)
      .where('revoked_at', 'is', null)
      .returning(ENDED_COLUMNS),
  )
  return async (run, id, { at, because, owner, revocations }) => {
    const query = owner === undefined ? revoke({ id, at, because }) : revokeOfOwner({ id, at, because, owner })
    const ended = (await run(query)).rows.map(endedFromRow)
    if (ended.length === 0) return false
    await append(run, revocations(ended), at)
    return true
  }
}
