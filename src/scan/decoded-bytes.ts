import type { ColumnChunk } from '../format/parquet/footer.ts'
import { physicalTypes } from '../format/parquet/schema.ts'
import type { PhysicalType } from '../format/parquet/schema.ts'
import type { Task } from './scan-plan.ts'

/** Bytes of a decoded value by how it is stored; of text its length, or the number of a word in a dictionary. */
const widths: Readonly<Record<PhysicalType, number>> = {
  boolean: 1 / 8,
  int32: 4,
  int64: 8,
  int96: 8,
  float: 4,
  double: 8,
  byte_array: 4,
  fixed_len_byte_array: 16,
}

/**
 * About how many bytes `columns` of a row group (by their index in the file) take in memory, by what the footer says: a guess, mostly too
 * large, as narrow numbers are stored wide; too small for long texts that repeat and are no dictionary.
 */
export function decodedBytes(task: Task, columns: readonly number[]): number {
  return sumOf(task, columns, (chunk) => {
    const type = physicalTypes[chunk.type] ?? 'byte_array'
    const fixed = chunk.values * (widths[type] + 1 / 8)
    return type === 'byte_array' ? fixed + chunk.uncompressedBytes : fixed
  })
}

/** Bytes of `columns` of a row group as they are stored. */
export function storedBytes(task: Task, columns: readonly number[]): number {
  return sumOf(task, columns, ({ start, end }) => end - start)
}

function sumOf({ file, rowGroup }: Task, columns: readonly number[], bytesOf: (chunk: ColumnChunk) => number): number {
  let bytes = 0
  for (const column of columns) {
    const { firstLeaf, endLeaf } = file.footer.columns[column]!
    for (let leaf = firstLeaf; leaf < endLeaf; leaf++) bytes += bytesOf(rowGroup.chunks[leaf]!)
  }
  return bytes
}
