import type { Pointer } from './capi.ts'
import type { Heap } from './heap.ts'

/** Words of stack above a callback's `info` that are searched: DuckDB has the two in neighbouring frames. */
const reach = 256

/** Where `CTableInitData` lies in the states that hold it: behind their virtual table, aligned to 8 bytes. */
const initDataOffset = 8

/** `AsyncResultType`: what a table function may say of its rows. */
const implicit = 1
const haveMoreOutput = 2

/** `AsyncResultsExecutionMode::TASK_EXECUTOR`. */
const taskExecutor = 1

/**
 * Tells DuckDB that the table function whose callback got `info` has more rows, although it gives none now. An empty chunk otherwise means
 * the end. DuckDB then asks again, some fifty times, before it lets go of the thread: that is how a scan waits where wasm cannot.
 *
 * The C API has no word for it, `TableFunctionInput` of C++ does (`async_result`, DuckDB 1.5). It stands on the stack above `info`, and is
 * known by the three pointers it begins with, which `info` (`CTableInternalFunctionInfo`) repeats, and by what must be in the
 * field. Answers false when it is not found, and has changed nothing then.
 */
export function sayMoreToCome(heap: Heap, info: Pointer): boolean {
  const words = heap.words
  const at = info >>> 2
  const bind = words[at]!
  const globalState = words[at + 1]! - initDataOffset
  const localState = words[at + 2]! - initDataOffset
  for (let word = at + 3; word < at + reach; word++) {
    if (words[word] !== bind || words[word + 1] !== localState || words[word + 2] !== globalState) continue
    const result = (word + 3) << 2
    const tasks = words.subarray(word + 4, word + 7)
    const mode = heap.bytes[(word + 7) << 2]
    if (heap.bytes[result] !== implicit || mode !== taskExecutor || tasks.some((part) => part !== 0)) return false
    heap.bytes[result] = haveMoreOutput
    return true
  }
  return false
}
