import type { ParquetEncoder, ParquetSummary, ParquetWriteOptions } from '../format/parquet/parquet-writer.ts'
import type { Schema } from '../types/logical-type.ts'
import type { FileFacts } from './encoded-writer.ts'
import { withFieldIds } from './field-ids.ts'
import type { FieldIds } from './field-ids.ts'
import type { OpenWriter } from './file-writer.ts'
import type { WrittenColumn } from './write-task.ts'

/** A Parquet file, and what is known of its columns. */
export function parquetFileWriter(
  encoder: ParquetEncoder,
  { fields }: Schema,
  { fieldIds = {}, ...options }: ParquetWriteOptions & { readonly fieldIds?: FieldIds },
): OpenWriter<FileFacts> {
  const own = withFieldIds(fields, fieldIds)
  return (emit) => {
    const writer = encoder.open(own, { ...options, emit })
    return {
      write: (batch) => writer.write(batch),
      get size() {
        return writer.size
      },
      finish: async () => factsOf(await writer.finish()),
      close: () => writer.close(),
    }
  }
}

function factsOf({ rows, leaves }: ParquetSummary): FileFacts {
  const columns: Record<string, WrittenColumn> = {}
  for (const { path, min, max, nullCount } of leaves) {
    if (path.length > 1) continue
    columns[path[0]!] = { ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }), nullCount }
  }
  return { rows, columns }
}
