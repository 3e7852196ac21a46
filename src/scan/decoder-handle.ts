import type { AvroSplit, DecodedSplit } from '../format/avro/decode-split.ts'
import type { DecodeRequest } from '../format/parquet/decode.ts'
import type { StreamRequest } from '../format/parquet/encode.ts'
import type { ColumnData } from '../types/column-data.ts'

/** A column of a row group, decoded. */
export interface DecodedColumn {
  readonly batches: readonly ColumnData[]
  /** What decoding took, in the thread that did it. */
  readonly milliseconds: number
}

/** A worker that decodes and encodes, as the thread that asks it sees it. Requests are answered in the order they were made. */
export interface DecoderHandle {
  /** Resolves when the worker can decode; rejects with `WORKER_LOST` when it cannot be loaded, or with what starting it failed with. */
  start(module: WebAssembly.Module): Promise<void>
  /** The buffers of `request.bytes` are transferred. Rejects with what decoding failed with, or `WORKER_LOST` when the worker is gone. */
  decode(request: DecodeRequest): Promise<DecodedColumn>
  /** The buffer that the blocks are in is transferred. Rejects like `decode`. */
  decodeSplit(split: AvroSplit): Promise<DecodedSplit>
  /** The buffer of `request.stream` is transferred. Rejects like `decode`. */
  encode(request: StreamRequest): Promise<Uint8Array>
  /** What the worker's decoder had grown to when it answered last. */
  readonly memoryBytes: number
  /** Ends the worker. What it was asked for rejects with `WORKER_LOST`. */
  close(): void
}

/** Where workers that decode come from. */
export interface DecoderWorkers {
  /** Threads this machine runs at once; 1 or more. */
  readonly cores: number
  /** Begins to start a worker; may throw where that is forbidden. */
  spawn(): DecoderHandle
}
