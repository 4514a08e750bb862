import type { CauseRevocations, EndedSession } from '../../domain/revocation.ts'
import type { RevocationReason } from '../../domain/session.ts'
import type { EpochSeconds } from '../../domain/time.ts'
import { compileOnce } from './compile-once.ts'
import type { RunStatement, SqlDatabase } from './database.ts'
import type { AppendRevocations } from './revocations.ts'
import type { SessionsTable } from './schema.ts'

/**
 * Revokes the open sessions of an account but `keep`, in somebody else's transaction, and puts on the revocation list
 * what that causes; resolves to the sessions it ended.
 */
export type RevokeSessions = (
  run: RunStatement,
  accountId: string,
  revocation: AccountRevocation,
  keep: string | null,
) => Promise<readonly EndedSession[]>

export interface AccountRevocation {
  readonly at: EpochSeconds
  readonly because: RevocationReason
  readonly revocations: CauseRevocations
}

/** What an UPDATE that ends sessions gives back. */
export const ENDED_COLUMNS = [
  'id',
  'account_id',
  'rotated_at',
  'tokens_until',
] as const satisfies readonly (keyof SessionsTable)[]

export function endedFromRow(row: Pick<SessionsTable, (typeof ENDED_COLUMNS)[number]>): EndedSession {
  return { id: row.id, accountId: row.account_id, rotatedAt: row.rotated_at, tokensUntil: row.tokens_until }
}

export function createRevokeSessions(db: SqlDatabase, append: AppendRevocations): RevokeSessions {
  const revoke = compileOnce((values: { accountId: string; at: EpochSeconds; because: string; keep: string }) =>
    db.build
      .updateTable('sessions')
      .set({ revoked_at: values.at, revoked_because: values.because })
      .where('account_id', '=', values.accountId)
      .where('revoked_at', 'is', null)
      .where('id', '<>', values.keep)
      .returning(ENDED_COLUMNS),
  )
  return async (run, accountId, { at, because, revocations }, keep) => {
    // no session has an empty id
    const { rows } = await run(revoke({ accountId, at, because, keep: keep ?? '' }))
    const ended = rows.map(endedFromRow)
    await append(run, revocations(ended), at)
    return ended
  }
}
