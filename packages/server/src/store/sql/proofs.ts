import type { ProofStore } from '../store.ts'
import { compileOnce } from './compile-once.ts'
import type { SqlDatabase } from './database.ts'

export function createProofStore(db: SqlDatabase): ProofStore {
  const insert = compileOnce((proof: { id: string; expiresAt: number }) =>
    db.build
      .insertInto('proofs')
      .values({ id: proof.id, expires_at: proof.expiresAt })
      .onConflict((conflict) => conflict.column('id').doNothing()),
  )
  return {
    remember: (id, expiresAt) =>
      db.write(async (run) => {
        const { changed } = await run(insert({ id, expiresAt }))
        return changed > 0
      }),
  }
}
