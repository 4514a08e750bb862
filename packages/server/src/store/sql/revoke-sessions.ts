import { compileOnce } from './compile-once.ts'
import type { RunStatement, SqlDatabase } from './database.ts'
import type { RevocationReason } from '../../domain/session.ts'
import type { EpochSeconds } from '../../domain/time.ts'

/** Revokes the open sessions of an account but `keep`, in somebody else's transaction; resolves to their ids. */
export type RevokeSessions = (
  run: RunStatement,
  accountId: string,
  revocation: { readonly at: EpochSeconds; readonly because: RevocationReason },
  keep: string | null,
) => Promise<readonly string[]>

export function createRevokeSessions(db: SqlDatabase): RevokeSessions {
  const revoke = compileOnce((values: { accountId: string; at: EpochSeconds; because: string; keep: string }) =>
    db.build
      .updateTable('sessions')
      .set({ revoked_at: values.at, revoked_because: values.because })
      .where('account_id', '=', values.accountId)
      .where('revoked_at', 'is', null)
      .where('id', '<>', values.keep)
      .returning('id'),
  )
  return async (run, accountId, { at, because }, keep) => {
    // no session has an empty id
    const { rows } = await run(revoke({ accountId, at, because, keep: keep ?? '' }))
    return rows.map((row) => row.id)
  }
}
