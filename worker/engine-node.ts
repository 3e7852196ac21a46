import { parentPort, workerData } from 'node:worker_threads'
import { nodeHost } from '../src/engine/duckdb-wasm/node-host.ts'
import { openEngine } from '../src/engine/open-engine.ts'
import type { Engine, EngineOptions } from '../src/engine/engine.ts'
import { serveEngine } from '../src/rpc/serve-engine.ts'
import type { ServedEndpoint } from '../src/rpc/serve-engine.ts'

/** Opens an engine in the thread that imports this file. */
export const openInThread = (options: EngineOptions): Promise<Engine> =>
  openEngine(nodeHost(new URL('../wasm/', import.meta.url)), options)

if (workerData === 'lakefront.engine') serveEngine(openInThread, parentPort as unknown as ServedEndpoint)
