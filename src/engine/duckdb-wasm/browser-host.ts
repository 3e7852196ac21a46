import { createDuckDB, BROWSER_RUNTIME, VoidLogger } from '@duckdb/duckdb-wasm/dist/duckdb-browser-blocking.mjs'
import { LakefrontError } from '../../errors.ts'
import type { BlockingBindings, EngineHost } from './boot.ts'

/** The files of the package as the page's bundler names them. */
export interface BrowserFiles {
  readonly engine: URL
  readonly parquet: URL
}

/** A worker of a browser: files are fetched, and compiled while they arrive. */
export function browserHost(files: BrowserFiles): EngineHost {
  return {
    async loadBindings() {
      const create = createDuckDB as unknown as (
        bundles: object,
        logger: object,
        runtime: object,
      ) => ReturnType<BlockingBindings['createDuckDB']>
      return { createDuckDB: (bundles) => create(bundles, new VoidLogger(), BROWSER_RUNTIME), runtime: BROWSER_RUNTIME }
    },
    compileEngine: (binary) => compile(locate(binary, files)),
    loadParquet: () => compile(files.parquet),
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
async function compile(url: URL): Promise<WebAssembly.Module> {
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
  const isTyped = response.headers.get('content-type')?.startsWith('application/wasm') === true
  return isTyped ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer())
}
