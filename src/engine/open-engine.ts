import { parquetDecoder } from '../format/parquet/decode.ts'
import { decoderModule } from '../format/parquet/decoder-module.ts'
import { streamEncoder } from '../format/parquet/encode.ts'
import { parquetEncoder } from '../format/parquet/parquet-encoder.ts'
import { RowsWaiting } from '../format/parquet/rows-waiting.ts'
import { DecodePool } from '../scan/decode-pool.ts'
import { MemoryBudget } from '../scan/memory-budget.ts'
import { scanProvider } from '../scan/scan-provider.ts'
import { openStorage } from '../storage/open-storage.ts'
import { PartsInMemory } from '../storage/parts-in-memory.ts'
import type { StorageCalls } from '../storage/open-storage.ts'
import type { EngineHost } from './duckdb-wasm/boot.ts'
import { DuckdbWasmEngine } from './duckdb-wasm/duckdb-wasm-engine.ts'
import type { Engine, EngineOptions, MakeBeside } from './engine.ts'
import { writingEngine } from './writing-engine.ts'

/** The most memory an engine takes that was not told how much it may take. */
const mostBytes = 4 * 2 ** 30

/** What fetched ranges of files may take of the memory, unless that is told. */
const rangeShare = 1 / 8

/** Boots an engine in this thread with everything it needs to read files. */
export async function openEngine(
  host: EngineHost,
  options: EngineOptions = {},
  calls: StorageCalls = {},
  makeBeside?: MakeBeside,
): Promise<Engine> {
  const { baseUrl, cacheBytes, decodeWorkers } = options
  const memory = new MemoryBudget(options.memoryLimitBytes ?? Math.min(mostBytes, (host.memoryBytes ?? mostBytes) / 2))
  const module = decoderModule(() => host.loadParquet())
  const ranges = { mostMemoryBytes: memory.limit * rangeShare }
  const uploads = new PartsInMemory(() => memory.uploadable)
  memory.watch('uploads', () => uploads.bytes)
  const storing = { ...ranges, ...options.storage, ...(baseUrl === undefined ? {} : { baseUrl }) }
  const storage = openStorage(storing, calls, uploads)
  const decoder = new DecodePool({
    decoder: parquetDecoder(module),
    encoder: streamEncoder(module),
    module,
    ...(host.decoders === undefined ? {} : { workers: host.decoders }),
    ...(decodeWorkers === undefined ? {} : { size: decodeWorkers }),
  })
  const waiting = new RowsWaiting(() => memory.writable)
  memory.watch('writing', () => waiting.bytes)
  const parquet = parquetEncoder(decoder, waiting)
  const beside = makeBeside?.({ storage, parquet, openDatabase: async (bytes) => (await opening).openDatabase!(bytes) })
  const scans = scanProvider({
    ...(beside === undefined ? {} : { lakes: beside.lakes }),
    openFile: (reference, name) => storage.open(reference, name),
    expand: (name, own) => storage.expand(name, own),
    closeFiles: () => storage.close(),
    decoder,
    memory,
    ...(cacheBytes === undefined ? {} : { cacheBytes }),
  })
  memory.watch('ranges', () => storage.memoryBytes)
  memory.watch('stored', () => storage.storedBytes)
  const opening: Promise<Engine> = DuckdbWasmEngine.open(host, { scans, memory }, options)
  const engine = await opening
  return writingEngine(beside?.around(engine) ?? engine, { openPlace: (url) => storage.place(url), parquet })
}
