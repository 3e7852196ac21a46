import { errorToWire } from '../errors.ts'
import type { AvroSplit, DecodedSplit } from '../format/avro/decode-split.ts'
import type { ParquetDecoder } from '../format/parquet/decode.ts'
import type { StreamEncoder } from '../format/parquet/encode.ts'
import { transferablesOf } from '../types/column-data.ts'
import type { DecodeAnswer, DecodeCall } from './decode-messages.ts'
import { holdLifeline } from './lifeline.ts'
import type { ServedEndpoint } from './serve-engine.ts'

/** What decodes and encodes. */
interface Served {
  readonly decoder: ParquetDecoder
  readonly encoder: StreamEncoder
  readonly decodeSplit: (split: AvroSplit) => Promise<DecodedSplit>
}

/** Answers the calls of one {@link connectDecoder} with what `open` makes of the compiled file it sends. */
export function serveDecoder(open: (module: WebAssembly.Module) => Served, endpoint: ServedEndpoint): void {
  let decoder: ParquetDecoder | undefined
  let encoder: StreamEncoder | undefined
  let decodeAvro: Served['decodeSplit'] | undefined
  const answer = (message: DecodeAnswer, transfer: Transferable[] = []): void => endpoint.postMessage(message, transfer)

  const start = async (call: DecodeCall & { call: 'start' }): Promise<void> => {
    try {
      ;({ decoder, encoder, decodeSplit: decodeAvro } = open(call.module))
      await decoder.ready()
      const hasLifeline = call.lifeline !== undefined && (await holdLifeline(call.lifeline))
      answer({ answer: 'started', hasLifeline })
    } catch (error) {
      answer({ answer: 'failed', error: errorToWire(error) })
    }
  }

  const decode = async ({ id, request }: DecodeCall & { call: 'decode' }): Promise<void> => {
    try {
      const started = performance.now()
      const batches = await decoder!.decode(request)
      const milliseconds = performance.now() - started
      const { memoryBytes } = decoder!
      answer({ answer: 'decoded', id, batches, milliseconds, memoryBytes }, transferablesOf({ columns: batches }))
    } catch (error) {
      answer({ answer: 'refused', id, error: errorToWire(error) })
    }
  }

  const decodeSplit = async ({ id, split }: DecodeCall & { call: 'decodeSplit' }): Promise<void> => {
    try {
      const decoded = await decodeAvro!(split)
      const columns = decoded.batches.flatMap((batch) => batch.columns)
      answer({ answer: 'decodedSplit', id, decoded }, transferablesOf({ columns }))
    } catch (error) {
      answer({ answer: 'refused', id, error: errorToWire(error) })
    }
  }

  const encode = async ({ id, request }: DecodeCall & { call: 'encode' }): Promise<void> => {
    try {
      const file = await encoder!.encode(request)
      const { memoryBytes } = decoder!
      answer({ answer: 'encoded', id, file, memoryBytes }, [file.buffer as ArrayBuffer])
    } catch (error) {
      answer({ answer: 'refused', id, error: errorToWire(error) })
    }
  }

  const serve = (call: DecodeCall): Promise<void> => {
    switch (call.call) {
      case 'start':
        return start(call)
      case 'decode':
        return decode(call)
      case 'decodeSplit':
        return decodeSplit(call)
      case 'encode':
        return encode(call)
      default:
        return call satisfies never
    }
  }

  let last = Promise.resolve()
  endpoint.addEventListener('message', (event) => {
    last = last.then(() => serve((event as MessageEvent<DecodeCall>).data))
  })
  endpoint.start?.()
}
