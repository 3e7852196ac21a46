import { errorToWire } from '../errors.ts'
import type { ParquetDecoder } from '../format/parquet/decode.ts'
import type { StreamEncoder } from '../format/parquet/encode.ts'
import { transferablesOf } from '../types/column-data.ts'
import type { DecodeAnswer, DecodeCall } from './decode-messages.ts'
import { holdLifeline } from './lifeline.ts'
import type { ServedEndpoint } from './serve-engine.ts'

/** Answers the calls of one {@link connectDecoder} with what `open` makes of the compiled file it sends. */
export function serveDecoder(
  open: (module: WebAssembly.Module) => { readonly decoder: ParquetDecoder; readonly encoder: StreamEncoder },
  endpoint: ServedEndpoint,
): void {
  let decoder: ParquetDecoder | undefined
  let encoder: StreamEncoder | undefined
  const answer = (message: DecodeAnswer, transfer: Transferable[] = []): void => endpoint.postMessage(message, transfer)

  const start = async (call: DecodeCall & { call: 'start' }): Promise<void> => {
    try {
      ;({ decoder, encoder } = open(call.module))
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

  const encode = async ({ id, request }: DecodeCall & { call: 'encode' }): Promise<void> => {
    try {
      const file = await encoder!.encode(request)
      const { memoryBytes } = decoder!
      answer({ answer: 'encoded', id, file, memoryBytes }, [file.buffer as ArrayBuffer])
    } catch (error) {
      answer({ answer: 'refused', id, error: errorToWire(error) })
    }
  }

  endpoint.addEventListener('message', (event) => {
    const call = (event as MessageEvent<DecodeCall>).data
    void (call.call === 'start' ? start(call) : call.call === 'decode' ? decode(call) : encode(call))
  })
  endpoint.start?.()
}
