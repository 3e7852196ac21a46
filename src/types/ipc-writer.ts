import { AsyncByteQueue, RecordBatchFileWriter, RecordBatchStreamWriter } from 'apache-arrow'
import { arrowSchema } from './arrow-type.ts'
import { recordBatchMaker } from './arrow.ts'
import type { ColumnBatch } from './column-data.ts'
import type { Schema } from './logical-type.ts'

/** Writes Arrow IPC batch by batch. */
export interface IpcWriter {
  write(batch: ColumnBatch): void
  /** Writes the end. */
  end(): void
  /** What was written since the last call: the schema first. */
  take(): Uint8Array[]
}

/**
 * A writer of batches of `schema` as an IPC stream, or as a file, which has an index of its batches at the end; for results that are too large to be
 * held: nothing is kept but dictionaries of enums.
 */
export function ipcWriter(schema: Schema, { format = 'stream' }: { format?: 'stream' | 'file' } = {}): IpcWriter {
  const sink = new CollectingSink()
  const makeBatch = recordBatchMaker(schema)
  const writer =
    format === 'stream'
      ? new RecordBatchStreamWriter({ autoDestroy: false })
      : new RecordBatchFileWriter({ autoDestroy: false })
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
