import { availableParallelism, totalmem } from 'node:os'
import { LakefrontError } from '../../errors.ts'
import type { DecoderHandle } from '../../scan/decoder-handle.ts'
import type { BlockingBindings, EngineHost } from './boot.ts'

interface BindingsModule {
  createDuckDB(bundles: object, logger: object, runtime: object): ReturnType<BlockingBindings['createDuckDB']>
  readonly NODE_RUNTIME: object
  readonly VoidLogger: new () => object
}

/**
 * Node.js, Deno and Bun with a file system: files are read from disk.
 *
 * @param wasm Folder that holds `duckdb-eh.wasm` and `parquet_wasm_bg.wasm`, as a `file:` URL that ends in a slash.
 * @param spawnDecoder Starts a thread that decodes Parquet; without it the engine's own does.
 */
export function nodeHost(wasm: URL, spawnDecoder?: () => DecoderHandle): EngineHost {
  return {
    memoryBytes: totalmem(),
    ...(spawnDecoder === undefined ? {} : { decoders: { cores: availableParallelism(), spawn: spawnDecoder } }),
    async loadBindings() {
      const module = await import('@duckdb/duckdb-wasm/dist/duckdb-node-blocking.cjs')
      const {
        createDuckDB,
        NODE_RUNTIME: runtime,
        VoidLogger,
      } = ((module as { default?: unknown }).default ?? module) as BindingsModule
      return { createDuckDB: (bundles) => createDuckDB(bundles, new VoidLogger(), runtime), runtime }
    },
    compileEngine: async (binary) => WebAssembly.compile(await readFile(await locate(binary, wasm))),
    loadParquet: () => readFile(new URL('parquet_wasm_bg.wasm', wasm)),
  }
}

async function locate(binary: string, wasm: URL): Promise<URL> {
  if (binary === 'slim') return new URL('duckdb-eh.wasm', wasm)
  if (binary !== 'full') return new URL(binary)
  const { createRequire } = await import('node:module')
  const { pathToFileURL } = await import('node:url')
  try {
    return pathToFileURL(createRequire(import.meta.url).resolve('@duckdb/duckdb-wasm/dist/duckdb-eh.wasm'))
  } catch (cause) {
    throw new LakefrontError(
      'MISSING_LIBRARY',
      "engineBinary 'full' is the official file of @duckdb/duckdb-wasm, which is not installed. Run: npm install @duckdb/duckdb-wasm@1.33.1-dev65.0",
      { cause },
    )
  }
}

async function readFile(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  const { readFile: read } = await import('node:fs/promises')
  try {
    return new Uint8Array(await read(url))
  } catch (cause) {
    throw new LakefrontError(
      'NOT_FOUND',
      `The engine file ${url.pathname} cannot be read. It is part of the package: install the package again, or run its build.`,
      { cause },
    )
  }
}
