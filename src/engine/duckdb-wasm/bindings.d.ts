declare module '@duckdb/duckdb-wasm/dist/duckdb-node-blocking.cjs'

declare module '@duckdb/duckdb-wasm/dist/duckdb-browser-blocking.mjs' {
  export const createDuckDB: (bundles: object, logger: object, runtime: object) => Promise<object>
  export const BROWSER_RUNTIME: object
  export const VoidLogger: new () => object
}
