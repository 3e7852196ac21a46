/** What SQLite stores: whole numbers come as bigints. */
export type SqliteValue = null | number | bigint | string | Uint8Array

/** Values of parameters, by position or by name (`$name`). */
export type SqliteParameters = readonly SqliteValue[] | Readonly<Record<string, SqliteValue>>

/** A prepared statement, which is run again and again. SQLite prepares it anew by itself when the schema changed. */
export interface SqliteStatement {
  /** Columns of the result, with the type that a column of a table was declared with; right after the first step. None when it gives no rows. */
  readonly columns: readonly { readonly name: string; readonly declared?: string }[]
  /** Begins anew with values. */
  bind(values: SqliteParameters): void
  /** The next row, undefined after the last. */
  step(): readonly SqliteValue[] | undefined
  /** Leaves the rows that are unread. */
  reset(): void
  close(): void
}

/** A database as the engine needs it, whichever library has it open. */
export interface SqliteDatabase {
  readonly version: string
  /** Prepares the one statement of `sql`. */
  prepare(sql: string): SqliteStatement
  /** Rows that the last INSERT, UPDATE or DELETE changed. */
  changes(): number
  close(): void
}
