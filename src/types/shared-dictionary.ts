import type { ColumnData } from './column-data.ts'
import { columnFromValues } from './column-from-values.ts'
import type { LogicalType } from './logical-type.ts'
import { bytesOf, typedView } from './typed-view.ts'
import { valueReader } from './value-reader.ts'

/** Columns with one dictionary for all. */
export interface SharedDictionary {
  readonly dictionary: ColumnData
  readonly columns: readonly ColumnData[]
}

/**
 * Gives columns that are all dictionary encoded the same dictionary: as they are when they share one, else merged, which
 * rewrites the indices. Undefined when there are none, one is not encoded, or they are blobs of different dictionaries.
 */
export function sharedDictionary(type: LogicalType, columns: readonly ColumnData[]): SharedDictionary | undefined {
  const first = columns[0]?.dictionary
  if (first === undefined || !columns.every((column) => column.dictionary !== undefined)) return undefined
  if (columns.every((column) => column.dictionary === first)) return { dictionary: first, columns }
  if (type.kind === 'blob') return undefined
  const codeOf = new Map<string, number>()
  const codesOf = new Map<ColumnData, Int32Array>()
  for (const { dictionary } of columns) {
    if (codesOf.has(dictionary!)) continue
    const read = valueReader({ kind: 'varchar' }, dictionary!)
    const codes = Int32Array.from({ length: dictionary!.length }, (_, index) => {
      const text = read(index) as string
      const known = codeOf.get(text)
      if (known !== undefined) return known
      codeOf.set(text, codeOf.size)
      return codeOf.size - 1
    })
    codesOf.set(dictionary!, codes)
  }
  const dictionary = columnFromValues({ kind: 'varchar' }, [...codeOf.keys()])
  return {
    dictionary,
    columns: columns.map((column) => {
      const codes = codesOf.get(column.dictionary!)!
      const values = typedView(Int32Array, column.values, column.length).map((code) => codes[code] ?? 0)
      return { ...column, values: bytesOf(values), dictionary }
    }),
  }
}
