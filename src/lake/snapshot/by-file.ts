import type { ColumnBatch, ColumnData } from '../../types/column-data.ts'
import { concatColumns } from '../../types/concat-columns.ts'
import type { LogicalType } from '../../types/logical-type.ts'
import { widthOf } from '../../types/slice-column.ts'
import { takeColumn } from '../../types/take-column.ts'
import { typedView } from '../../types/typed-view.ts'
import { isValid } from '../../types/validity.ts'
import type { CatalogReader, CatalogValue } from '../catalog/catalog.ts'

interface Column {
  readonly type: LogicalType
  readonly data: ColumnData
}

/**
 * What a catalog says of files, one row each, in the order of their ids. Rows are kept as they come, in columns: a million files cost no object
 * each.
 */
export class ByFile {
  /** No file at all. */
  static readonly empty: ByFile = new ByFile(new Float64Array(), new Map())
  /** Ascending. */
  readonly ids: Float64Array
  readonly #columns: ReadonlyMap<string, Column>

  constructor(ids: Float64Array, columns: ReadonlyMap<string, Column>) {
    this.ids = ids
    this.#columns = columns
  }

  /**
   * Reads an answer whose first column is the id of a file as DOUBLE; its rows may be in any order, which spares DuckDB to sort what mostly is in
   * order already. Undefined when a file is there twice.
   */
  static async read(reader: CatalogReader, sql: string, values: readonly CatalogValue[]): Promise<ByFile | undefined> {
    const batches = await reader.readColumns(sql, values)
    const [first] = batches
    if (first === undefined) return ByFile.empty
    const columns = first.schema.fields.map(({ name, type }, at): readonly [string, Column] => [
      name,
      { type, data: concatColumns(columnsAt(batches, at), type) },
    ])
    const ids = typedView(Float64Array, columns[0]![1].data.values, columns[0]![1].data.length)
    const rest = new Map(columns.slice(1))
    const found = isAscending(ids) ? new ByFile(ids, rest) : sorted(ids, rest)
    return isAscending(found.ids) ? found : undefined
  }

  get length(): number {
    return this.ids.length
  }

  /** A column of numbers, read as DOUBLE; NaN for null. */
  numbers(name: string): Float64Array {
    const column = this.#columns.get(name)?.data
    if (column === undefined || column.nullCount === column.length)
      return new Float64Array(this.length).fill(Number.NaN)
    const numbers = typedView(Float64Array, column.values, column.length)
    return column.nullCount === 0 ? numbers : numbers.map((number, row) => (isValid(column, row) ? number : Number.NaN))
  }

  /** A column as it is; undefined where there was no row to tell its type. */
  column(name: string): ColumnData | undefined {
    return this.#columns.get(name)?.data
  }

  /** Whether a column of BOOLEAN is true, row by row. */
  flags(name: string): (row: number) => boolean {
    const { values } = this.column(name) ?? {}
    return (row) => ((values![row >> 3]! >> (row & 7)) & 1) === 1
  }

  /** Reads a column of VARCHAR, each row by itself; null is the empty text. */
  texts(name: string): (row: number) => string {
    const { values, offsets } = this.column(name) ?? {}
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
    return (row) => decoder.decode(values!.subarray(offsets![row], offsets![row + 1]))
  }

  /** The rows of files, out of this and of `more`, which tells of others; null for files that neither knows. */
  arranged(ids: Float64Array, more: ByFile = ByFile.empty): ByFile {
    if (more.length === 0 && isSame(ids, this.ids)) return this
    const rows = rowsOf(ids, [this.ids, more.ids])
    const isWhole = areAll(rows, this.length + more.length)
    const known = this.#columns.size === 0 ? more.#columns : this.#columns
    const columns = [...known].map(([name, { type }]): readonly [string, Column] => {
      const parts = [this, more].map((own) => own.#columns.get(name)?.data ?? nulls(own.length, type))
      const data = isWhole
        ? concatColumns(parts, type)
        : takeColumn(concatColumns([...parts, nulls(1, type)], type), type, rows)
      return [name, { type, data }]
    })
    return new ByFile(ids, new Map(columns))
  }
}

/** For each of `wanted` its place in `ids`, −1 where it is not there; both ascend. */
export function placesIn(ids: Float64Array, wanted: Float64Array): Int32Array {
  const places = new Int32Array(wanted.length).fill(-1)
  for (let at = 0, place = 0; at < wanted.length && place < ids.length; at++) {
    const id = wanted[at]!
    while (place < ids.length && ids[place]! < id) place++
    if (ids[place] === id) places[at] = place
  }
  return places
}

/** For each of `ids` its row in two tables one behind the other, and the row behind both where neither has it. */
function rowsOf(ids: Float64Array, [first, second]: readonly [Float64Array, Float64Array]): Uint32Array {
  const [inFirst, inSecond] = [placesIn(first, ids), placesIn(second, ids)]
  const rows = new Uint32Array(ids.length)
  for (let at = 0; at < rows.length; at++) {
    const other = inSecond[at]!
    rows[at] = inFirst[at]! >= 0 ? inFirst[at]! : first.length + (other >= 0 ? other : second.length)
  }
  return rows
}

/** Whether these are all rows of a table of `length`, in their order. */
function areAll(rows: Uint32Array, length: number): boolean {
  if (rows.length !== length) return false
  for (let at = 0; at < rows.length; at++) if (rows[at] !== at) return false
  return true
}

function isSame(a: Float64Array, b: Float64Array): boolean {
  if (a === b) return true
  if (a.length !== b.length) return false
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false
  return true
}

function columnsAt(batches: readonly ColumnBatch[], at: number): readonly ColumnData[] {
  return batches.map(({ columns }) => columns[at]!)
}

function isAscending(ids: Float64Array): boolean {
  for (let at = 1; at < ids.length; at++) if (!(ids[at]! > ids[at - 1]!)) return false
  return true
}

function sorted(ids: Float64Array, columns: ReadonlyMap<string, Column>): ByFile {
  const order = Uint32Array.from(ids, (_, at) => at).sort((a, b) => ids[a]! - ids[b]!)
  const taken = [...columns].map(([name, { type, data }]): readonly [string, Column] => [
    name,
    { type, data: takeColumn(data, type, order) },
  ])
  return new ByFile(
    Float64Array.from(order, (at) => ids[at]!),
    new Map(taken),
  )
}

/** So many nulls of a type. */
function nulls(length: number, type: LogicalType): ColumnData {
  const all = { length, nullCount: length, validity: new Uint8Array((length + 7) >> 3) }
  switch (type.kind) {
    case 'boolean':
      return { ...all, values: new Uint8Array((length + 7) >> 3) }
    case 'varchar':
    case 'json':
    case 'blob':
    case 'bit':
      return { ...all, offsets: new Int32Array(length + 1), values: new Uint8Array() }
    default:
      return { ...all, values: new Uint8Array(length * widthOf(type)) }
  }
}
