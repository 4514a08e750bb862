import type { Selectable } from 'kysely'
import type { EventDraft, EventType, SecurityEvent } from '../../domain/event.ts'
import type { EventFilter, EventStore } from '../store.ts'
import { compileOnce, pick } from './compile-once.ts'
import type { RunStatement, SqlDatabase } from './database.ts'
import type { EventsTable } from './schema.ts'

/** Writes events as part of somebody else's transaction, in the order given. */
export type AppendEvents = (run: RunStatement, events: readonly EventDraft[]) => Promise<void>

export function createAppendEvents(db: SqlDatabase): AppendEvents {
  const insert = compileOnce((row: NewEventRow) => db.build.insertInto('events').values(pick(row, COLUMNS)))
  return async (run, events) => {
    for (const event of events) await run(insert(toRow(event)))
  }
}

export function createEventStore(db: SqlDatabase, append: AppendEvents): EventStore {
  return {
    append: (events) => db.write((run) => append(run, events)),

    async list(filter: EventFilter) {
      let query = db.build.selectFrom('events').selectAll().orderBy('sequence').limit(filter.limit)
      if (filter.accountId !== undefined) query = query.where('account_id', '=', filter.accountId)
      if (filter.sessionId !== undefined) query = query.where('session_id', '=', filter.sessionId)
      if (filter.afterSequence !== undefined) query = query.where('sequence', '>', filter.afterSequence)
      const rows = await db.read(query.compile())
      return rows.map(fromRow)
    },
  }
}

type NewEventRow = Omit<Selectable<EventsTable>, 'sequence'>

const COLUMNS = [
  'type',
  'at',
  'account_id',
  'session_id',
  'address',
  'user_agent',
  'request_id',
  'details',
] as const satisfies readonly (keyof NewEventRow)[]

function toRow(event: EventDraft): NewEventRow {
  return {
    type: event.type,
    at: event.at,
    account_id: event.accountId,
    session_id: event.sessionId,
    address: event.source.address,
    user_agent: event.source.userAgent,
    request_id: event.source.requestId,
    details: JSON.stringify(event.details),
  }
}

function fromRow(row: Selectable<EventsTable>): SecurityEvent {
  return {
    sequence: row.sequence,
    type: row.type as EventType,
    at: row.at,
    accountId: row.account_id,
    sessionId: row.session_id,
    source: { address: row.address, userAgent: row.user_agent, requestId: row.request_id },
    details: JSON.parse(row.details) as SecurityEvent['details'],
  }
}
