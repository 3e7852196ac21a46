import type { ColumnData } from '../../types/column-data.ts'
import type { Field } from '../../types/logical-type.ts'

/** Options of DuckDB's `read_csv` by their names there; the values are SQL: `{ delim: "';'", skip: '2' }`. */
export type CsvParameters = Readonly<Record<string, string>>

/** How a text of CSV is written, as DuckDB's sniffer tells it. Texts are empty for "there is none". */
export interface CsvDialect {
  readonly delimiter: string
  readonly quote: string
  readonly escape: string
  readonly comment: string
  /** `\n`, `\r\n` or `\r` as it is spelled here. */
  readonly newLine: string
  readonly skipRows: number
  readonly hasHeader: boolean
  readonly dateFormat: string | undefined
  readonly timestampFormat: string | undefined
}

/** What was sniffed of a file. */
export interface SniffedCsv {
  readonly dialect: CsvDialect
  readonly fields: readonly Field[]
}

/** A file as it is to be read. */
export interface CsvText {
  /** What the file is called in messages. */
  readonly label: string
  readonly parameters: CsvParameters
  readonly dialect: CsvDialect
  /** All columns, with the types that their texts are to have. */
  readonly fields: readonly Field[]
}

/** Reads one file, a piece of it after the other; each holds whole records. */
export interface CsvReading {
  parse(piece: Uint8Array): { readonly length: number; readonly columns: readonly ColumnData[] }
}

/** What reads text of CSV: DuckDB's own sniffer and reader, which are given bytes and know nothing of files. */
export interface CsvParser {
  /** Finds the dialect and the columns of a text that begins with `sample`. */
  sniff(sample: Uint8Array, file: Pick<CsvText, 'label' | 'parameters'>): SniffedCsv
  /** Begins to read the columns `wanted` of a file from its first piece on, by their indices; none to count rows. */
  read(file: CsvText, wanted: readonly number[]): CsvReading
}
