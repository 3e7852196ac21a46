import { AsyncDuckDB, DuckDBDataProtocol, VoidLogger } from '@duckdb/duckdb-wasm'
import { asyncSystem } from './async-system.mjs'

globalThis.bench = asyncSystem({ AsyncDuckDB, DuckDBDataProtocol, VoidLogger, folder: 'official' })
