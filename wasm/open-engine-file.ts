import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'

/** What the tests here use of the blocking bindings. */
interface Bindings {
  instantiate(onProgress: () => void): Promise<unknown>
  instantiateWasm(
    imports: WebAssembly.Imports,
    done: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
  ): unknown
  open(config: object): void
  connect(): { readonly _conn: number }
  runQuery(connection: number, sql: string): Uint8Array
  registerFileBuffer(name: string, bytes: Uint8Array): void
  copyFileToBuffer(name: string): Uint8Array
  dropFile(name: string): void
}

type Callable = (...values: (number | bigint)[]) => number | bigint

/** An engine file started by the official bindings and nothing of ours. */
export interface OpenedEngineFile {
  readonly exports: WebAssembly.Exports
  readonly bindings: Bindings
  readonly connection: number
  readonly memory: WebAssembly.Memory
  readonly table: WebAssembly.Table
  /** The rows of a query as the bindings send them: Arrow IPC. */
  query(sql: string): Uint8Array
  /** What a statement fails with. Throws when it does not. */
  failure(sql: string): string
  /** Calls an export, the twin with 64-bit arguments where there is one. */
  call(name: string, ...values: (number | bigint)[]): number
  /** A zero-terminated string in DuckDB's heap, never freed. */
  text(value: string): number
}

/** Starts DuckDB from an engine file in this thread. */
export async function openEngineFile(file: URL): Promise<OpenedEngineFile> {
  const { createDuckDB, NODE_RUNTIME, VoidLogger } = createRequire(import.meta.url)(
    '@duckdb/duckdb-wasm/dist/duckdb-node-blocking.cjs',
  )
  const bundle = { mainModule: 'unused', mainWorker: 'unused' }
  const bindings: Bindings = await createDuckDB({ mvp: bundle, eh: bundle }, new VoidLogger(), NODE_RUNTIME)
  const module = await WebAssembly.compile(await readFile(file))
  const environment: Record<string, WebAssembly.ImportValue> = {}
  let exports: WebAssembly.Exports = {}
  await new Promise((resolve, reject) => {
    bindings.instantiateWasm = (imports, done) => {
      Object.assign(globalThis, { DUCKDB_RUNTIME: NODE_RUNTIME })
      const { memory, __indirect_function_table } = imports['env']!
      Object.assign(environment, { memory, __indirect_function_table })
      WebAssembly.instantiate(module, imports)
        .then((instance) => {
          exports = instance.exports
          done(instance, module)
        })
        .catch(reject)
      return []
    }
    bindings.instantiate(() => {}).then(resolve, reject)
  })
  bindings.open({})
  const connection = bindings.connect()._conn
  const memory = environment['memory'] as WebAssembly.Memory
  const call = (name: string, ...values: (number | bigint)[]): number =>
    Number(((exports[`orig$${name}`] ?? exports[name]) as Callable)(...values))
  return {
    exports,
    bindings,
    connection,
    memory,
    table: environment['__indirect_function_table'] as WebAssembly.Table,
    query: (sql) => bindings.runQuery(connection, sql),
    failure(sql) {
      try {
        bindings.runQuery(connection, sql)
      } catch (error) {
        return String(error)
      }
      throw new Error(`This was expected to fail: ${sql}`)
    },
    call,
    text(value) {
      const utf8 = new TextEncoder().encode(`${value}\0`)
      const address = call('malloc', utf8.length)
      new Uint8Array(memory.buffer).set(utf8, address)
      return address
    },
  }
}
