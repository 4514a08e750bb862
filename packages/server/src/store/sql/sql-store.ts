import { sql } from 'kysely'
import type { Store } from '../store.ts'
import { createAccountStore } from './accounts.ts'
import { createAttemptStore } from './attempts.ts'
import { createConnectionStore } from './connections.ts'
import type { SqlDatabase } from './database.ts'
import { createAppendEvents, createEventStore } from './events.ts'
import { createGuardCredentialStore } from './guard-credentials.ts'
import { createProofStore } from './proofs.ts'
import { prune } from './prune.ts'
import { createRevocationStore, createRevocationWriter } from './revocations.ts'
import { createRevokeSessions } from './revoke-sessions.ts'
import { createSecretStore } from './secrets.ts'
import { createSessionStore } from './sessions.ts'
import { createSigningKeyStore } from './signing-keys.ts'

/** The store over any SQL engine whose database has been migrated. */
export function createSqlStore(database: SqlDatabase): Store {
  const writer = createRevocationWriter(database)
  const { db } = writer
  const append = createAppendEvents(db)
  const revokeSessions = createRevokeSessions(db, writer.append)
  const epoch = db.build.selectFrom('meta').select('value').where('name', '=', 'epoch').compile()
  const one = sql<{ one: number }>`select 1 as one`.compile(db.build)

  return {
    accounts: createAccountStore(db, append, revokeSessions),
    sessions: createSessionStore(db, append, revokeSessions, writer.append),
    attempts: createAttemptStore(db),
    proofs: createProofStore(db),
    signingKeys: createSigningKeyStore(db, append, writer.append),
    secrets: createSecretStore(db),
    connections: createConnectionStore(db),
    revocations: createRevocationStore(writer, append),
    guardCredentials: createGuardCredentialStore(db, append),
    events: createEventStore(db, append),
    async epoch() {
      const [row] = await db.read(epoch)
      return Number(row?.value)
    },
    async ping() {
      await db.read(one)
    },
    prune: (now, keepSeconds) => prune(db, now, keepSeconds),
    close: () => db.close(),
  }
}
