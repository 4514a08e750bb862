import type { GuardCredential } from '../../domain/guard-credential.ts'
import type { GuardCredentialStore } from '../store.ts'
import { compileOnce } from './compile-once.ts'
import type { SqlDatabase } from './database.ts'
import type { AppendEvents } from './events.ts'
import type { GuardCredentialsTable } from './schema.ts'

export function createGuardCredentialStore(db: SqlDatabase, append: AppendEvents): GuardCredentialStore {
  const { build } = db
  const byHash = compileOnce(({ hash }: { hash: string }) =>
    build.selectFrom('guard_credentials').selectAll().where('hash', '=', hash),
  )
  return {
    create: (credential, events) =>
      db.write(async (run) => {
        await run(build.insertInto('guard_credentials').values(toRow(credential)).compile())
        await append(run, events)
      }),

    async findByHash(hash) {
      const [row] = await db.read(byHash({ hash }))
      return row === undefined ? null : fromRow(row)
    },

    async list() {
      const query = build.selectFrom('guard_credentials').selectAll().orderBy('created_at').orderBy('id')
      const rows = await db.read(query.compile())
      return rows.map(fromRow)
    },

    revoke: (id, at, events) =>
      db.write(async (run) => {
        const revoke = build.updateTable('guard_credentials').set({ revoked_at: at })
        const { changed } = await run(revoke.where('id', '=', id).where('revoked_at', 'is', null).compile())
        if (changed === 0) return false
        await append(run, events)
        return true
      }),
  }
}

function toRow(credential: GuardCredential): GuardCredentialsTable {
  const { id, name, audience, hash, createdAt, revokedAt } = credential
  return { id, name, audience, hash, created_at: createdAt, revoked_at: revokedAt }
}

function fromRow(row: GuardCredentialsTable): GuardCredential {
  const { id, name, audience, hash } = row
  return { id, name, audience, hash, createdAt: row.created_at, revokedAt: row.revoked_at }
}
