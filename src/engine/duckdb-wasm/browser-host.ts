import { createDuckDB, BROWSER_RUNTIME, VoidLogger } from '@duckdb/duckdb-wasm/dist/duckdb-browser-blocking.mjs'
import { LakefrontError } from '../../errors.ts'
import type { DecoderHandle } from '../../scan/decoder-handle.ts'
import type { BlockingBindings, EngineHost } from './boot.ts'

/** The files of the package as the page's bundler names them. */
export interface BrowserFiles {
  readonly engine: URL
  readonly parquet: URL
}

/** A worker of a browser: files are fetched, and the engine's is compiled while it arrives. */
export function browserHost(files: BrowserFiles, spawnDecoder: () => DecoderHandle): EngineHost {
  const { deviceMemory } = navigator as { deviceMemory?: number }
  return {
    ...(deviceMemory === undefined ? {} : { memoryBytes: deviceMemory * 2 ** 30 }),
    // Safari says nothing of its cores to some pages; two is what any machine has.
    decoders: { cores: navigator.hardwareConcurrency ?? 2, spawn: spawnDecoder },
    async loadBindings() {
      const create = createDuckDB as unknown as (
        bundles: object,
        logger: object,
        runtime: object,
      ) => ReturnType<BlockingBindings['createDuckDB']>
      return { createDuckDB: (bundles) => create(bundles, new VoidLogger(), BROWSER_RUNTIME), runtime: BROWSER_RUNTIME }
    },
    compileEngine: async (binary) => compile(await download(locate(binary, files))),
    loadParquet: async () => (await download(files.parquet)).arrayBuffer(),
  }
}

function locate(binary: string, files: BrowserFiles): URL {
  if (binary === 'slim') return files.engine
  if (binary !== 'full') return new URL(binary)
  throw new LakefrontError(
    'INVALID_ARGUMENT',
    "In a browser, engineBinary 'full' has no address of its own. Serve dist/duckdb-eh.wasm of @duckdb/duckdb-wasm@1.33.1-dev65.0 from your site and pass its URL as engineBinary.",
  )
}

/** Streams where the server sends the type `application/wasm`, which streaming needs. */
async function compile(response: Response): Promise<WebAssembly.Module> {
  const isTyped = response.headers.get('content-type')?.startsWith('application/wasm') === true
  return isTyped ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer())
}

async function download(url: URL): Promise<Response> {
  const label = url.origin + url.pathname
  const response = await fetch(url).catch((cause: unknown) => {
    throw new LakefrontError(
      'NETWORK',
      `The engine file ${label} could not be fetched. Check that it is served and that the page's policy allows it.`,
      { cause },
    )
  })
  if (!response.ok) {
    throw new LakefrontError(
      'NOT_FOUND',
      `The engine file ${label} was answered with status ${response.status}. Serve the package's dist/wasm folder beside its code.`,
    )
  }
  return response
}
