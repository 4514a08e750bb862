import type { CompiledQuery, Kysely } from 'kysely'
import { StoreUnavailableError } from '../store.ts'
import type { RunStatement, SqlDatabase, SqlTraits, StatementResult } from './database.ts'
import type { Schema } from './schema.ts'

/** Runs statements through Kysely, on whatever engine its dialect speaks to. */
export function createKyselyDatabase(kysely: Kysely<Schema>, traits: SqlTraits): SqlDatabase {
  return {
    build: kysely,
    traits,
    read: async (query) => (await runOn(kysely)(query)).rows,
    write: (work) => inTransaction(kysely, work),
    close: () => kysely.destroy(),
  }
}

async function inTransaction<T>(kysely: Kysely<Schema>, work: (run: RunStatement) => Promise<T>): Promise<T> {
  let fault: { readonly error: unknown } | undefined
  try {
    return await kysely.transaction().execute(async (transaction) => {
      try {
        return await work(runOn(transaction))
      } catch (error) {
        fault = { error }
        throw error
      }
    })
  } catch (error) {
    throw fault !== undefined && fault.error === error ? error : unavailable(error)
  }
}

function runOn(kysely: Kysely<Schema>): RunStatement {
  return async <Row>(query: CompiledQuery<Row>): Promise<StatementResult<Row>> => {
    try {
      const { rows, numAffectedRows } = await kysely.executeQuery(query)
      return { rows, changed: numAffectedRows === undefined ? rows.length : Number(numAffectedRows) }
    } catch (error) {
      throw unavailable(error)
    }
  }
}

function unavailable(cause: unknown): StoreUnavailableError {
  return cause instanceof StoreUnavailableError
    ? cause
    : new StoreUnavailableError('The database did not carry out a statement', { cause })
}
