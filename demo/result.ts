import { type ColumnBatch, formatValue, typeName, valueReader } from 'lakefront'
import type { ExecuteOptions, QueryMetrics, Schema } from 'lakefront'
import type { Query } from './examples.ts'
import type { GridColumn } from './grid-data.ts'
import { type Chunk, ResultTable } from './result-table.ts'

/** Rows the grid takes at most; what is beyond is not read. */
const rowLimit = 1_000_000

/** How a run ended. */
export interface Outcome {
  readonly metrics: QueryMetrics
  /** Whether there are more rows than the table holds. */
  readonly cut: boolean
}

/**
 * Runs `query` and fills a table while rows arrive; `onRows` is called after every batch, and once when there is none. It takes the
 * first {@link rowLimit} rows and stops the query when there is one more.
 */
export async function readResult(
  query: Query,
  { onRows, ...options }: ExecuteOptions & { readonly onRows: (table: ResultTable) => void },
): Promise<Outcome> {
  const stream = await query.batches(options)
  try {
    const { schema } = stream
    const table = new ResultTable(columnsOf(schema))
    for (let batch = await stream.next(); batch !== undefined; batch = await stream.next()) {
      options.signal?.throwIfAborted()
      const room = rowLimit - table.rowCount
      table.append(chunkOf(batch, schema, Math.min(room, batch.length)))
      onRows(table)
      if (batch.length > room) return { metrics: await stream.metrics(), cut: true }
    }
    if (table.rowCount === 0) onRows(table)
    return { metrics: await stream.metrics(), cut: false }
  } finally {
    await stream.close()
  }
}

/** The columns of a schema as the grid and the side panel show them. */
export function columnsOf({ fields }: Schema): GridColumn[] {
  return fields.map(({ name, type }) => ({ name, typeName: typeName(type), numeric: numericKinds.has(type.kind) }))
}

function chunkOf({ columns }: ColumnBatch, { fields }: Schema, length: number): Chunk {
  const readers = fields.map(({ type }, index) => valueReader(type, columns[index]!))
  return {
    length,
    text(row, column) {
      const value = readers[column]!(row)
      return value === null ? null : formatValue(value, fields[column]!.type)
    },
  }
}

const numericKinds: ReadonlySet<string> = new Set(
  'tinyint smallint integer bigint hugeint utinyint usmallint uinteger ubigint uhugeint float double decimal'.split(
    ' ',
  ),
)
