import type { ColumnData } from './column-data.ts'

/** Bytes behind `columns`, whole buffers even where only a part is used; buffers shared between them, such as dictionaries, count once. */
export function heldBytes(columns: readonly ColumnData[], except: readonly ColumnData[] = []): number {
  const others = buffersOf(except)
  let bytes = 0
  for (const buffer of buffersOf(columns)) if (!others.has(buffer)) bytes += buffer.byteLength
  return bytes
}

function buffersOf(columns: readonly ColumnData[]): Set<ArrayBufferLike> {
  const buffers = new Set<ArrayBufferLike>()
  const visit = (column: ColumnData): void => {
    for (const view of [column.validity, column.offsets, column.values])
      if (view !== undefined) buffers.add(view.buffer)
    column.children?.forEach(visit)
    if (column.dictionary !== undefined) visit(column.dictionary)
  }
  columns.forEach(visit)
  return buffers
}
