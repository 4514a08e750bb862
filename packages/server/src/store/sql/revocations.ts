import { sql } from 'kysely'
import type { Selectable } from 'kysely'
import type { Revocation } from '@signet/protocol'
import type { EpochSeconds } from '../../domain/time.ts'
import type { RevocationStore, SequencedRevocation } from '../store.ts'
import { compileOnce, pick } from './compile-once.ts'
import type { RunStatement, SqlDatabase } from './database.ts'
import type { AppendEvents } from './events.ts'
import type { RevocationsTable } from './schema.ts'

/** Writes entries as part of somebody else's transaction, in the order given. */
export type AppendRevocations = (run: RunStatement, entries: readonly Revocation[], at: EpochSeconds) => Promise<void>

/** The writing side of the list, with the news of it. */
export interface RevocationWriter {
  /** The database to write through: who waits for news is told after each commit that added entries. */
  readonly db: SqlDatabase
  readonly append: AppendRevocations
  onAdded(listener: () => void): () => void
}

export function createRevocationWriter(db: SqlDatabase): RevocationWriter {
  const insert = compileOnce((row: NewRow) =>
    db.build
      .insertInto('revocations')
      .values(pick(row, COLUMNS))
      .onConflict((conflict) => conflict.doNothing()),
  )
  const listeners = new Set<() => void>()
  const adding = new WeakSet<RunStatement>()
  return {
    db: {
      ...db,
      async write(work) {
        let added = false
        const result = await db.write(async (run) => {
          const own: RunStatement = (query) => run(query)
          const value = await work(own)
          added = adding.has(own)
          return value
        })
        if (added) for (const listener of listeners) listener()
        return result
      },
    },
    async append(run, entries, at) {
      for (const entry of entries) await run(insert(toRow(entry, at)))
      if (entries.length > 0) adding.add(run)
    },
    onAdded(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

export function createRevocationStore(
  { db, append, onAdded }: RevocationWriter,
  appendEvents: AppendEvents,
): RevocationStore {
  const { build } = db
  const after = compileOnce((page: { sequence: number; limit: number }) =>
    build
      .selectFrom('revocations')
      .select(['sequence', 'kind', 'value', 'before', 'until'])
      .where('sequence', '>', page.sequence)
      .orderBy('sequence')
      .limit(page.limit),
  )
  const newest = sql<{ epoch: string; sequence: number | null }>`
    select (select value from meta where name = 'epoch') as epoch, max(sequence) as sequence from revocations
  `.compile(build)
  const token = compileOnce(({ jti }: { jti: string }) =>
    build.selectFrom('revocations').select('sequence').where('kind', '=', sql.lit('token')).where('value', '=', jti),
  )

  return {
    add: ({ entries, at }, events) =>
      db.write(async (run) => {
        await append(run, entries, at)
        await appendEvents(run, events)
      }),
    async since(sequence, limit) {
      const rows = await db.read(after({ sequence, limit }))
      return rows.map(fromRow)
    },
    async newest() {
      const [row] = await db.read(newest)
      return { epoch: Number(row?.epoch), sequence: row?.sequence ?? 0 }
    },
    async hasToken(jti) {
      const rows = await db.read(token({ jti }))
      return rows.length > 0
    },
    onAdded,
  }
}

type NewRow = Omit<Selectable<RevocationsTable>, 'sequence'>

const COLUMNS = ['kind', 'value', 'before', 'until', 'at'] as const satisfies readonly (keyof NewRow)[]

function toRow(entry: Revocation, at: EpochSeconds): NewRow {
  const before = entry.kind === 'subject' ? entry.before : null
  return { kind: entry.kind, value: valueOf(entry), before, until: entry.until, at }
}

function valueOf(entry: Revocation): string {
  switch (entry.kind) {
    case 'token':
      return entry.jti
    case 'session':
      return entry.sid
    case 'subject':
      return entry.sub
    case 'key':
      return entry.kid
  }
}

function fromRow(row: Omit<Selectable<RevocationsTable>, 'at'>): SequencedRevocation {
  return { sequence: row.sequence, entry: entryOf(row) }
}

function entryOf({ kind, value, before, until }: Omit<Selectable<RevocationsTable>, 'at' | 'sequence'>): Revocation {
  switch (kind) {
    case 'token':
      return { kind, jti: value, until }
    case 'session':
      return { kind, sid: value, until }
    case 'subject':
      return { kind, sub: value, before: before ?? 0, until }
    case 'key':
      return { kind, kid: value, until }
    default:
      throw new TypeError('a revocation is of kind token, session, subject or key')
  }
}
