import { bindExports } from './capi.ts'
import type { Pointer } from './capi.ts'

/**
 * What the C API leaves out and DuckDB's own C++ functions have: casts from and to whole families of types, and the JSON parser it brings.
 * Written like {@link CApi}. Their names hold for the pinned version only; `wasm/keep.mjs` keeps them in the slim file.
 */
export interface CppApi {
  /** `CastFunctionSet::Get`: the casts of the database of a context. */
  castsOf(context: Pointer): Pointer
  /** `CastFunctionSet::RegisterCastFunction`; `cast` is the address of a `BoundCastInfo`. */
  registerCast(casts: Pointer, from: Pointer, to: Pointer, cast: Pointer, implicitCost: bigint): void
  /** `HandleCastError::AssignError`: throws, or tells whoever tries the cast. */
  assignCastError(message: Pointer, parameters: Pointer): void
  /** `VectorOperations::DefaultTryCast`: answers whether all rows could be cast; those that could not are null. */
  tryCast(source: Pointer, target: Pointer, rows: number, message: Pointer, isStrict: number): number
  /** `Vector::Flatten`. */
  flatten(vector: Pointer, rows: number): void

  /** `Catalog::GetSystemCatalog`: where functions are that every database sees. */
  systemCatalog(context: Pointer): Pointer
  /** `DefaultFunctionGenerator::CreateInternalMacroInfo` and its like for tables: parse a macro to its `CreateMacroInfo`. */
  parseMacro(macro: Pointer): Pointer
  parseTableMacro(macro: Pointer): Pointer
  /** `Catalog::CreateFunction`; needs a transaction. */
  createFunction(catalog: Pointer, context: Pointer, info: Pointer): Pointer

  /** `ReadCSVTableFunction::GetFunction`: makes DuckDB's `read_csv` at an address, as the C API's table functions are. */
  makeReadCsv(fn: Pointer): void
  /** `CreateTableFunctionInfo`: makes what {@link createTableFunction} takes at an address, of a table function, which is emptied by it. */
  makeTableFunctionInfo(info: Pointer, fn: Pointer): void
  /** `Catalog::CreateTableFunction`; needs a transaction. */
  createTableFunction(catalog: Pointer, context: Pointer, info: Pointer): Pointer

  poolInit(allocator: Pointer, buffer: Pointer, bytes: number): number
  /** The document, or null when it is malformed or does not fit. */
  readJson(text: Pointer, bytes: number, flags: number, allocator: Pointer, error: Pointer): Pointer
  writeJson(value: Pointer, flags: number, allocator: Pointer, bytes: Pointer, error: Pointer): Pointer
  jsonEquals(a: Pointer, b: Pointer): number
  /** The value at a JSON pointer, or null. */
  jsonPointer(value: Pointer, path: Pointer, bytes: number, error: Pointer): Pointer
  makeJson(allocator: Pointer): Pointer
  copyJson(document: Pointer, value: Pointer): Pointer
  mergeJson(document: Pointer, value: Pointer, patch: Pointer): Pointer
  writeMadeJson(value: Pointer, flags: number, allocator: Pointer, bytes: Pointer, error: Pointer): Pointer
}

const text = 'NSt3__212basic_stringIcNS1_11char_traitsIcEENS1_9allocatorIcEEEE'

const methods: Record<keyof CppApi, readonly [symbol: string, signature: string]> = {
  castsOf: ['_ZN6duckdb15CastFunctionSet3GetERNS_13ClientContextE', 'p:p'],
  registerCast: [
    '_ZN6duckdb15CastFunctionSet20RegisterCastFunctionERKNS_11LogicalTypeES3_NS_13BoundCastInfoEx',
    'ppppq:v',
  ],
  assignCastError: [`_ZN6duckdb15HandleCastError11AssignErrorERK${text}RNS_14CastParametersE`, 'pp:v'],
  tryCast: [
    '_ZN6duckdb16VectorOperations14DefaultTryCastERNS_6VectorES2_yPNSt3__212basic_stringIcNS3_11char_traitsIcEENS3_9allocatorIcEEEEb',
    'ppnpp:p',
  ],
  flatten: ['_ZN6duckdb6Vector7FlattenEy', 'pn:v'],
  systemCatalog: ['_ZN6duckdb7Catalog16GetSystemCatalogERNS_13ClientContextE', 'p:p'],
  parseMacro: ['_ZN6duckdb24DefaultFunctionGenerator23CreateInternalMacroInfoERKNS_12DefaultMacroE', 'p:p'],
  parseTableMacro: ['_ZN6duckdb29DefaultTableFunctionGenerator20CreateTableMacroInfoERKNS_17DefaultTableMacroE', 'p:p'],
  createFunction: ['_ZN6duckdb7Catalog14CreateFunctionERNS_13ClientContextERNS_18CreateFunctionInfoE', 'ppp:p'],
  makeReadCsv: ['_ZN6duckdb20ReadCSVTableFunction11GetFunctionEv', 'p:v'],
  makeTableFunctionInfo: ['_ZN6duckdb23CreateTableFunctionInfoC1ENS_13TableFunctionE', 'pp:v'],
  createTableFunction: [
    '_ZN6duckdb7Catalog19CreateTableFunctionERNS_13ClientContextERNS_23CreateTableFunctionInfoE',
    'ppp:p',
  ],
  poolInit: ['_ZN13duckdb_yyjson20yyjson_alc_pool_initEPNS_10yyjson_alcEPvm', 'ppp:p'],
  readJson: ['_ZN13duckdb_yyjson16yyjson_read_optsEPcmjPKNS_10yyjson_alcEPNS_15yyjson_read_errE', 'ppppp:p'],
  writeJson: [
    '_ZN13duckdb_yyjson21yyjson_val_write_optsEPKNS_10yyjson_valEjPKNS_10yyjson_alcEPmPNS_16yyjson_write_errE',
    'ppppp:p',
  ],
  jsonEquals: ['_ZN13duckdb_yyjson20unsafe_yyjson_equalsEPNS_10yyjson_valES1_', 'pp:p'],
  jsonPointer: ['_ZN13duckdb_yyjson22unsafe_yyjson_ptr_getxEPNS_10yyjson_valEPKcmPNS_14yyjson_ptr_errE', 'pppp:p'],
  makeJson: ['_ZN13duckdb_yyjson18yyjson_mut_doc_newEPKNS_10yyjson_alcE', 'p:p'],
  copyJson: ['_ZN13duckdb_yyjson19yyjson_val_mut_copyEPNS_14yyjson_mut_docEPNS_10yyjson_valE', 'pp:p'],
  mergeJson: ['_ZN13duckdb_yyjson22yyjson_mut_merge_patchEPNS_14yyjson_mut_docEPNS_14yyjson_mut_valES3_', 'ppp:p'],
  writeMadeJson: [
    '_ZN13duckdb_yyjson25yyjson_mut_val_write_optsEPKNS_14yyjson_mut_valEjPKNS_10yyjson_alcEPmPNS_16yyjson_write_errE',
    'ppppp:p',
  ],
}

/** Wraps the exports of an engine file. */
export function bindCppApi(exports: WebAssembly.Exports): CppApi {
  const signatures = Object.fromEntries(Object.entries(methods).map(([method, [, signature]]) => [method, signature]))
  return bindExports<CppApi>(
    exports,
    signatures as Record<keyof CppApi, string>,
    (method) => methods[method as keyof CppApi][0],
  )
}
