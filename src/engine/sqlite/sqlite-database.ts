/** What SQLite stores: whole numbers come as bigints. */
export type SqliteValue = null | number | bigint | string | Uint8Array

/** A statement that is being run. */
export interface SqliteStatement {
  /** Columns of the result, with the type that a column of a table was declared with. None when it gives no rows. */
  readonly columns: readonly { readonly name: string; readonly declared?: string }[]
  /** The next row, undefined after the last. */
  step(): readonly SqliteValue[] | undefined
  close(): void
}

/** A database as the engine needs it, whichever library has it open. */
export interface SqliteDatabase {
  readonly version: string
  /** Prepares the one statement of `sql` and binds its values, by position or by name (`$name`). */
  prepare(sql: string, values: readonly SqliteValue[] | Readonly<Record<string, SqliteValue>>): SqliteStatement
  /** Rows that the last INSERT, UPDATE or DELETE changed. */
  changes(): number
  close(): void
}
