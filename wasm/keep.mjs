import { readExports, readImports } from './module.mjs'

/**
 * What the engine facade calls beside the C API: `Vector::Dictionary`, for dictionaries that know their size, and
 * `StreamQueryResult::ExecuteTask`, which makes rows of a result in slices; and two functions that print the name of a column in a plan.
 */
const internals = [
  '_ZN6duckdb6Vector10DictionaryERS0_yRKNS_15SelectionVectorEy',
  '_ZN6duckdb17StreamQueryResult11ExecuteTaskEv',
  '_ZNK6duckdb14BaseExpression7GetNameEv',
  '_ZNK6duckdb24BoundReferenceExpression8ToStringEv',
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
