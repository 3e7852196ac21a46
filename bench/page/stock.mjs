import { AsyncDuckDB, DuckDBDataProtocol, VoidLogger } from 'duckdb-wasm-stock'
import { asyncSystem } from './async-system.mjs'

globalThis.bench = asyncSystem({ AsyncDuckDB, DuckDBDataProtocol, VoidLogger, folder: 'stock' })
