import type { ColumnBatch } from '../types/column-data.ts'

/** Turns batches into what one file holds, in chunks small enough to wait between them. Called in order, `head` and `tail` once. */
export interface FileEncoder {
  head(): Chunks
  batch(batch: ColumnBatch): Chunks
  tail(): Chunks
}

/** Texts stand for their UTF-8. Bytes are valid until the next chunk is asked for. */
type Chunks = Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>
