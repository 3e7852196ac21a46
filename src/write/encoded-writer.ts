import type { FileEncoder } from '../format/file-encoder.ts'
import type { OuterCompressor } from '../format/outer-compression.ts'
import type { Schema } from '../types/logical-type.ts'
import type { FileWriter } from './file-writer.ts'
import type { WrittenColumn } from './write-task.ts'

/** What is known of the rows of a finished file. */
export interface FileFacts {
  readonly rows: number
  readonly columns: Readonly<Record<string, WrittenColumn>>
}

/** A file of an encoder that gives chunks, compressed as a whole where that is asked. */
export async function encodedWriter(
  { fields }: Schema,
  encoder: FileEncoder,
  compressor: OuterCompressor,
): Promise<FileWriter<FileFacts>> {
  const text = new TextEncoder()
  const nulls = fields.map(() => 0)
  let [rows, size] = [0, 0]
  const put = async (chunks: ReturnType<FileEncoder['head']>): Promise<void> => {
    for await (const chunk of chunks) {
      const bytes = typeof chunk === 'string' ? text.encode(chunk) : chunk
      size += bytes.length
      await compressor.write(bytes)
    }
  }
  await put(encoder.head())
  return {
    get size() {
      return size
    },
    async write(batch) {
      await put(encoder.batch(batch))
      rows += batch.length
      batch.columns.forEach((column, index) => (nulls[index]! += column.nullCount))
    },
    async finish() {
      await put(encoder.tail())
      await compressor.finish()
      return {
        rows,
        columns: Object.fromEntries(fields.map(({ name }, index) => [name, { nullCount: nulls[index]! }])),
      }
    },
    close: () => compressor.close(),
  }
}
