import { compareBounds } from '../format/parquet/statistics.ts'
import type { Bound } from '../format/parquet/statistics.ts'
import type { ColumnBatch } from '../types/column-data.ts'
import type { Schema } from '../types/logical-type.ts'
import { boundReader } from './bound-reader.ts'
import type { BoundReader } from './bound-reader.ts'
import { visitTests } from './could-prune.ts'
import { domainOf, throughCasts } from './domain.ts'
import { outcomes } from './outcomes.ts'
import type { ColumnFacts } from './outcomes.ts'
import { parsePredicate } from './predicate.ts'
import type { Predicate } from './predicate.ts'
import type { ColumnKeys } from './source.ts'

/** Rows beyond which keys are not collected: trying each row against a predicate costs about a microsecond. */
export const mostKeyRows = 100_000

/** Gathers the values of some columns in the rows of a scan that may pass the filter above it, while the rows go by. */
export class KeyCollector {
  readonly #schema: Schema
  readonly #predicate: Predicate
  readonly #tested: ReadonlySet<string>
  readonly #values: ReadonlyMap<number, Map<Bound | string, Bound>>
  #rows = 0

  /** `columns` are the positions in `schema` of which keys may be wanted; `keys`, by position too, what the scan itself is restricted to. */
  constructor(
    schema: Schema,
    columns: readonly number[],
    { filter = '', keys = [] }: { filter?: string; keys?: readonly ColumnKeys[] },
  ) {
    const names = schema.fields.map(({ name }) => name)
    this.#schema = schema
    const parts = keys.map(({ column, casts, domain, values }): Predicate => {
      return { kind: 'among', operand: { column: names[column]!, casts }, domain, values }
    })
    this.#predicate = {
      kind: 'and',
      parts: [...(filter === '' ? [] : [parsePredicate(filter, names, names)]), ...parts],
    }
    const tested = new Set<string>()
    visitTests(this.#predicate, ({ operand }) => tested.add(operand.column))
    this.#tested = tested
    this.#values = new Map(columns.map((column) => [column, new Map()]))
  }

  add({ columns, length }: ColumnBatch): void {
    this.#rows += length
    if (this.#rows > mostKeyRows) return
    const readers = new Map<string, { reader: BoundReader; type: ColumnFacts['type'] }>()
    this.#schema.fields.forEach(({ name, type }, position) => {
      const reader = this.#tested.has(name) ? boundReader(type, columns[position]!) : undefined
      if (reader !== undefined) readers.set(name, { reader, type })
    })
    const wanted = [...this.#values].map(([position, values]) => {
      return { values, read: boundReader(this.#schema.fields[position]!.type, columns[position]!) }
    })
    let row = 0
    const facts = (name: string): ColumnFacts | undefined => {
      const known = readers.get(name)
      const value = known?.reader(row)
      if (known === undefined || value === undefined) return undefined
      const { type } = known
      return value === null ? { type, rows: 1, nulls: 1 } : { type, rows: 1, nulls: 0, min: value, max: value }
    }
    for (; row < length; row++) {
      if (this.#tested.size > 0 && !outcomes(this.#predicate, facts).mayBeTrue) continue
      for (const { values, read } of wanted) {
        const value = read?.(row) ?? null
        if (value !== null)
          values.set(
            value instanceof Uint8Array ? value.join() : value,
            value instanceof Uint8Array ? value.slice() : value,
          )
      }
    }
  }

  /** The values found in a column behind casts; undefined when they are not all known. */
  keysOf(position: number, casts: readonly string[]): Pick<ColumnKeys, 'domain' | 'values'> | undefined {
    const domain = domainOf(this.#schema.fields[position]!.type)
    const found = this.#values.get(position)
    if (domain === undefined || domain.kind === 'double' || domain.kind === 'float') return undefined
    if (found === undefined || this.#rows > mostKeyRows) return undefined
    const cast = throughCasts({ domain }, casts)?.domain
    if (cast === undefined || cast.kind === 'double') return undefined
    const values = [...found.values()].map((value) => throughCasts({ domain, min: value, max: value }, casts)!.min!)
    return { domain: cast, values: values.sort(compareBounds) }
  }
}
