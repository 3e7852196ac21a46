import { LakefrontError } from '../../errors.ts'
import type { ColumnBatch } from '../../types/column-data.ts'

/** A row of metadata: BIGINT as bigint, text as string, BOOLEAN as boolean, TIMESTAMPTZ as text, null as null. */
export type CatalogRow = Readonly<Record<string, unknown>>

/** A value bound to `$1`, `$2`, … of a statement. */
export type CatalogValue = null | boolean | number | bigint | string

/** The metadata tables of one version of a lake. In SQL, `{M}` stands for the schema they are in: `SELECT … FROM {M}.ducklake_snapshot`. */
export interface CatalogReader {
  read(sql: string, values?: readonly CatalogValue[]): Promise<readonly CatalogRow[]>
  /** For answers of many rows: in columns. */
  readColumns(sql: string, values?: readonly CatalogValue[]): Promise<readonly ColumnBatch[]>
}

/** The metadata tables inside a transaction that is not published yet. */
export interface CatalogTransaction extends CatalogReader {
  /** One statement or several that change rows or tables. */
  run(sql: string, values?: readonly CatalogValue[]): Promise<void>
}

/** Copies of one version to try things on, as many as are wanted. Nothing of them is published. */
export interface CatalogCopies {
  open(): Promise<CatalogCopy>
}

export interface CatalogCopy {
  /** Runs what `apply` does in a transaction, before anybody reads it. */
  change(apply: (transaction: CatalogTransaction) => Promise<unknown>): Promise<void>
  reading<T>(work: (reader: CatalogReader) => Promise<T>): Promise<T>
  /** Closes it once nobody reads it. */
  retire(): Promise<void>
}

/** How a publication went. */
export interface Published<T> {
  readonly value: T
  /** How often `apply` ran: 1 without a lost race. */
  readonly attempts: number
  /** Bytes of the catalog after it. */
  readonly catalogBytes: number
}

/**
 * Where the metadata of a lake is kept, in versions of which one is current. The commit protocol needs no more than this: a DuckDB file that
 * is swapped conditionally implements it, and a catalog in PostgreSQL would.
 */
export interface Catalog extends CatalogReader, AsyncDisposable {
  /** Several questions to one version: it stays what it is until `work` is done, whatever is published meanwhile. */
  reading<T>(work: (reader: CatalogReader) => Promise<T>): Promise<T>
  /** Tells versions apart: another number, another version. */
  readonly generation: number
  /** What to call it in messages. */
  readonly label: string
  readonly isReadOnly: boolean
  /** Bytes of the file, for reports. */
  readonly bytes: number
  /** Requests that were made to the store so far. */
  readonly requests: number
  /** Looks for a newer version, and reads that from now on. Answers whether there was one. */
  refresh(options?: { readonly signal?: AbortSignal }): Promise<boolean>
  /**
   * Makes what `apply` does to the current version the next version, all of it or nothing. When somebody else published first, `apply` runs
   * again on what is current then; it must depend on the transaction it is given only. What it throws is thrown, and nothing is published.
   *
   * - `COMMIT_CONFLICT` when races are lost more often than `retries`.
   * - `COMMIT_STATE_UNKNOWN` when the store gave no answer, and what is there does not tell whether it was published.
   * - `PERMISSION_DENIED`, `QUOTA_EXCEEDED`, `NETWORK`: nothing was published.
   */
  publish<T>(
    apply: (transaction: CatalogTransaction, attempt: number) => Promise<T>,
    options?: { readonly signal?: AbortSignal; readonly retries?: number; readonly hasTurn?: boolean },
  ): Promise<Published<T>>
  /**
   * Waits for a turn to publish: what is published with `hasTurn` meets nobody of the line until the function is called that this gives, or five seconds
   * have gone by. In a store only those stand in line that ask for this, and who `lost` more races comes first; who does not want it any more is not kept.
   */
  turn?(lost: number, isWanted?: () => boolean): Promise<() => void | Promise<void>>
  /** What makes copies of the current version. */
  copies(): Promise<CatalogCopies>
  /** Gives everything back. Twice is fine. */
  close(): Promise<void>
}

/** What a change of a lake that is only read fails with. */
export function readOnlyLake(label: string): LakefrontError {
  return new LakefrontError(
    'UNSUPPORTED',
    `The lake "${label}" is open for reading only, as with readOnly and in the command line's SQL. Open it with openLake(), in a store that can be written to and keeps the conditions of writes.`,
  )
}
