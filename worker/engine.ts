import { browserHost } from '../src/engine/duckdb-wasm/browser-host.ts'
import { openEngine } from '../src/engine/open-engine.ts'
import { lakesBeside } from '../src/lake/engine-with-lakes.ts'
import { browserWorker } from '../src/rpc/browser-worker.ts'
import { connectDecoder } from '../src/rpc/connect-decoder.ts'
import { serveEngine } from '../src/rpc/serve-engine.ts'
import type { ServedEndpoint } from '../src/rpc/serve-engine.ts'

const host = browserHost(
  {
    engine: new URL('../wasm/duckdb-eh.wasm', import.meta.url),
    parquet: new URL('../wasm/parquet_wasm_bg.wasm', import.meta.url),
  },
  () => {
    const worker = new Worker(new URL('./decode.js', import.meta.url), { type: 'module', name: 'lakefront decoder' })
    return connectDecoder(browserWorker(worker, 'worker/decode.js'))
  },
)

serveEngine((options, calls) => openEngine(host, options, calls, lakesBeside), globalThis as unknown as ServedEndpoint)
