import type { SealedValue, SecretStore } from '../store.ts'
import type { SqlDatabase } from './database.ts'

export function createSecretStore(db: SqlDatabase): SecretStore {
  const { build } = db
  const secretBy = (name: string) => build.selectFrom('secrets').select('sealed').where('name', '=', name).compile()

  return {
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

    async listSealed() {
      const secrets = await db.read(build.selectFrom('secrets').select(['name', 'sealed']).orderBy('name').compile())
      const keys = await db.read(
        build
          .selectFrom('signing_keys')
          .select(['kid as name', 'sealed_private_jwk as sealed'])
          .where('sealed_private_jwk', '<>', '')
          .orderBy('kid')
          .compile(),
      )
      return [
        ...secrets.map((row): SealedValue => ({ of: 'secret', ...row })),
        ...keys.map((row): SealedValue => ({ of: 'signing key', ...row })),
      ]
    },

    reseal: (value, sealed) =>
      db.write(async (run) => {
        const update =
          value.of === 'secret'
            ? build
                .updateTable('secrets')
                .set({ sealed })
                .where('name', '=', value.name)
                .where('sealed', '=', value.sealed)
            : build
                .updateTable('signing_keys')
                .set({ sealed_private_jwk: sealed })
                .where('kid', '=', value.name)
                .where('sealed_private_jwk', '=', value.sealed)
        return (await run(update.compile())).changed > 0
      }),
  }
}
