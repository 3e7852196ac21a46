import type { Pointer } from '../../capi.ts'
import type { ScalarCall } from '../native-functions.ts'
import type { Column, VectorAccess } from '../vector-access.ts'

/** Runs `use` for every row of a call without nulls; the others become null. */
export function eachRow(
  vectors: VectorAccess,
  call: ScalarCall,
  count: number,
  use: (columns: readonly Column[], output: Pointer, row: number) => void,
): void {
  vectors.begin()
  const columns = vectors.columns(call.input, count)
  const { data } = vectors.column(call.output)
  const nullable = columns.filter(({ mask }) => mask !== 0)
  for (let row = 0; row < call.rows; row++) {
    if (nullable.some((column) => vectors.isNull(column, row))) vectors.putNull(call.output, row)
    else use(columns, data, row)
  }
}
