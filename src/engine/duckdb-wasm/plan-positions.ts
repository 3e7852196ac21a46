import type { Duckdb } from './boot.ts'
import { instantiateTrampolines } from './callbacks.ts'
import type { Pointer } from './capi.ts'

type NameOf = (result: Pointer, expression: Pointer) => void

/** `Expression::GetName` and `BoundReferenceExpression::ToString`, as the engine file exports them. */
const symbols = ['_ZNK6duckdb14BaseExpression7GetNameEv', '_ZNK6duckdb24BoundReferenceExpression8ToStringEv'] as const

/** Where an expression holds the name it was given, a `std::string`; all zeros is an empty one. */
const nameOffset = 8
const nameBytes = 12

/** Where an expression holds its type and class, and what these are of a reference to a column. */
const kindOffset = 4
const referenceKind = [227, 36]

/**
 * Makes plans name columns by position.
 *
 * In a printed plan an operator names a column of the operator below by the last alias it had: after `SELECT a AS b, b AS a` nobody can
 * tell which of the two is meant. Without an alias DuckDB prints `#2`, the position. So while a plan is printed, the two functions that print
 * names are called through here, and find no alias.
 */
export class PlanPositions {
  readonly #duckdb: Duckdb
  #slots: readonly { readonly slot: number; readonly original: unknown; readonly nameless: unknown }[] | undefined
  #isKnownLayout = true

  constructor(duckdb: Duckdb) {
    this.#duckdb = duckdb
  }

  /** Runs `explain`, which prints a plan and cannot wait. Undefined when positions cannot be had from this engine file. */
  with(explain: () => string): string | undefined {
    this.#slots ??= this.#findSlots()
    if (this.#slots.length < symbols.length || !this.#isKnownLayout) return undefined
    const { table } = this.#duckdb
    for (const { slot, nameless } of this.#slots) table.set(slot, nameless)
    try {
      const text = explain()
      return this.#isKnownLayout ? text : undefined
    } finally {
      for (const { slot, original } of this.#slots) table.set(slot, original)
    }
  }

  #findSlots(): { slot: number; original: unknown; nameless: unknown }[] {
    const { exports, table } = this.#duckdb
    const open = new Map(symbols.map((symbol): [unknown, string] => [exports[symbol], symbol]))
    open.delete(undefined)
    const found: { slot: number; original: unknown; nameless: unknown }[] = []
    for (let slot = 0; open.size > 0 && slot < table.length; slot++) {
      const original: unknown = table.get(slot)
      if (!open.has(original)) continue
      found.push({ slot, original, nameless: this.#nameless(original as NameOf, open.get(original) === symbols[1]) })
      open.delete(original)
    }
    return found
  }

  /** `original`, called on an expression while it has no alias. */
  #nameless(original: NameOf, isReference: boolean): unknown {
    const { heap } = this.#duckdb
    return instantiateTrampolines({
      call_ii: (result, expression) => {
        const at = (expression >>> 0) + nameOffset
        const kind = heap.bytes.subarray(
          at - nameOffset + kindOffset,
          at - nameOffset + kindOffset + referenceKind.length,
        )
        if (isReference && kind.join() !== referenceKind.join()) this.#isKnownLayout = false
        const name = heap.bytes.slice(at, at + nameBytes)
        heap.bytes.fill(0, at, at + nameBytes)
        try {
          original(result, expression)
        } finally {
          heap.bytes.set(name, at)
        }
      },
    }).f_ii
  }
}
