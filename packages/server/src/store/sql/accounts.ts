import type { AccountChange, AccountStore } from '../store.ts'
import { compileOnce, pick } from './compile-once.ts'
import type { SqlDatabase } from './database.ts'
import type { AppendEvents } from './events.ts'
import type { RevokeSessions } from './revoke-sessions.ts'
import { ACCOUNT_COLUMNS, accountFromRow, accountToRow } from './rows.ts'
import type { AccountsTable } from './schema.ts'

export function createAccountStore(
  db: SqlDatabase,
  append: AppendEvents,
  revokeSessions: RevokeSessions,
): AccountStore {
  const { build } = db
  const insert = compileOnce((row: AccountsTable) =>
    build
      .insertInto('accounts')
      .values(pick(row, ACCOUNT_COLUMNS))
      .onConflict((conflict) => conflict.column('canonical_email').doNothing()),
  )
  const byId = compileOnce(({ id }: { id: string }) => build.selectFrom('accounts').selectAll().where('id', '=', id))
  const byEmail = compileOnce(({ email }: { email: string }) =>
    build.selectFrom('accounts').selectAll().where('canonical_email', '=', email),
  )
  const replaceHash = compileOnce((change: { id: string; expected: string; hash: string; at: number }) =>
    build
      .updateTable('accounts')
      .set({ password_hash: change.hash, password_changed_at: change.at })
      .where('id', '=', change.id)
      .where('password_hash', '=', change.expected),
  )
  const replaceHashOnly = compileOnce((change: { id: string; expected: string; hash: string }) =>
    build
      .updateTable('accounts')
      .set({ password_hash: change.hash })
      .where('id', '=', change.id)
      .where('password_hash', '=', change.expected),
  )

  return {
    create: (account, events) =>
      db.write(async (run) => {
        const { changed } = await run(insert(accountToRow(account)))
        if (changed === 0) return false
        await append(run, events)
        return true
      }),

    async get(id) {
      const [row] = await db.read(byId({ id }))
      return row === undefined ? null : accountFromRow(row)
    },

    async findByEmail(email) {
      const [row] = await db.read(byEmail({ email }))
      return row === undefined ? null : accountFromRow(row)
    },

    async list({ afterId, limit }) {
      let query = build.selectFrom('accounts').selectAll().orderBy('created_at').orderBy('id').limit(limit)
      if (afterId !== null) {
        const [after] = await db.read(byId({ id: afterId }))
        if (after === undefined) return []
        query = query.where(({ eb, refTuple, tuple }) =>
          eb(refTuple('created_at', 'id'), '>', tuple(after.created_at, after.id)),
        )
      }
      const rows = await db.read(query.compile())
      return rows.map(accountFromRow)
    },

    update: (id, change, events) =>
      db.write(async (run) => {
        const columns = changedColumns(change)
        const query =
          Object.keys(columns).length === 0
            ? byId({ id })
            : build.updateTable('accounts').set(columns).where('id', '=', id).returningAll().compile()
        const [row] = (await run(query)).rows
        if (row === undefined) return null
        await append(run, events)
        return accountFromRow(row)
      }),

    changePassword: (id, change, events) =>
      db.write(async (run) => {
        const { expectedHash: expected, newHash: hash, at, keepSession, revocations } = change
        const { changed } = await run(replaceHash({ id, expected, hash, at }))
        if (changed === 0) return null
        const revoked = await revokeSessions(run, id, { at, because: 'password_changed', revocations }, keepSession)
        await append(run, events)
        return revoked.length
      }),

    rehash: (id, expected, hash, events) =>
      db.write(async (run) => {
        const { changed } = await run(replaceHashOnly({ id, expected, hash }))
        if (changed === 0) return false
        await append(run, events)
        return true
      }),

    disable: (id, { at, revocations }, events) =>
      db.write(async (run) => {
        const { changed } = await run(
          build
            .updateTable('accounts')
            .set({ disabled_at: at })
            .where('id', '=', id)
            .where('disabled_at', 'is', null)
            .compile(),
        )
        if (changed === 0) return false
        await revokeSessions(run, id, { at, because: 'account_disabled', revocations }, null)
        await append(run, events)
        return true
      }),

    delete: (id, { at, revocations }, events) =>
      db.write(async (run) => {
        // the rows are about to go: this is how their tokens get onto the list
        await revokeSessions(run, id, { at, because: 'account_deleted', revocations }, null)
        const { changed } = await run(build.deleteFrom('accounts').where('id', '=', id).compile())
        if (changed === 0) return false
        await append(run, events)
        return true
      }),
  }
}

function changedColumns(change: AccountChange): { name?: string | null; roles?: string } {
  return {
    ...(change.name === undefined ? {} : { name: change.name }),
    ...(change.roles === undefined ? {} : { roles: JSON.stringify(change.roles) }),
  }
}
