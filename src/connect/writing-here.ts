import type * as FileSystem from 'node:fs/promises'
import type { Engine } from '../engine/engine.ts'
import { writingEngine } from '../engine/writing-engine.ts'
import { decoderModule } from '../format/parquet/decoder-module.ts'
import { encodeHere, streamEncoder } from '../format/parquet/encode.ts'
import { parquetEncoder } from '../format/parquet/parquet-encoder.ts'
import { openStorage } from '../storage/open-storage.ts'
import type { StorageCalls, StorageOptions } from '../storage/open-storage.ts'

/** An engine without files of its own, whose rows are written to files in this thread. Parquet where there are the modules of Node. */
export function writingHere(engine: Engine, options: StorageOptions, calls: StorageCalls): Engine {
  const storage = openStorage(options, calls)
  const files = globalThis.process?.getBuiltinModule?.('node:fs/promises') as typeof FileSystem | undefined
  // Written so that no bundler ships a second copy of it.
  const wasm = './wasm/parquet_wasm_bg.wasm'
  return writingEngine(engine, {
    openPlace: (url) => storage.place(url),
    ...(files === undefined
      ? {}
      : {
          parquet: parquetEncoder(
            encodeHere(streamEncoder(decoderModule(() => files.readFile(new URL(wasm, import.meta.url))))),
          ),
        }),
    close: () => storage.close(),
  })
}
