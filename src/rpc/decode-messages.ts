import type { WireError } from '../errors.ts'
import type { AvroSplit, DecodedSplit } from '../format/avro/decode-split.ts'
import type { DecodeRequest } from '../format/parquet/decode.ts'
import type { StreamRequest } from '../format/parquet/encode.ts'
import type { ColumnData } from '../types/column-data.ts'

/** What a decoding worker is told: first to start, then to decode and encode. */
export type DecodeCall =
  | { readonly call: 'start'; readonly module: WebAssembly.Module; readonly lifeline?: string }
  | { readonly call: 'decode'; readonly id: number; readonly request: DecodeRequest }
  | { readonly call: 'decodeSplit'; readonly id: number; readonly split: AvroSplit }
  | { readonly call: 'encode'; readonly id: number; readonly request: StreamRequest }

/** What it answers, in the order of the calls. */
export type DecodeAnswer =
  | { readonly answer: 'started'; readonly hasLifeline: boolean }
  | { readonly answer: 'failed'; readonly error: WireError }
  | {
      readonly answer: 'decoded'
      readonly id: number
      readonly batches: readonly ColumnData[]
      readonly milliseconds: number
      readonly memoryBytes: number
    }
  | { readonly answer: 'decodedSplit'; readonly id: number; readonly decoded: DecodedSplit }
  | { readonly answer: 'encoded'; readonly id: number; readonly file: Uint8Array; readonly memoryBytes: number }
  | { readonly answer: 'refused'; readonly id: number; readonly error: WireError }
