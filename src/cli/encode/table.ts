import { formatTable } from '../../frame/show.ts'
import type { Schema } from '../../types/logical-type.ts'
import { rowReader } from '../../types/rows.ts'
import type { Row } from '../../types/rows.ts'
import { countOf, countText } from '../quantity.ts'
import type { FileEncoder } from '../../format/file-encoder.ts'

/** Characters of a value before it is cut. */
const longestCell = 64

/** A table of the first `limit` rows; the rest is counted. */
export function tableEncoder(schema: Schema, limit: number): FileEncoder {
  const rows: Row[] = []
  let total = 0
  return {
    head: () => [],
    batch(batch) {
      const read = rowReader(batch)
      for (let row = 0; row < batch.length && rows.length < limit; row++) rows.push(read(row))
      total += batch.length
      return []
    },
    tail() {
      const note =
        total > rows.length
          ? `${countText(rows.length)} of ${countOf(total, 'row')}; --rows shows more`
          : countOf(total, 'row')
      return [`${formatTable(rows, schema, { truncate: longestCell })}\n${note}\n`]
    },
  }
}
