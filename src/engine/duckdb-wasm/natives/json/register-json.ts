import { VectorAccess } from '../vector-access.ts'
import type { Macro } from '../define-macro.ts'
import type { NativeFunctions } from '../native-functions.ts'
import { CreateFunctions } from './create-functions.ts'
import { DocumentFunctions } from './document-functions.ts'
import { EachFunctions } from './each-functions.ts'
import { ExtractFunctions } from './extract-functions.ts'
import { JsonReader } from './json-reader.ts'
import { TransformFunctions } from './transform-functions.ts'

/** Aggregates of JSON, of the texts of their parts. */
const aggregates: readonly Macro[] = [
  {
    name: 'json_group_array',
    parameters: ['x'],
    sql: "CAST('[' || string_agg(coalesce(CAST(to_json(x) AS VARCHAR), 'null'), ',') || ']' AS JSON)",
  },
  {
    name: 'json_group_object',
    parameters: ['n', 'v'],
    sql: "CAST('{' || string_agg(CASE WHEN n IS NULL THEN error('json_group_object key cannot be NULL') ELSE CAST(to_json(CAST(n AS VARCHAR)) AS VARCHAR) END || ':' || coalesce(CAST(to_json(v) AS VARCHAR), 'null'), ',') || '}' AS JSON)",
  },
  { name: 'json_group_structure', parameters: ['x'], sql: "json_extract(json_structure(json_group_array(x)), '$[0]')" },
]

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
  new TransformFunctions(functions, reader, vectors).register()
  functions.macros(aggregates)
  new EachFunctions(functions, reader, vectors).register()
}
