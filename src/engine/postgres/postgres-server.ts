/** A column of a result as the wire describes it. */
export interface PostgresField {
  readonly name: string
  /** The object id of the type. */
  readonly type: number
  /** The type's modifier, such as precision and scale; -1 when it has none. */
  readonly modifier: number
}

/** One statement with its values as text; `types` are object ids, 0 where the server may find out. */
export interface PostgresQuery {
  readonly sql: string
  readonly values: readonly (string | null)[]
  readonly types: readonly number[]
}

export type PostgresRow = readonly (string | null)[]

/** Rows of a running statement, as text. */
export interface PostgresCursor {
  /** None for a statement that gives no rows. */
  readonly fields: readonly PostgresField[]
  /** Up to `size` more rows; `command`, such as `UPDATE 3`, comes with the last. */
  next(size: number): Promise<{ readonly rows: readonly PostgresRow[]; readonly command?: string }>
  /** Gives up what is left. */
  close(): Promise<void>
}

/** A connection, for one statement at a time. */
export interface PostgresConnection {
  /** The same object whenever it is the same session of the server, with its temporary tables. */
  readonly session: object
  describe(query: PostgresQuery): Promise<readonly PostgresField[]>
  /** @param isAlone Whether it may be sent once more, as there is no transaction that its failure ends. Default: true. */
  open(query: PostgresQuery, isAlone?: boolean): Promise<PostgresCursor>
  /** Asks the server to stop what runs. */
  cancel(): Promise<void>
  /** Gives the connection back; one that is broken is not used again. */
  release(isBroken: boolean): void
}

/** Where connections come from. */
export interface PostgresServer {
  /** Whether there is but one connection. */
  readonly isOne: boolean
  /** How many connections there are at most. */
  readonly connections: number
  acquire(): Promise<PostgresConnection>
  close(): Promise<void>
}

/** What every connection starts with: what our SQL and the reading of values rely on. */
export const pinnedSettings: string =
  "SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; " +
  'SET standard_conforming_strings = on; SET bytea_output = hex; SET extra_float_digits = 3'
