import { ipcStreamWriter } from '../../types/ipc-stream.ts'
import type { Schema } from '../../types/logical-type.ts'
import type { ResultEncoder } from './result-encoder.ts'

/** An Arrow IPC stream, a message per batch. */
export function arrowEncoder(schema: Schema): ResultEncoder {
  const writer = ipcStreamWriter(schema)
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
