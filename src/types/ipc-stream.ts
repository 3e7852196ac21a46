import { AsyncByteQueue, RecordBatchStreamWriter } from 'apache-arrow'
import { arrowSchema } from './arrow-type.ts'
import { recordBatchMaker } from './arrow.ts'
import type { ColumnBatch } from './column-data.ts'
import type { Schema } from './logical-type.ts'

/** Writes an Arrow IPC stream batch by batch. */
export interface IpcStreamWriter {
  write(batch: ColumnBatch): void
  /** Writes the end of the stream. */
  end(): void
  /** What was written since the last call: the schema first. */
  take(): Uint8Array[]
}

/** A writer of batches of `schema`, for results that are too large to be held: nothing is kept but dictionaries of enums. */
export function ipcStreamWriter(schema: Schema): IpcStreamWriter {
  const sink = new CollectingSink()
  const makeBatch = recordBatchMaker(schema)
  const writer = new RecordBatchStreamWriter({ autoDestroy: false })
  writer.reset(
    sink,
    arrowSchema(schema, () => false),
  )
  return {
    write: (batch) => void writer.write(makeBatch(batch)),
    end: () => void writer.finish(),
    take: () => sink.chunks.splice(0),
  }
}

/** Takes the bytes as they are written, without a promise in between. */
class CollectingSink extends AsyncByteQueue {
  readonly chunks: Uint8Array[] = []

  override write(chunk: Uint8Array): void {
    if (chunk.byteLength > 0) this.chunks.push(chunk)
  }
}
