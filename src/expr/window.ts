import { LakefrontError } from '../errors.ts'
import { type Column, sortKey } from './column.ts'
import type { AnyColumn, ArgumentNeeds } from './column-types.ts'
import type { WindowFrame } from './expression.ts'
import { argumentNode, columnReference } from './operand.ts'

const everything: WindowFrame = { partitionBy: [], orderBy: [] }

/** Which rows a window function sees, and in which order. Immutable: every method returns a new one. */
export class WindowSpec<out Needs extends string = never> {
  /** For the compiler only: nothing is there at run time. */
  declare readonly '~needs': Needs
  /** The window as plain data. */
  readonly frame: WindowFrame

  /** Windows start at {@link Window}. */
  constructor(frame: WindowFrame) {
    this.frame = frame
  }

  /** `PARTITION BY a, b`; replaces an earlier partition. */
  partitionBy<C extends readonly (AnyColumn | string)[]>(...columns: C): WindowSpec<Needs | ArgumentNeeds<C[number]>> {
    return new WindowSpec(
      Object.freeze({ ...this.frame, partitionBy: Object.freeze(columns.map((column) => argumentNode(column))) }),
    )
  }

  /**
   * `ORDER BY a ASC NULLS FIRST`; replaces an earlier order. Without a frame, aggregates see the rows from the first to
   * the current one and its equals (`RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW`).
   */
  orderBy<C extends readonly (AnyColumn | string)[]>(...columns: C): WindowSpec<Needs | ArgumentNeeds<C[number]>> {
    return new WindowSpec(
      Object.freeze({
        ...this.frame,
        orderBy: Object.freeze(columns.map((column) => sortKey(column as Column | string, columnReference))),
      }),
    )
  }

  /** `ROWS BETWEEN start AND end`, in rows from the current one: −1 is the row before, `Window.unboundedPreceding` the first. */
  rowsBetween(start: number, end: number): WindowSpec<Needs> {
    return this.#bounded('rows', start, end)
  }

  /** `RANGE BETWEEN start AND end`, in values of the one numeric key of {@link orderBy}. */
  rangeBetween(start: number, end: number): WindowSpec<Needs> {
    return this.#bounded('range', start, end)
  }

  #bounded(unit: 'rows' | 'range', start: number, end: number): WindowSpec<Needs> {
    const fits = (bound: number): boolean =>
      typeof bound === 'number' &&
      !Number.isNaN(bound) &&
      (unit === 'range' || !Number.isFinite(bound) || Number.isSafeInteger(bound))
    if (!fits(start) || !fits(end) || start > end || start === Infinity || end === -Infinity) {
      throw new LakefrontError(
        'INVALID_ARGUMENT',
        `${unit}Between(${start}, ${end}) holds no rows. Give a start that is not after the end; rows are counted in integers, ` +
          'and Window.unboundedPreceding and Window.unboundedFollowing are the ends.',
      )
    }
    return new WindowSpec(Object.freeze({ ...this.frame, frame: Object.freeze({ unit, start, end }) }))
  }
}

/** Where windows start: `Window.partitionBy('origin').orderBy(col('delay').desc())`. */
export const Window: {
  /** Before the first row of the partition. */
  readonly unboundedPreceding: number
  /** After the last row of the partition. */
  readonly unboundedFollowing: number
  readonly currentRow: number
  /** `PARTITION BY a, b` */
  partitionBy<C extends readonly (AnyColumn | string)[]>(...columns: C): WindowSpec<ArgumentNeeds<C[number]>>
  /** `ORDER BY a, b`, over all rows. */
  orderBy<C extends readonly (AnyColumn | string)[]>(...columns: C): WindowSpec<ArgumentNeeds<C[number]>>
  /** All rows, `ROWS BETWEEN start AND end`. */
  rowsBetween(start: number, end: number): WindowSpec
  /** All rows, `RANGE BETWEEN start AND end`. */
  rangeBetween(start: number, end: number): WindowSpec
} = /* @__PURE__ */ Object.freeze({
  unboundedPreceding: -Infinity,
  unboundedFollowing: Infinity,
  currentRow: 0,
  partitionBy: <C extends readonly (AnyColumn | string)[]>(...columns: C) =>
    new WindowSpec<never>(everything).partitionBy(...columns),
  orderBy: <C extends readonly (AnyColumn | string)[]>(...columns: C) =>
    new WindowSpec<never>(everything).orderBy(...columns),
  rowsBetween: (start: number, end: number) => new WindowSpec<never>(everything).rowsBetween(start, end),
  rangeBetween: (start: number, end: number) => new WindowSpec<never>(everything).rangeBetween(start, end),
})
