import type { ColumnDataType, ColumnDefinitionBuilder, CompiledQuery, Kysely, RawBuilder } from 'kysely'
import type { Schema } from './schema.ts'

/**
 * What the SQL of this folder needs from an engine.
 *
 * Every failure of the engine rejects with `StoreUnavailableError`; an error thrown by `work` passes through as it is.
 */
export interface SqlDatabase {
  /** Builds queries in the engine's dialect. Only for building: what it executes escapes the promises made here. */
  readonly build: Kysely<Schema>
  readonly traits: SqlTraits
  /** One statement that changes nothing; sees every write acknowledged before. */
  read<Row>(query: CompiledQuery<Row>): Promise<readonly Row[]>
  /**
   * One transaction, durable when the promise resolves, undone when `work` throws. `work` awaits nothing but its
   * statements: on an engine with one writer, everybody else is waiting. A statement sees what other transactions
   * have committed before it (READ COMMITTED at least), and a conditional UPDATE judges the newest row.
   */
  write<T>(work: (run: RunStatement) => Promise<T>): Promise<T>
  close(): Promise<void>
}

export type RunStatement = <Row>(query: CompiledQuery<Row>) => Promise<StatementResult<Row>>

export interface StatementResult<Row> {
  readonly rows: readonly Row[]
  /** Rows inserted, updated or deleted. */
  readonly changed: number
}

/** The few places where engines differ in what they call things. */
export interface SqlTraits {
  /** A whole number up to 2^53. */
  readonly integer: ColumnDataType
  readonly bytes: ColumnDataType
  /** A number the engine gives to each row, strictly increasing, never given twice. */
  sequenceColumn(column: ColumnDefinitionBuilder): ColumnDefinitionBuilder
  /** What follows the closing bracket of CREATE TABLE. */
  readonly tableSuffix: RawBuilder<unknown>
  /** Statements that make the engine refuse UPDATE and DELETE on a table. */
  appendOnly(table: string): readonly RawBuilder<unknown>[]
  /** What follows a SELECT whose rows must stay as they are until the transaction ends; empty with a single writer. */
  readonly lockSuffix: RawBuilder<unknown>
}
