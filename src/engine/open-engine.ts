import { parquetDecoder } from '../format/parquet/decode.ts'
import { decoderModule } from '../format/parquet/decoder-module.ts'
import { scanProvider } from '../scan/scan-provider.ts'
import { expandGlob } from '../storage/glob.ts'
import { openStorage } from '../storage/open-storage.ts'
import type { StorageCalls } from '../storage/open-storage.ts'
import type { EngineHost } from './duckdb-wasm/boot.ts'
import { DuckdbWasmEngine } from './duckdb-wasm/duckdb-wasm-engine.ts'
import type { Engine, EngineOptions } from './engine.ts'

/** Default budget of decoded columns outside the engine's heap. */
const defaultCacheBytes = 512 * 2 ** 20

/** Boots an engine in this thread with everything it needs to read files. */
export function openEngine(host: EngineHost, options: EngineOptions = {}, calls: StorageCalls = {}): Promise<Engine> {
  const { baseUrl, cacheBytes = defaultCacheBytes, decodeWorkers } = options
  const module = decoderModule(() => host.loadParquet())
  const storage = openStorage({ ...options.storage, ...(baseUrl === undefined ? {} : { baseUrl }) }, calls)
  const scans = scanProvider({
    openFile: (reference) => storage.open(reference),
    expand: (name, own) => expandGlob(name, { ...own, ...(baseUrl === undefined ? {} : { baseUrl }) }),
    closeFiles: () => storage.close(),
    decoder: parquetDecoder(module),
    decoding: {
      module,
      ...(host.decoders === undefined ? {} : { workers: host.decoders }),
      ...(decodeWorkers === undefined ? {} : { size: decodeWorkers }),
    },
    cacheBytes,
  })
  return DuckdbWasmEngine.open(host, scans, options)
}
