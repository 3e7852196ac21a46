import { VectorAccess } from '../vector-access.ts'
import type { NativeFunctions } from '../native-functions.ts'
import { CreateFunctions } from './create-functions.ts'
import { DocumentFunctions } from './document-functions.ts'
import { ExtractFunctions } from './extract-functions.ts'
import { JsonReader } from './json-reader.ts'

/** Defines the type `JSON`, its casts, operators and functions, which in DuckDB are the json extension. */
export function registerJson(functions: NativeFunctions, instant: (microseconds: bigint) => string): void {
  const { duckdb, cpp } = functions
  const reader = new JsonReader(duckdb, cpp)
  const vectors = new VectorAccess(duckdb)
  const compact = (json: string): string =>
    duckdb.heap.withText(json, (text, bytes) => {
      const written = reader.write(reader.parse(text, bytes))
      return new TextDecoder().decode(duckdb.heap.bytes.subarray(written, written + reader.written))
    })
  new DocumentFunctions(functions, reader, vectors).register()
  new ExtractFunctions(functions, reader, vectors).register()
  new CreateFunctions(functions, { compact, instant }).register()
}
