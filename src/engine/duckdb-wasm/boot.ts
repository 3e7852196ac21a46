import { LakefrontError } from '../../errors.ts'
import type { DecoderWorkers } from '../../scan/decoder-handle.ts'
import { bindCApi } from './capi.ts'
import type { CApi, Pointer } from './capi.ts'
import { Heap } from './heap.ts'
import { pooledRandom } from './pooled-random.ts'

/** What is used of the blocking bindings of `@duckdb/duckdb-wasm`; `instantiateWasm` is theirs to call and ours to replace. */
export interface Bindings {
  instantiate(onProgress: () => void): Promise<unknown>
  instantiateWasm(
    imports: WebAssembly.Imports,
    done: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
  ): unknown
  open(config: { path: string }): void
  connect(): object
  disconnect(connection: number): void
  registerFileBuffer(name: string, buffer: Uint8Array): void
  copyFileToBuffer(name: string): Uint8Array
  dropFile(name: string): void
}

/** The module of the blocking bindings for a host. */
export interface BlockingBindings {
  createDuckDB(bundles: object): Promise<Bindings>
  /** The bindings' own file system for the host; they look for it in a global. */
  readonly runtime: object
}

/** What an engine needs of the place it runs in. */
export interface EngineHost {
  loadBindings(): Promise<BlockingBindings>
  /** Compiles an engine file: `'slim'`, `'full'` or a URL. */
  compileEngine(binary: string): Promise<WebAssembly.Module>
  /** The file of `parquet-wasm`, compiled or as bytes. */
  loadParquet(): Promise<WebAssembly.Module | BufferSource>
  /** Memory of the machine, as far as it is told. */
  readonly memoryBytes?: number
  /** Workers that decode Parquet; absent where the engine's thread does it. */
  readonly decoders?: DecoderWorkers
}

/** A started DuckDB: its C API, its memory, and the bindings that started it. */
export interface Duckdb {
  readonly capi: CApi
  readonly exports: WebAssembly.Exports
  readonly heap: Heap
  readonly table: WebAssembly.Table
  readonly bindings: Bindings
  /** Opens a connection to the one database; close it with its `close`. */
  connect(): Connection
}

/** A connection as the C API names it. */
export interface Connection {
  readonly pointer: Pointer
  close(): void
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
  const [{ createDuckDB, runtime }, module] = await Promise.all([host.loadBindings(), host.compileEngine(binary)])
  const anyBundle = { mainModule: 'unused', mainWorker: 'unused' }
  const bindings = await createDuckDB({ mvp: anyBundle, eh: anyBundle })
  let parts: { exports: WebAssembly.Exports; memory: WebAssembly.Memory; table: WebAssembly.Table } | undefined
  let fail: (error: unknown) => void = () => {}
  const failed = new Promise<never>((_, reject) => (fail = reject))
  bindings.instantiateWasm = (imports, done) => {
    Object.assign(globalThis, { DUCKDB_RUNTIME: runtime })
    const environment = imports['env'] as Record<string, WebAssembly.ImportValue>
    environment['emscripten_asm_const_ptr'] = () => 0
    const memory = environment['memory'] as WebAssembly.Memory
    const system = imports['wasi_snapshot_preview1'] as Record<string, WebAssembly.ImportValue>
    system['random_get'] = pooledRandom(memory)
    WebAssembly.instantiate(module, imports).then((instance) => {
      parts = {
        exports: instance.exports,
        memory,
        table: environment['__indirect_function_table'] as WebAssembly.Table,
      }
      done(instance, module)
    }, fail)
    return []
  }
  try {
    await Promise.race([bindings.instantiate(() => {}), failed])
  } catch (cause) {
    throw new LakefrontError(
      'ENGINE_FAILED',
      `The engine file ${quoteBinary(binary)} cannot be started: ${String(cause)}`,
      { cause },
    )
  }
  const { exports, memory, table } = parts!
  const capi = bindCApi(exports)
  const heap = new Heap(memory, capi)
  bindings.open({ path: ':memory:' })
  return { capi, exports, heap, table, bindings, connect: () => openConnection(bindings, heap) }
}

/**
 * A `duckdb_connection` is the address of DuckDB's own connection object, and the object of the bindings holds it inline, 8 bytes
 * in; a `duckdb_database` is the address of a shared pointer to an object that starts with a shared pointer to the instance, which the
 * connection's context holds 8 bytes in. None of this is promised by the bindings, so it is checked: contexts and instances start with
 * a weak pointer to themselves (their own address and their counter's), and both must agree with the pointers that led to them.
 */
const connectionOffset = 8
const instanceOffset = 8

function openConnection(bindings: Bindings, heap: Heap): Connection {
  const { _conn: holder } = bindings.connect() as { _conn: Pointer }
  const pointer = holder + connectionOffset
  selfReference(heap, pointer)
  return { pointer, close: () => bindings.disconnect(holder) }
}

/** Runs `use` with a `duckdb_database` for the database of `connection`; borrowed for the call. */
export function withDatabase<T>(heap: Heap, connection: Connection, use: (database: Pointer) => T): T {
  const context = selfReference(heap, connection.pointer)
  const instance = selfReference(heap, context + instanceOffset)
  return heap.withWords(4, (block) => {
    const words = heap.words
    words[block >>> 2] = block + 8
    words[(block + 8) >>> 2] = instance
    return use(block)
  })
}

/** Follows the shared pointer at `address` and checks that its object knows itself by the same counter. */
function selfReference(heap: Heap, address: Pointer): Pointer {
  const object = heap.pointerAt(address)
  const counter = heap.pointerAt(address + 4)
  if (object === 0 || heap.pointerAt(object) !== object || heap.pointerAt(object + 4) !== counter) {
    throw new LakefrontError(
      'ENGINE_FAILED',
      'The engine file lays out its objects in another way than the pinned version. Use the engine file that came with this package.',
    )
  }
  return object
}

function quoteBinary(binary: string): string {
  return JSON.stringify(binary.replace(/[?#].*$/, ''))
}
