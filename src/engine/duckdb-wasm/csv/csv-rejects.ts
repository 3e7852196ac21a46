import type { CsvText } from '../../../format/csv/csv-parser.ts'
import type { Source } from '../../../scan/source.ts'
import { batchFromRows } from '../../../types/batch-from-rows.ts'
import type { Schema } from '../../../types/logical-type.ts'
import type { Row } from '../../../types/rows.ts'
import { parseType } from '../../../types/type-names.ts'

/** Rejected lines that are kept of all scans together, unless `rejects_limit` says less. */
const most = 100_000

/** DuckDB's tables of what was rejected, column by column. */
const errorTypes: Readonly<Record<string, string>> = {
  scan_id: 'UBIGINT',
  file_id: 'UBIGINT',
  line: 'UBIGINT',
  line_byte_position: 'UBIGINT',
  byte_position: 'UBIGINT',
  column_idx: 'UBIGINT',
  column_name: 'VARCHAR',
  error_type: 'VARCHAR',
  csv_line: 'VARCHAR',
  error_message: 'VARCHAR',
}
const scanTypes: Readonly<Record<string, string>> = {
  scan_id: 'UBIGINT',
  file_id: 'UBIGINT',
  file_path: 'VARCHAR',
  delimiter: 'VARCHAR',
  quote: 'VARCHAR',
  escape: 'VARCHAR',
  newline_delimiter: 'VARCHAR',
  skip_rows: 'UBIGINT',
  has_header: 'BOOLEAN',
  columns: 'VARCHAR',
  date_format: 'VARCHAR',
  timestamp_format: 'VARCHAR',
  user_arguments: 'VARCHAR',
}

/** A read of one file, and what is rejected of it. */
export interface RejectedScan {
  /** Keeps a row of DuckDB's `reject_errors` for a piece that lies behind `before` in its file. */
  add(row: Row, before: { readonly lines: number; readonly offset: number }): void
}

interface RejectTable {
  readonly schema: Schema
  readonly rows: Row[]
}

/**
 * The lines that reads of CSV with `store_rejects` have passed over, as the tables `reject_errors` and `reject_scans`, or whatever they
 * were given as names. They are the session's, like DuckDB's own, and grow with every such read.
 */
export class CsvRejects {
  readonly #tables = new Map<string, RejectTable>()
  #scans = 0
  #kept = 0

  /** Whether a table of rejected lines is called so. */
  has(name: string): boolean {
    return this.#tables.has(name.toLowerCase())
  }

  source(name: string): (Source & { format: 'batches' }) | undefined {
    const table = this.#tables.get(name.toLowerCase())
    if (table === undefined) return undefined
    const { schema, rows } = table
    return { id: name, format: 'batches', schema, batches: rows.length === 0 ? [] : [batchFromRows(rows, schema)] }
  }

  begin({ label, parameters, dialect, fields }: CsvText): RejectedScan {
    const id = ++this.#scans
    const name = (parameter: string, standard: string): string =>
      parameters[parameter]?.replaceAll(/^'|'$/g, '').replaceAll("''", "'") ?? standard
    const errors = this.#table(name('rejects_table', 'reject_errors'), errorTypes)
    this.#table(name('rejects_scan', 'reject_scans'), scanTypes).rows.push({
      scan_id: id,
      file_id: 0,
      file_path: label,
      delimiter: dialect.delimiter,
      quote: dialect.quote === '' ? '(empty)' : dialect.quote,
      escape: dialect.escape === '' ? '(empty)' : dialect.escape,
      newline_delimiter: dialect.newLine.replaceAll('\r', '\\r').replaceAll('\n', '\\n'),
      skip_rows: dialect.skipRows,
      has_header: dialect.hasHeader,
      columns: fields.map(({ name: column }) => column).join(', '),
      date_format: dialect.dateFormat ?? null,
      timestamp_format: dialect.timestampFormat ?? null,
      user_arguments: Object.entries(parameters)
        .map(([option, value]) => `${option}=${value}`)
        .join(', '),
    })
    const limit = Number(parameters['rejects_limit'] ?? 0) || Infinity
    let count = 0
    return {
      add: (row, { lines, offset }) => {
        if (++count > limit || this.#kept >= most) return
        this.#kept++
        const moved = (value: unknown, by: number): number | null => (value === null ? null : Number(value) + by)
        errors.rows.push({
          scan_id: id,
          file_id: 0,
          ...row,
          line: moved(row['line'], lines),
          line_byte_position: moved(row['line_byte_position'], offset),
          byte_position: moved(row['byte_position'], offset),
        })
      },
    }
  }

  #table(name: string, types: Readonly<Record<string, string>>): RejectTable {
    const known = this.#tables.get(name.toLowerCase())
    if (known !== undefined) return known
    const fields = Object.entries(types).map(([column, type]) => ({
      name: column,
      type: parseType(type),
      nullable: true,
    }))
    const table = { schema: { fields }, rows: [] }
    this.#tables.set(name.toLowerCase(), table)
    return table
  }
}
