import type { Pointer } from '../capi.ts'
import type { NativeFunctions } from './native-functions.ts'

/** A macro of at most eight parameters. */
export interface Macro {
  readonly name: string
  readonly parameters: readonly string[]
  /** More parameters, which may be left out: names with what they are then, in SQL. */
  readonly defaults?: readonly (readonly [name: string, sql: string])[]
  readonly sql: string
  /** Whether `sql` is a query, for `FROM name(…)`. */
  readonly isTable?: boolean
}

/** A `DefaultMacro` is a list of C strings: schema, name, up to eight parameters, eight pairs of names and defaults, and the text. */
export function defineMacro(
  { duckdb, cpp }: Pick<NativeFunctions, 'duckdb' | 'cpp'>,
  context: Pointer,
  { name, parameters, defaults = [], sql, isTable }: Macro,
): void {
  const { heap } = duckdb
  const encoder = new TextEncoder()
  const none = Array.from({ length: 8 - parameters.length }, () => undefined)
  const texts = ['main', name, ...parameters, ...none, ...defaults.flat(), sql].map((text) => {
    if (text === undefined) return 0
    const bytes = encoder.encode(`${text}\0`)
    const address = heap.allocate(bytes.length)
    heap.bytes.set(bytes, address)
    return address
  })
  heap.withWords(27, (macro) => {
    const words = heap.words
    texts.slice(0, -1).forEach((address, index) => (words[(macro >>> 2) + index] = address))
    words[(macro >>> 2) + 26] = texts.at(-1)!
    // The parsed macro is given to nobody who would free it: a few hundred bytes as long as the engine lives.
    const info = isTable === true ? cpp.parseTableMacro(macro) : cpp.parseMacro(macro)
    cpp.createFunction(cpp.systemCatalog(context), context, info)
  })
  for (const address of texts) if (address !== 0) heap.free(address)
}
