import { ipcWriter } from '../../types/ipc-writer.ts'
import type { Schema } from '../../types/logical-type.ts'
import type { FileEncoder } from '../file-encoder.ts'

/** How Arrow IPC is written. */
export interface ArrowWriteOptions {
  /** `'file'` has an index of its batches at the end, `'stream'` can be read while it is written. Default `'file'`, for names in `.arrows` `'stream'`. */
  readonly form?: 'file' | 'stream'
}

/** Arrow IPC, a message per batch. */
export function arrowEncoder(schema: Schema, { form = 'file' }: ArrowWriteOptions = {}): FileEncoder {
  const writer = ipcWriter(schema, { format: form })
  return {
    head: () => writer.take(),
    batch(batch) {
      writer.write(batch)
      return writer.take()
    },
    tail() {
      writer.end()
      return writer.take()
    },
  }
}
