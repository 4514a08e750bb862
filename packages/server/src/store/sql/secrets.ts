import type { Selectable } from 'kysely'
import type { SigningKeyState, StoredSigningKey } from '../../domain/signing-key.ts'
import type { EpochSeconds } from '../../domain/time.ts'
import type { SecretStore } from '../store.ts'
import type { SqlDatabase } from './database.ts'
import type { AppendEvents } from './events.ts'
import type { SigningKeysTable } from './schema.ts'

export function createSecretStore(db: SqlDatabase, append: AppendEvents): SecretStore {
  const { build, traits } = db
  const insertKey = (key: StoredSigningKey) =>
    build
      .insertInto('signing_keys')
      .values(toRow(key))
      .onConflict((conflict) => conflict.doNothing())
      .compile()
  const keyBy = (kid: string) =>
    build.selectFrom('signing_keys').select('state').where('kid', '=', kid).modifyEnd(traits.lockSuffix).compile()
  const retireActive = (kid: string, at: EpochSeconds | null) =>
    build
      .updateTable('signing_keys')
      .set({ state: 'retired', retired_at: at })
      .where('kid', '=', kid)
      .where('state', '=', 'active')
      .compile()
  const reactivate = (key: StoredSigningKey) =>
    build
      .updateTable('signing_keys')
      .set({ state: 'active', activated_at: key.activatedAt, retired_at: null })
      .where('kid', '=', key.kid)
      .compile()
  const secretBy = (name: string) => build.selectFrom('secrets').select('sealed').where('name', '=', name).compile()

  return {
    async signingKeys() {
      const query = build.selectFrom('signing_keys').selectAll().orderBy('created_at').orderBy('kid')
      const rows = await db.read(query.compile())
      return rows.map(fromRow)
    },

    addFirstSigningKey: (key, events) =>
      db.write(async (run) => {
        const { changed } = await run(insertKey(key))
        if (changed === 0) return false
        await append(run, events)
        return true
      }),

    replaceSigningKey: (activeKid, key, events) =>
      db.write(async (run) => {
        const [known] = (await run(keyBy(key.kid))).rows
        if (known !== undefined && known.state !== 'retired') return false
        const { changed } = await run(retireActive(activeKid, key.activatedAt))
        if (changed === 0) return false
        await run(known === undefined ? insertKey(key) : reactivate(key))
        await append(run, events)
        return true
      }),

    getOrCreate: (name, sealed) =>
      db.write(async (run) => {
        const insert = build.insertInto('secrets').values({ name, sealed })
        await run(insert.onConflict((conflict) => conflict.column('name').doNothing()).compile())
        const [row] = (await run(secretBy(name))).rows
        return row?.sealed ?? sealed
      }),

    async get(name) {
      const [row] = await db.read(secretBy(name))
      return row?.sealed ?? null
    },
  }
}

function toRow(key: StoredSigningKey): Selectable<SigningKeysTable> {
  return {
    kid: key.kid,
    alg: key.alg,
    state: key.state,
    public_jwk: key.publicJwk,
    sealed_private_jwk: key.sealedPrivateJwk,
    created_at: key.createdAt,
    activated_at: key.activatedAt,
    retired_at: key.retiredAt,
  }
}

function fromRow(row: Selectable<SigningKeysTable>): StoredSigningKey {
  return {
    kid: row.kid,
    alg: row.alg,
    state: row.state as SigningKeyState,
    publicJwk: row.public_jwk,
    sealedPrivateJwk: row.sealed_private_jwk,
    createdAt: row.created_at,
    activatedAt: row.activated_at,
    retiredAt: row.retired_at,
  }
}
