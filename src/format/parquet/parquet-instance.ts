import initialise, { wasmMemory } from 'parquet-wasm/esm/parquet_wasm.js'
import { LakefrontError } from '../../errors.ts'
import { exportStackPointer, stackPointerName } from './stack-pointer.ts'

/** The instance of parquet-wasm in this thread: it has one, whoever starts it. */
export interface ParquetInstance {
  /** Calls into it, putting it right again when that traps. What `call` throws is thrown as `explain` makes it. */
  run<T>(call: () => T, explain: (error: unknown) => LakefrontError): T
  /** Its memory: another buffer once that has grown. */
  readonly memory: ArrayBuffer
}

/** How many traps an instance may have whose stack cannot be put right. */
const bearableTraps = 32

/**
 * Starts parquet-wasm with what `load` gives, which is asked once. Bytes are better than a compiled module: only then an instance
 * survives any number of damaged files. A failed start is tried again by the next call.
 */
export function parquetInstance(
  load: () => Promise<WebAssembly.Module | BufferSource>,
): () => Promise<ParquetInstance> {
  let starting: Promise<ParquetInstance> | undefined
  return () => {
    starting ??= start(load).catch((error: unknown) => {
      starting = undefined
      throw error
    })
    return starting
  }
}

async function start(load: () => Promise<WebAssembly.Module | BufferSource>): Promise<ParquetInstance> {
  const loaded = await load()
  const wasm = loaded instanceof WebAssembly.Module ? loaded : exportStackPointer(bytesOf(loaded))
  const exports: unknown = await initialise({ module_or_path: wasm })
  const stack = (exports as Record<string, WebAssembly.Global | undefined>)[stackPointerName]
  let traps = 0
  return {
    run(call, explain) {
      if (traps > bearableTraps) {
        throw new LakefrontError(
          'ENGINE_FAILED',
          'The Parquet decoder met too many damaged files. Close the session and open a new one.',
        )
      }
      const top: unknown = stack?.value
      try {
        return call()
      } catch (error) {
        if (error instanceof WebAssembly.RuntimeError) {
          if (stack === undefined) traps++
          else stack.value = top
        }
        throw explain(error)
      }
    },
    get memory() {
      return (wasmMemory() as WebAssembly.Memory).buffer as ArrayBuffer
    },
  }
}

function bytesOf(source: BufferSource): Uint8Array {
  return ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source)
}
