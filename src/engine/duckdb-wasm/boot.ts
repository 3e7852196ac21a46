import type { DuckDBBindings } from '@duckdb/duckdb-wasm'
import { LakefrontError } from '../../errors.ts'
import { bindCApi } from './capi.ts'
import type { CApi, Pointer } from './capi.ts'
import { Heap } from './heap.ts'

/** The part of `@duckdb/duckdb-wasm`'s blocking bindings that is used, for whichever host. */
export interface BlockingBindings {
  createDuckDB(bundles: unknown, logger: unknown, runtime: unknown): Promise<DuckDBBindings>
  readonly runtime: unknown
  readonly logger: unknown
}

/** What an engine needs of the place it runs in. */
export interface EngineHost {
  loadBindings(): Promise<BlockingBindings>
  /** Compiles an engine file: `'slim'`, `'full'` or a URL. */
  compileEngine(binary: string): Promise<WebAssembly.Module>
  /** The file of `parquet-wasm`, compiled or as bytes. */
  loadParquet(): Promise<WebAssembly.Module | BufferSource>
}

/** A started DuckDB: its C API, its memory, and the bindings that started it. */
export interface Duckdb {
  readonly capi: CApi
  readonly exports: WebAssembly.Exports
  readonly heap: Heap
  readonly table: WebAssembly.Table
  readonly bindings: DuckDBBindings
  /** Opens a connection to the one database; close it with its `close`. */
  connect(): Connection
}

/** A connection as the C API names it. */
export interface Connection {
  readonly pointer: Pointer
  close(): void
}

interface PatchableBindings extends DuckDBBindings {
  instantiateWasm(imports: WebAssembly.Imports, done: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void): unknown
}

/**
 * Starts DuckDB in this thread.
 *
 * The bindings do what they are good at, Emscripten's start-up and the file system; everything else goes through the C API, whose
 * functions the engine file exports. `instantiateWasm` of the bindings is replaced to get at the exports. The one import through
 * which DuckDB makes requests of its own (extension downloads, its HTTP client: synchronous, without ranges on signed URLs,
 * hanging without a network) answers "nothing there", so that every such request fails at once.
 *
 * @throws LakefrontError `ENGINE_FAILED` when the file is not an engine of the pinned version.
 */
export async function bootDuckdb(host: EngineHost, binary: string): Promise<Duckdb> {
  const [{ createDuckDB, logger, runtime }, module] = await Promise.all([host.loadBindings(), host.compileEngine(binary)])
  const anyBundle = { mainModule: 'unused', mainWorker: 'unused' }
  const bindings = (await createDuckDB({ mvp: anyBundle, eh: anyBundle }, logger, runtime)) as PatchableBindings
  let parts: { exports: WebAssembly.Exports; memory: WebAssembly.Memory; table: WebAssembly.Table } | undefined
  let fail: (error: unknown) => void = () => {}
  const failed = new Promise<never>((_, reject) => (fail = reject))
  bindings.instantiateWasm = (imports, done) => {
    Object.assign(globalThis, { DUCKDB_RUNTIME: runtime })
    const environment = imports['env'] as Record<string, WebAssembly.ImportValue>
    environment['emscripten_asm_const_ptr'] = () => 0
    WebAssembly.instantiate(module, imports).then((instance) => {
      parts = {
        exports: instance.exports,
        memory: environment['memory'] as WebAssembly.Memory,
        table: environment['__indirect_function_table'] as WebAssembly.Table,
      }
      done(instance, module)
    }, fail)
    return []
  }
  try {
    await Promise.race([bindings.instantiate(() => {}), failed])
  } catch (cause) {
    throw new LakefrontError('ENGINE_FAILED', `The engine file ${quoteBinary(binary)} cannot be started: ${String(cause)}`, { cause })
  }
  const { exports, memory, table } = parts!
  const capi = bindCApi(exports)
  const heap = new Heap(memory, capi)
  bindings.open({ path: ':memory:' } as Parameters<DuckDBBindings['open']>[0])
  return { capi, exports, heap, table, bindings, connect: () => openConnection(bindings, capi, heap) }
}

/**
 * A `duckdb_connection` is the address of DuckDB's own connection object, and the object of the bindings holds it inline, 8 bytes
 * in. That is no promise of the bindings, so it is checked on every connection: the words before must be a shared pointer (an
 * address and the same less 16, as the object was made with its counter), and a query must answer.
 */
const connectionOffset = 8

function openConnection(bindings: DuckDBBindings, capi: CApi, heap: Heap): Connection {
  const holder = bindings.connect()
  const pointer = connectionPointer((holder as unknown as { _conn: Pointer })._conn, heap)
  return {
    pointer,
    close: () => bindings.disconnect((holder as unknown as { _conn: number })._conn),
  }
}

function connectionPointer(holder: Pointer, heap: Heap): Pointer {
  const pointer = holder + connectionOffset
  const object = heap.pointerAt(pointer)
  const control = heap.pointerAt(pointer + 4)
  if (object === 0 || object - control !== 16) {
    throw new LakefrontError(
      'ENGINE_FAILED',
      'The engine file lays out connections in another way than the pinned version. Use the engine file that came with this package.',
    )
  }
  return pointer
}

function quoteBinary(binary: string): string {
  return JSON.stringify(binary.replace(/[?#].*$/, ''))
}
