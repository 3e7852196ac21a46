import { KeyCollector, mostKeyRows } from '../../scan/key-collector.ts'
import type { ColumnKeys, ScanReader, ScanTable } from '../../scan/source.ts'
import type { ColumnBatch } from '../../types/column-data.ts'
import type { JoinHint } from './join-hints.ts'
import type { BoundScan } from './scan-function.ts'

/** Row groups that a key lies in, of all: above this share, joins are not worth a look. */
const worthwhileOverlap = 0.5

/** A scan whose rows go by, and what is gathered of them. */
interface Gathering {
  readonly collector: KeyCollector
  isComplete: boolean
}

/**
 * The keys that joins of a statement need of a scan, learned from the rows of the other side.
 *
 * DuckDB reads the smaller side of a hash join to its end before it begins with the other. Where all rows of one scan have gone by, the
 * values of its key that passed its filter are known, and the other scan may leave out row groups that hold none of them. A hint counts
 * only when the columns DuckDB asks for are those the plan named.
 */
export class JoinKeys {
  readonly #hints: readonly JoinHint[]
  readonly #gatherings = new Map<number, Gathering>()

  /** `hints` of a plan whose tables `tableOf` finds by their cardinality. */
  constructor(hints: readonly JoinHint[], tableOf: (cardinality: number) => ScanTable | undefined) {
    this.#hints = hints.filter(({ column, keys }) => {
      const [restricted, giving] = [tableOf(column.cardinality), tableOf(keys.cardinality)]
      const name = column.columns[column.column]
      const index = restricted?.schema.fields.findIndex((field) => field.name === name) ?? -1
      return restricted !== undefined && index >= 0 && isSmaller(giving, restricted) && liesApart(restricted, index)
    })
  }

  /** The keys known for a scan of `columns`. */
  keysOf({ table, cardinality }: BoundScan, columns: readonly number[]): readonly ColumnKeys[] {
    return this.#hints.flatMap(({ column, keys }): ColumnKeys[] => {
      if (column.cardinality !== cardinality || !fits(column, table, columns)) return []
      const gathering = this.#gatherings.get(keys.cardinality)
      const found = gathering?.isComplete === true ? gathering.collector.keysOf(keys.column, keys.casts) : undefined
      return found === undefined ? [] : [{ column: columns[column.column]!, casts: column.casts, ...found }]
    })
  }

  /** `reader` of a scan of `columns`; what it hands out is looked at if keys of it are wanted. */
  watch(bound: BoundScan, columns: readonly number[], { reader, filter, keys }: Watched): ScanReader {
    const wanted = this.#hints.filter((hint) => hint.keys.cardinality === bound.cardinality)
    if (wanted.length === 0 || !wanted.every((hint) => fits(hint.keys, bound.table, columns))) return reader
    const schema = { fields: columns.map((column) => bound.table.schema.fields[column]!) }
    const collector = new KeyCollector(schema, [...new Set(wanted.map((hint) => hint.keys.column))], {
      ...(filter === undefined ? {} : { filter }),
      keys: keys.map((own) => ({ ...own, column: columns.indexOf(own.column) })),
    })
    const gathering: Gathering = { collector, isComplete: false }
    this.#gatherings.set(bound.cardinality, gathering)
    return observed(reader, gathering)
  }
}

interface Watched {
  readonly reader: ScanReader
  /** The predicate above the scan. */
  readonly filter: string | undefined
  /** What the scan itself is restricted to. */
  readonly keys: readonly ColumnKeys[]
}

function observed(reader: ScanReader, gathering: Gathering): ScanReader {
  return {
    metrics: reader.metrics,
    poll(): ColumnBatch | 'pending' | 'done' {
      const next = reader.poll()
      if (next === 'done') gathering.isComplete = true
      else if (next !== 'pending') gathering.collector.add(next)
      return next
    },
    ready: () => reader.ready(),
    load: () => reader.load(),
    close: () => reader.close(),
  }
}

/** Whether one table is small beside another whose row groups lie apart by some column: then a look at joins may pay. */
export function mayPay(tables: readonly ScanTable[]): boolean {
  return tables.some(
    (table) =>
      tables.some((other) => isSmaller(other, table)) &&
      table.schema.fields.some((_, column) => liesApart(table, column)),
  )
}

function isSmaller(giving: ScanTable | undefined, restricted: ScanTable): boolean {
  const rows = giving?.rowCount ?? Infinity
  return rows <= mostKeyRows && rows < (restricted.rowCount ?? 0)
}

function liesApart(table: ScanTable, column: number): boolean {
  return (table.overlap?.(column) ?? 1) <= worthwhileOverlap
}

/** Plans name columns as the statement does: in `FROM file AS t(b, a)` a filter on "b" means another column of the file. */
export function fits(
  { columns: names }: { readonly columns: readonly string[] },
  { schema }: ScanTable,
  columns: readonly number[],
): boolean {
  return (
    names.length === columns.length &&
    columns.every((column, position) => schema.fields[column]!.name === names[position])
  )
}
