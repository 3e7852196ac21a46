import type { Pointer } from '../capi.ts'
import { createTableFunction, objectBytes, otherVersion } from '../natives/create-table-function.ts'
import type { NativeFunctions } from '../natives/native-functions.ts'

/** What DuckDB's own reader of CSV is called once ours has its name. */
export const nativeReader = 'lf_native_csv'

/** The rules by which `FROM 'x.csv'` means `read_csv`, and by which `FROM 'x.duckdb'` means a database, as the engine file exports them. */
const csvRule =
  '_ZN6duckdb18ReadCSVReplacementERNS_13ClientContextERNS_20ReplacementScanInputENS_12optional_ptrINS_19ReplacementScanDataELb1EEE'
const otherRule =
  '_ZN6duckdb23ReadDuckDBTableFunction15ReplacementScanERNS_13ClientContextERNS_20ReplacementScanInputENS_12optional_ptrINS_19ReplacementScanDataELb1EEE'

/**
 * Puts `functions`, table functions of the C API, in the place of DuckDB's own of their names, which can be replaced by no SQL and no
 * call of the C API; DuckDB's reader of CSV stays as {@link nativeReader}, and `FROM 'x.csv'` is left to our rule for names of files.
 *
 * @throws LakefrontError `ENGINE_FAILED` when the engine file lays out its objects in another way.
 */
export function takeOverCsv(natives: NativeFunctions, functions: readonly Pointer[]): void {
  const { capi, heap, exports, table } = natives.duckdb
  natives.whilePlanning((context) => {
    heap.withWords(objectBytes / 4, (native) => {
      natives.cpp.makeReadCsv(native)
      heap.withText(nativeReader, (name) => capi.tableFunctionSetName(native, name))
      for (const fn of [native, ...functions]) createTableFunction(natives, context, fn, 'replace')
    })
  })
  const rule: unknown = exports[csvRule]
  for (let slot = 0; slot < table.length; slot++) {
    if (table.get(slot) !== rule) continue
    // The other rule is asked anyway, and has nothing to say to names of CSV.
    table.set(slot, exports[otherRule])
    return
  }
  throw otherVersion('it has no rule for files of CSV')
}
