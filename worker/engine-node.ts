import { parentPort, Worker, workerData } from 'node:worker_threads'
import { nodeHost } from '../src/engine/duckdb-wasm/node-host.ts'
import { openEngine } from '../src/engine/open-engine.ts'
import type { Engine, EngineOptions } from '../src/engine/engine.ts'
import { lakesBeside } from '../src/lake/engine-with-lakes.ts'
import { connectDecoder } from '../src/rpc/connect-decoder.ts'
import { nodeWorker } from '../src/rpc/node-worker.ts'
import { serveEngine } from '../src/rpc/serve-engine.ts'
import type { ServedEndpoint } from '../src/rpc/serve-engine.ts'
import type { StorageCalls } from '../src/storage/open-storage.ts'

const host = nodeHost(new URL('../wasm/', import.meta.url), () => {
  const script = new URL('./decode-node.js', import.meta.url)
  return connectDecoder(nodeWorker(new Worker(script, { name: 'lakefront decoder', execArgv: [] }), script.pathname))
})

/** Opens an engine in the thread that imports this file. */
export const openInThread = (options: EngineOptions, calls?: StorageCalls): Promise<Engine> =>
  openEngine(host, options, calls, lakesBeside)

if (workerData === 'lakefront.engine') serveEngine(openInThread, parentPort as unknown as ServedEndpoint)
