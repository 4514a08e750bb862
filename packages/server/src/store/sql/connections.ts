import type { ConnectedGuard } from '../../domain/key-rotation.ts'
import type { ConnectionStore } from '../store.ts'
import type { SqlDatabase } from './database.ts'

/** Nodes that are gone leave their last report; it is forgotten with somebody else's next one. */
const FORGET_AFTER_SECONDS = 86_400

export function createConnectionStore(db: SqlDatabase): ConnectionStore {
  const { build } = db
  return {
    report: (node, guards, at) =>
      db.write(async (run) => {
        const row = { node, guards: JSON.stringify(guards), at }
        const insert = build.insertInto('connections').values(row)
        await run(insert.onConflict((conflict) => conflict.column('node').doUpdateSet(row)).compile())
        await run(
          build
            .deleteFrom('connections')
            .where('at', '<', at - FORGET_AFTER_SECONDS)
            .compile(),
        )
      }),

    async list(since) {
      const query = build.selectFrom('connections').select('guards').where('at', '>=', since).orderBy('node')
      const rows = await db.read(query.compile())
      return rows.flatMap(({ guards }) => JSON.parse(guards) as ConnectedGuard[])
    },
  }
}
