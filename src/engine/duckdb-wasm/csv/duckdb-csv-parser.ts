import type {
  CsvDialect,
  CsvParameters,
  CsvParser,
  CsvReading,
  CsvText,
  SniffedCsv,
} from '../../../format/csv/csv-parser.ts'
import { CsvRecords } from '../../../format/csv/csv-records.ts'
import type { ColumnData } from '../../../types/column-data.ts'
import type { Field } from '../../../types/logical-type.ts'
import { rowsFromBatch } from '../../../types/rows.ts'
import type { Row } from '../../../types/rows.ts'
import { parseType } from '../../../types/type-names.ts'
import type { Connection, Duckdb } from '../boot.ts'
import { resultSize } from '../capi.ts'
import type { Pointer } from '../capi.ts'
import type { LogicalTypes } from '../logical-types.ts'
import { VectorReader } from '../vector-read.ts'
import { csvFailure } from './csv-failure.ts'
import type { CsvRejects, RejectedScan } from './csv-rejects.ts'
import {
  bufferArgument,
  givenArguments,
  isRejecting,
  quotedName,
  quotedText,
  readArguments,
  rejectArguments,
  rejectTables,
  sniffArguments,
} from './csv-sql.ts'
import { nativeReader } from './take-over-csv.ts'

interface Rows {
  readonly length: number
  readonly fields: readonly Field[]
  readonly columns: readonly ColumnData[]
}

/**
 * DuckDB's sniffer and reader of CSV, given pieces of text as files of their own. Each piece is one statement on a connection that
 * nothing else uses. It ends before anything else can happen, so it may be run while another statement waits for its rows.
 */
export class DuckdbCsvParser implements CsvParser {
  readonly #duckdb: Duckdb
  readonly #types: LogicalTypes
  readonly #vectors: VectorReader
  readonly #rejects: CsvRejects
  #connection: Connection | undefined
  #pieces = 0

  constructor(duckdb: Duckdb, types: LogicalTypes, rejects: CsvRejects) {
    this.#duckdb = duckdb
    this.#types = types
    this.#vectors = new VectorReader(duckdb.capi, duckdb.heap)
    this.#rejects = rejects
  }

  sniff(sample: Uint8Array, { label, parameters }: Pick<CsvText, 'label' | 'parameters'>): SniffedCsv {
    return this.#withPiece(sample, parameters, (piece) => {
      try {
        if (parameters['auto_detect'] === 'false') {
          const sql = `SELECT * FROM ${nativeReader}(${piece}${givenArguments(parameters)}) LIMIT 0`
          return { dialect: givenDialect(parameters), fields: this.#query(sql).fields }
        }
        return this.#sniff(piece, parameters)
      } catch (error) {
        throw csvFailure(error, { label, rows: 0, offset: 0 })
      }
    })
  }

  read(file: CsvText, wanted: readonly number[]): CsvReading {
    const { dialect, label, parameters, fields } = file
    const names = wanted.map((index) => quotedName(fields[index]!.name))
    const rejected = isRejecting(parameters) ? this.#rejects.begin(file) : undefined
    const records = new CsvRecords(dialect)
    let rows = 0
    let lines = 0
    let offset = 0
    return {
      parse: (text) => {
        const read = `${nativeReader}(PIECE${readArguments(file, offset === 0)})`
        const sql = names.length === 0 ? `SELECT count(*) FROM ${read}` : `SELECT ${names.join(', ')} FROM ${read}`
        const { length, columns } = this.#withPiece(text, parameters, (piece) => {
          try {
            const found = this.#query(sql.replace('PIECE', () => piece))
            if (rejected !== undefined) this.#keepRejected(rejected, { lines, offset })
            return found
          } catch (error) {
            throw csvFailure(error, { label, rows, offset })
          }
        })
        if (rejected !== undefined) lines += records.count(text)
        offset += text.length
        const counted = names.length === 0 ? Number(new BigInt64Array(columns[0]!.values!.slice().buffer)[0]) : length
        rows += counted
        return { length: counted, columns: names.length === 0 ? [] : columns }
      },
    }
  }

  close(): void {
    this.#connection?.close()
    this.#connection = undefined
  }

  #keepRejected(scan: RejectedScan, before: { readonly lines: number; readonly offset: number }): void {
    for (const row of this.#rows(`SELECT * EXCLUDE (scan_id, file_id) FROM ${rejectTables.errors}`))
      scan.add(row, before)
    this.#dropRejected()
  }

  #sniff(piece: string, parameters: CsvParameters): SniffedCsv {
    const { columns, ...others } = parameters
    const ask = (told: CsvParameters): SniffedCsv =>
      sniffed(this.#rows(`FROM sniff_csv(${piece}${sniffArguments(told)})`)[0]!)
    if (columns === undefined) return ask(parameters)
    const { fields } = this.#query(`SELECT * FROM ${nativeReader}(${piece}${givenArguments(parameters)}) LIMIT 0`)
    // `sniff_csv` refuses columns that `read_csv` takes: other names than in the header, types that some rows do not have.
    try {
      return { dialect: ask(parameters).dialect, fields }
    } catch {
      const names = fields.map(({ name }) => quotedText(name)).join(', ')
      const dialect = this.#dialectOfRejects(piece, parameters) ?? ask({ ...others, names: `[${names}]` }).dialect
      return { dialect, fields }
    }
  }

  /** The dialect that `read_csv` notes with what it rejects, where it rejects anything. */
  #dialectOfRejects(piece: string, parameters: CsvParameters): CsvDialect | undefined {
    this.#query(`SELECT count(*) FROM ${nativeReader}(${piece}${givenArguments(parameters)}${rejectArguments})`)
    const [row] = this.#rows(`FROM ${rejectTables.scans}`)
    this.#dropRejected()
    return row && scanned(row, givenDialect(parameters).comment)
  }

  #dropRejected(): void {
    this.#query(`DROP TABLE ${rejectTables.errors}; DROP TABLE ${rejectTables.scans}`)
  }

  /** Runs `use` with the first arguments of a reader: the name of a file that holds `text`, and how much of it is to be in a buffer. */
  #withPiece<T>(text: Uint8Array, parameters: CsvParameters, use: (piece: string) => T): T {
    const { bindings } = this.#duckdb
    // Each has a name of its own: DuckDB keeps what it read of files it knows.
    const name = `lf_csv_${this.#pieces++}`
    bindings.registerFileBuffer(name, text)
    try {
      return use(quotedText(name) + bufferArgument(text.length, parameters))
    } finally {
      bindings.dropFile(name)
    }
  }

  #rows(sql: string): Row[] {
    const { length, fields, columns } = this.#query(sql)
    return rowsFromBatch({ schema: { fields }, length, columns })
  }

  #query(sql: string): Rows {
    const { capi, heap } = this.#duckdb
    this.#connection ??= this.#duckdb.connect()
    const { pointer } = this.#connection
    return heap.withWords(resultSize / 4, (result) => {
      const chunks: Pointer[] = []
      try {
        const failed = heap.withText(sql, (text) => capi.query(pointer, text, result)) !== 0
        if (failed) throw new Error(heap.text(capi.resultError(result)))
        for (let chunk = capi.fetchChunk(result); chunk !== 0; chunk = capi.fetchChunk(result)) chunks.push(chunk)
        const fields = Array.from({ length: capi.columnCount(result) }, (_, column): Field => {
          const name = heap.text(capi.columnName(result, column))
          return { name, type: this.#types.take(capi.columnLogicalType(result, column), name), nullable: true }
        })
        return {
          fields,
          length: chunks.reduce((sum, chunk) => sum + capi.dataChunkGetSize(chunk), 0),
          columns: fields.map(({ type }, index) => this.#vectors.column(chunks, index, type)),
        }
      } finally {
        for (const chunk of chunks) heap.withPointer(chunk, capi.destroyDataChunk)
        capi.destroyResult(result)
      }
    })
  }
}

