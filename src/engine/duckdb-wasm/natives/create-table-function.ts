import { LakefrontError } from '../../../errors.ts'
import type { Duckdb } from '../boot.ts'
import type { Pointer } from '../capi.ts'
import type { NativeFunctions } from './native-functions.ts'

/** Room for DuckDB's `TableFunction` and `CreateTableFunctionInfo`, which are smaller. */
export const objectBytes = 4096

/** Where `CreateInfo` keeps what to do with a function of the same name, beside whether it is temporary and whether it is the system's own. */
const conflictOffset = 32
const systemsOwn = [0, 0, 1]

/** `OnCreateConflict`: put it in the place of what has its name, or beside it for other types. */
const onConflict = { replace: 2, add: 3 } as const

/**
 * Makes a table function of the C API the system's own, which no call of the C API does where DuckDB has one of that name. Call while a
 * query is planned (`NativeFunctions.whilePlanning`), with its `context`. The function is emptied by it.
 *
 * @throws LakefrontError `ENGINE_FAILED` when the engine file lays out its objects in another way.
 */
export function createTableFunction(
  { duckdb: { heap }, cpp }: NativeFunctions,
  context: Pointer,
  fn: Pointer,
  conflict: keyof typeof onConflict,
): void {
  heap.withWords(objectBytes / 4, (info) => {
    cpp.makeTableFunctionInfo(info, fn)
    const at = (info >>> 0) + conflictOffset
    if (heap.bytes.subarray(at, at + systemsOwn.length).join() !== systemsOwn.join())
      throw otherVersion('it describes functions in another way')
    heap.bytes[at] = onConflict[conflict]
    const create = conflict === 'add' ? cpp.createFunction : cpp.createTableFunction
    create(cpp.systemCatalog(context), context, info)
  })
}

/**
 * Makes a table function of the C API one of other rows, `in_out_function` being `slot`. In `TableFunction` what binds it stands before two
 * that the C API leaves empty, then what begins a scan, globally and for each thread, what fills, and three for such functions, empty too.
 */
export function makeInOut({ heap, table }: Duckdb, fn: Pointer, slot: Pointer): void {
  const isSlot = (word: number): boolean => word > 0 && word < table.length && table.get(word) !== null
  const first = fn >>> 2
  for (let word = first; word < first + objectBytes / 16; word++) {
    const [bind, replace, operator, global, local, fill, inOut, final] = heap.words.subarray(word, word + 8)
    if (replace !== 0 || operator !== 0 || inOut !== 0 || final !== 0) continue
    if (![bind!, global!, local!, fill!].every(isSlot)) continue
    heap.words[word + 5] = 0
    heap.words[word + 6] = slot
    return
  }
  throw otherVersion('it describes table functions in another way')
}

/** What `duckdb_init_set_init_data` was given, by the `TableFunctionInput` of a run: behind what is bound and what is of the thread. */
export function initDataOf({ heap }: Duckdb, input: Pointer): Pointer {
  const global = heap.pointerAt(input + 8)
  return heap.pointerAt(global + 8)
}

/** An engine file that is not the one this is written for. */
export function otherVersion(why: string): LakefrontError {
  return new LakefrontError(
    'ENGINE_FAILED',
    `The engine file is not of the pinned version: ${why}. Use the engine file that came with this package.`,
  )
}
