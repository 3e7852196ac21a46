import { readExports, readImports } from './module.mjs'

/**
 * What the engine facade calls beside the C API: `Vector::Dictionary`, for dictionaries that know their size,
 * `StreamQueryResult::ExecuteTask`, which makes rows of a result in slices, what defines casts of whole families of types and macros of
 * the system's own, DuckDB's reader of CSV and what puts ours in its place, two that print the name of a column in a plan, and the
 * JSON parser and writer DuckDB brings.
 */
const internals = [
  '_ZN6duckdb6Vector10DictionaryERS0_yRKNS_15SelectionVectorEy',
  '_ZN6duckdb17StreamQueryResult11ExecuteTaskEv',
  '_ZNK6duckdb14BaseExpression7GetNameEv',
  '_ZNK6duckdb24BoundReferenceExpression8ToStringEv',
  '_ZN6duckdb15CastFunctionSet3GetERNS_13ClientContextE',
  '_ZN6duckdb15CastFunctionSet20RegisterCastFunctionERKNS_11LogicalTypeES3_NS_13BoundCastInfoEx',
  '_ZN6duckdb15HandleCastError11AssignErrorERKNSt3__212basic_stringIcNS1_11char_traitsIcEENS1_9allocatorIcEEEERNS_14CastParametersE',
  '_ZN6duckdb16VectorOperations14DefaultTryCastERNS_6VectorES2_yPNSt3__212basic_stringIcNS3_11char_traitsIcEENS3_9allocatorIcEEEEb',
  '_ZN6duckdb6Vector7FlattenEy',
  '_ZN6duckdb7Catalog16GetSystemCatalogERNS_13ClientContextE',
  '_ZN6duckdb7Catalog14CreateFunctionERNS_13ClientContextERNS_18CreateFunctionInfoE',
  '_ZN6duckdb7Catalog19CreateTableFunctionERNS_13ClientContextERNS_23CreateTableFunctionInfoE',
  '_ZN6duckdb23CreateTableFunctionInfoC1ENS_13TableFunctionE',
  '_ZN6duckdb20ReadCSVTableFunction11GetFunctionEv',
  '_ZN6duckdb18ReadCSVReplacementERNS_13ClientContextERNS_20ReplacementScanInputENS_12optional_ptrINS_19ReplacementScanDataELb1EEE',
  '_ZN6duckdb23ReadDuckDBTableFunction15ReplacementScanERNS_13ClientContextERNS_20ReplacementScanInputENS_12optional_ptrINS_19ReplacementScanDataELb1EEE',
  '_ZN6duckdb24DefaultFunctionGenerator23CreateInternalMacroInfoERKNS_12DefaultMacroE',
  '_ZN6duckdb29DefaultTableFunctionGenerator20CreateTableMacroInfoERKNS_17DefaultTableMacroE',
  '_ZN13duckdb_yyjson20yyjson_alc_pool_initEPNS_10yyjson_alcEPvm',
  '_ZN13duckdb_yyjson16yyjson_read_optsEPcmjPKNS_10yyjson_alcEPNS_15yyjson_read_errE',
  '_ZN13duckdb_yyjson21yyjson_val_write_optsEPKNS_10yyjson_valEjPKNS_10yyjson_alcEPmPNS_16yyjson_write_errE',
  '_ZN13duckdb_yyjson20unsafe_yyjson_equalsEPNS_10yyjson_valES1_',
  '_ZN13duckdb_yyjson22unsafe_yyjson_ptr_getxEPNS_10yyjson_valEPKcmPNS_14yyjson_ptr_errE',
  '_ZN13duckdb_yyjson18yyjson_mut_doc_newEPKNS_10yyjson_alcE',
  '_ZN13duckdb_yyjson19yyjson_val_mut_copyEPNS_14yyjson_mut_docEPNS_10yyjson_valE',
  '_ZN13duckdb_yyjson22yyjson_mut_merge_patchEPNS_14yyjson_mut_docEPNS_14yyjson_mut_valES3_',
  '_ZN13duckdb_yyjson25yyjson_mut_val_write_optsEPKNS_14yyjson_mut_valEjPKNS_10yyjson_alcEPmPNS_16yyjson_write_errE',
]

/**
 * The names of the exports that something uses, sorted:
 *
 * - what the bindings' JavaScript names anywhere in its text. That is a superset of what it calls: telling property
 *   reads apart from other words in minified code saves nothing and breaks silently.
 * - what the module imports from `GOT.func` and `GOT.mem`: Emscripten's loader resolves those from the exports.
 * - DuckDB's C API, all of it.
 * - the C++ functions of {@link internals}.
 * - the `orig$` twin of each: the same function before its 64-bit arguments were split in two.
 *
 * @param {Uint8Array} bytes the official engine file
 * @param {readonly string[]} bindings the texts of the JavaScript files that load it
 * @returns {string[]}
 */
export function namesToKeep(bytes, bindings) {
  const wanted = new Set([...internals, ...bindings.flatMap((text) => text.match(/[A-Za-z_$][\w$]*/g) ?? [])])
  for (const { module, name } of readImports(bytes)) if (module.startsWith('GOT.')) wanted.add(name)
  return readExports(bytes)
    .map(({ name }) => name)
    .filter((name) => isCApi(plainName(name)) || wanted.has(plainName(name)))
    .sort()
}

/** @param {string} name */
function isCApi(name) {
  return /^duckdb_(?!web_)[a-z0-9_]+$/.test(name)
}

/** @param {string} name */
function plainName(name) {
  return name.startsWith('orig$') ? name.slice('orig$'.length) : name
}