/** What `sniff_csv` says. */
function sniffed(row: Row): SniffedCsv {
  const columns = row['Columns'] as readonly { readonly name: string; readonly type: string }[]
  return {
    dialect: {
      delimiter: textOf(row['Delimiter']),
      quote: textOf(row['Quote']),
      escape: textOf(row['Escape']),
      comment: textOf(row['Comment']),
      newLine: lineEnd(textOf(row['NewLineDelimiter'])),
      skipRows: Number(row['SkipRows']),
      hasHeader: row['HasHeader'] === true,
      dateFormat: textOf(row['DateFormat']) || undefined,
      timestampFormat: textOf(row['TimestampFormat']) || undefined,
    },
    fields: columns.map(({ name, type }) => ({ name, type: parseType(type), nullable: true })),
  }
}

/** What a row of `reject_scans` says, which does not tell comments. */
function scanned(row: Row, comment: string): CsvDialect {
  return {
    delimiter: textOf(row['delimiter']),
    quote: textOf(row['quote']),
    escape: textOf(row['escape']),
    comment,
    newLine: lineEnd(textOf(row['newline_delimiter'])),
    skipRows: Number(row['skip_rows']),
    hasHeader: row['has_header'] === true,
    dateFormat: textOf(row['date_format']) || undefined,
    timestampFormat: textOf(row['timestamp_format']) || undefined,
  }
}

function textOf(value: unknown): string {
  return value === null || value === '(empty)' || value === '\0' ? '' : String(value)
}

/** The dialect of who wants nothing detected. */
function givenDialect(parameters: CsvParameters): CsvDialect {
  const text = (name: string): string | undefined => parameters[name]?.replaceAll(/^'|'$/g, '').replaceAll("''", "'")
  const quote = text('quote') ?? '"'
  return {
    delimiter: text('delim') ?? text('sep') ?? ',',
    quote,
    escape: text('escape') ?? quote,
    comment: text('comment') ?? '',
    newLine: lineEnd(text('new_line') ?? ''),
    skipRows: Number(parameters['skip'] ?? 0),
    hasHeader: parameters['header'] === 'true',
    dateFormat: text('dateformat'),
    timestampFormat: text('timestampformat'),
  }
}

function lineEnd(spelled: string): string {
  return spelled.replaceAll('\\r', '\r').replaceAll('\\n', '\n')
}
