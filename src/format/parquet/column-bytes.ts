import type { ColumnData } from '../../types/column-data.ts'

/** Bytes of a column in memory, about; what is encoded as dictionary counted as written out. */
export function columnBytes({ length, dictionary, offsets, values, validity, children = [] }: ColumnData): number {
  if (dictionary !== undefined) {
    return length * (4 + (dictionary.values?.byteLength ?? 0) / Math.max(1, dictionary.length))
  }
  const own = (offsets?.byteLength ?? 0) + (values?.byteLength ?? 0) + (validity?.byteLength ?? 0)
  return children.reduce((bytes, child) => bytes + columnBytes(child), own)
}
