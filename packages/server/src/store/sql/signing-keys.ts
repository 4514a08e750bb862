import { sql } from 'kysely'
import type { Selectable } from 'kysely'
import type { SigningKeyState, StoredSigningKey } from '../../domain/signing-key.ts'
import type { EpochSeconds } from '../../domain/time.ts'
import type { SigningKeyStore } from '../store.ts'
import type { RunStatement, SqlDatabase } from './database.ts'
import type { AppendEvents } from './events.ts'
import type { AppendRevocations } from './revocations.ts'
import type { SigningKeysTable } from './schema.ts'

export function createSigningKeyStore(
  db: SqlDatabase,
  append: AppendEvents,
  appendRevocations: AppendRevocations,
): SigningKeyStore {
  const { build } = db
  const change = createKeyChanges(db)
  const version = build.selectFrom('meta').select('value').where('name', '=', 'keys_version').compile()

  return {
    async list() {
      const query = build.selectFrom('signing_keys').selectAll().orderBy('created_at').orderBy('kid')
      const rows = await db.read(query.compile())
      return rows.map(fromRow)
    },

    async version() {
      const [row] = await db.read(version)
      return Number(row?.value)
    },

    addFirst: (key, events) =>
      db.write(async (run) => {
        if (!(await change.insert(run, key))) return false
        await append(run, events)
        return true
      }),

    replace: (activeKid, key, events) =>
      db.write(async (run) => {
        const known = await change.stateOf(run, key.kid)
        if (known !== null && known !== 'retired') return false
        if (!(await change.retire(run, activeKid, key.activatedAt))) return false
        if (known === null) await change.insert(run, key)
        else await change.activate(run, key.kid, 'retired', key.activatedAt)
        await append(run, events)
        return true
      }),

    publish: (key, activeKid, events) =>
      db.write(async (run) => {
        if (!(await change.isActive(run, activeKid)) || !(await change.insert(run, key))) return false
        await append(run, events)
        return true
      }),

    activate: (kid, { at, retires }, events) =>
      db.write(async (run) => {
        if ((await change.stateOf(run, kid)) !== 'pending') return false
        const isFree = retires === null ? await change.isActive(run, null) : await change.retire(run, retires, at)
        if (!isFree) return false
        await change.activate(run, kid, 'pending', at)
        await append(run, events)
        return true
      }),

    drop: (kid, state, events) =>
      db.write(async (run) => {
        if (!(await change.remove(run, kid, state))) return false
        await append(run, events)
        return true
      }),

    revoke: (kid, { at, state, successor, revocations }, events) =>
      db.write(async (run) => {
        if (successor !== null && 'kid' in successor && (await change.stateOf(run, successor.kid)) !== 'pending') {
          return false
        }
        if (!(await change.revoke(run, kid, state, at))) return false
        if (successor !== null && 'kid' in successor) await change.activate(run, successor.kid, 'pending', at)
        else if (successor !== null) await change.insert(run, successor.key)
        await appendRevocations(run, revocations, at)
        await append(run, events)
        return true
      }),

    rememberTokenLifetime: (kid, seconds) =>
      db.write(async (run) => {
        await run(
          build
            .updateTable('signing_keys')
            .set({ token_seconds: seconds })
            .where('kid', '=', kid)
            .where('token_seconds', '<', seconds)
            .compile(),
        )
      }),

    rememberJwksMaxAge: (seconds) =>
      db.write(async (run) => {
        await run(
          build
            .updateTable('meta')
            .set({ value: String(seconds) })
            .where('name', '=', 'jwks_max_age')
            .where(sql<number>`cast(value as integer)`, '<', seconds)
            .compile(),
        )
      }),

    async jwksMaxAge() {
      const [row] = await db.read(build.selectFrom('meta').select('value').where('name', '=', 'jwks_max_age').compile())
      return Number(row?.value)
    },
  }
}

/** The single statements that steps are made of; those that change a row raise the version with it. */
function createKeyChanges({ build, traits }: SqlDatabase) {
  const raiseVersion = build
    .updateTable('meta')
    .set({ value: sql<string>`cast(cast(value as integer) + 1 as text)` })
    .where('name', '=', 'keys_version')
    .compile()
  const keyIn = (kid: string, state: SigningKeyState) =>
    build.updateTable('signing_keys').where('kid', '=', kid).where('state', '=', state)

  const raising = async (run: RunStatement, changed: number): Promise<boolean> => {
    if (changed === 0) return false
    await run(raiseVersion)
    return true
  }

  return {
    async stateOf(run: RunStatement, kid: string): Promise<SigningKeyState | null> {
      const query = build.selectFrom('signing_keys').select('state').where('kid', '=', kid)
      const [row] = (await run(query.modifyEnd(traits.lockSuffix).compile())).rows
      return (row?.state as SigningKeyState | undefined) ?? null
    },

    /** With `null`: whether none is. Nobody changes the row before the transaction ends. */
    async isActive(run: RunStatement, kid: string | null): Promise<boolean> {
      const query = build.selectFrom('signing_keys').select('kid').where('state', '=', 'active')
      const [row] = (await run(query.modifyEnd(traits.lockSuffix).compile())).rows
      return (row?.kid ?? null) === kid
    },

    /** `false` when the name is taken, or another key is in the one state that only one may have. */
    async insert(run: RunStatement, key: StoredSigningKey): Promise<boolean> {
      const query = build
        .insertInto('signing_keys')
        .values(toRow(key))
        .onConflict((conflict) => conflict.doNothing())
      return raising(run, (await run(query.compile())).changed)
    },

    async retire(run: RunStatement, kid: string, at: EpochSeconds | null): Promise<boolean> {
      const query = keyIn(kid, 'active').set({ state: 'retired', retired_at: at })
      return raising(run, (await run(query.compile())).changed)
    },

    async activate(run: RunStatement, kid: string, from: SigningKeyState, at: EpochSeconds | null): Promise<boolean> {
      const query = keyIn(kid, from).set({ state: 'active', activated_at: at, retired_at: null })
      return raising(run, (await run(query.compile())).changed)
    },

    async revoke(run: RunStatement, kid: string, from: SigningKeyState, at: EpochSeconds): Promise<boolean> {
      const query = keyIn(kid, from).set({ state: 'revoked', revoked_at: at, sealed_private_jwk: '' })
      return raising(run, (await run(query.compile())).changed)
    },

    async remove(run: RunStatement, kid: string, from: SigningKeyState): Promise<boolean> {
      const query = build.deleteFrom('signing_keys').where('kid', '=', kid).where('state', '=', from)
      return raising(run, (await run(query.compile())).changed)
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
    revoked_at: key.revokedAt,
    token_seconds: key.tokenSeconds,
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
    revokedAt: row.revoked_at,
    tokenSeconds: row.token_seconds,
  }
}
