import type { AnyColumn, Ref, ValueOf, Deferred } from '../expr/column-types.ts'
import { LakefrontError } from '../errors.ts'
import type { Column } from '../expr/column.ts'
import type { Expression, Value } from '../expr/expression.ts'
import { avg, count, max, min, sum } from '../expr/functions/aggregate.ts'
import { literal } from '../expr/literal.ts'
import { argumentNode, columnNode } from '../expr/operand.ts'
import { aggregate } from '../plan/aggregate.ts'
import type { Pivot, Plan } from '../plan/nodes.ts'
import { pivot } from '../plan/pivot.ts'
import type { DataFrame } from './dataframe.ts'
import type { Aggregated, ColumnOf, MeasureOf, NameIn, NameOf, Pivoted, PivotedBy } from './row-types.ts'

type Named<Function extends string, Name extends string, Row, Operation extends string> = {
  [N in Name as `${Function}(${N})`]: ValueOf<Deferred<Operation, [Ref<N>]>, Row>
}
type FrameOf = <Result extends object>(plan: Plan) => DataFrame<Result>
type Merged<A, B> = { [K in keyof (A & B)]: (A & B)[K] } & {}

interface Groups {
  readonly keys: readonly Expression[]
  readonly sets?: readonly (readonly number[])[]
}

/** Rows in groups, to be aggregated; made by `DataFrame.groupBy`. */
export class GroupedData<Row extends object, Keys extends object> {
  readonly #frameOf: FrameOf
  readonly #input: Plan
  readonly #groups: Groups

  /** `frameOf` makes DataFrames of the same session. */
  constructor(frameOf: FrameOf, input: Plan, groups: Groups) {
    this.#frameOf = frameOf
    this.#input = input
    this.#groups = groups
  }

  /**
   * Columns of their own for each of `values` of `column`: `groupBy('origin').pivot('year', [2023, 2024]).agg(F.sum('delay'))`
   * gives origin, 2023 and 2024; with several aggregates `2023_n`, …. Without values, those there are are looked up at the action
   * that needs them, and stand in ascending order; where there are no rows, only the keys are left. What has no rows is NULL.
   */
  pivot<const V extends readonly Value[] = readonly never[]>(
    column: NameIn<Row> | ColumnOf<Row>,
    values?: V,
  ): PivotedData<Row, Keys, V> {
    const { keys, sets } = this.#groups
    if (sets !== undefined)
      throw new LakefrontError(
        'INVALID_ARGUMENT',
        'pivot() goes with groupBy(), not with rollup(), cube() or groupingSets().',
      )
    if (values?.length === 0)
      throw new LakefrontError(
        'INVALID_ARGUMENT',
        'pivot() was given no values. Leave the list out to take those there are.',
      )
    const by = argumentNode(column)
    return new PivotedData(this.#frameOf, this.#input, {
      keys,
      column: by.kind === 'Alias' ? by.operand : by,
      ...(values === undefined ? {} : { values: values.map((value) => literal(value).value) }),
    })
  }

  /** `SELECT keys, measures … GROUP BY keys`. Name measures with `as()`; else they are called by what they compute, `avg(delay)`. */
  agg<const M extends readonly MeasureOf<Row>[]>(...measures: M): DataFrame<Aggregated<Keys, Row, M>> {
    return this.#aggregated(measures)
  }

  /** `count(*) AS "count"` */
  count(): DataFrame<Merged<Keys, { count: bigint }>> {
    return this.#aggregated([count().as('count')])
  }

  /** `sum(a) AS "sum(a)"` for each name. */
  sum<N extends NameOf<Row>>(...names: readonly [N, ...N[]]): DataFrame<Merged<Keys, Named<'sum', N, Row, 'sum'>>> {
    return this.#aggregated(each('sum', sum, names))
  }

  /** `avg(a) AS "avg(a)"` for each name. */
  avg<N extends NameOf<Row>>(
    ...names: readonly [N, ...N[]]
  ): DataFrame<Merged<Keys, { [K in N as `avg(${K})`]: number | null }>> {
    return this.#aggregated(each('avg', avg, names))
  }

  /** As {@link avg}. */
  mean<N extends NameOf<Row>>(
    ...names: readonly [N, ...N[]]
  ): DataFrame<Merged<Keys, { [K in N as `avg(${K})`]: number | null }>> {
    return this.avg(...names)
  }

  /** `min(a) AS "min(a)"` for each name. */
  min<N extends NameOf<Row>>(
    ...names: readonly [N, ...N[]]
  ): DataFrame<Merged<Keys, Named<'min', N, Row, 'nullable'>>> {
    return this.#aggregated(each('min', min, names))
  }

  /** `max(a) AS "max(a)"` for each name. */
  max<N extends NameOf<Row>>(
    ...names: readonly [N, ...N[]]
  ): DataFrame<Merged<Keys, Named<'max', N, Row, 'nullable'>>> {
    return this.#aggregated(each('max', max, names))
  }

  #aggregated<Result extends object>(measures: readonly AnyColumn[]): DataFrame<Result> {
    return this.#frameOf(
      aggregate(
        this.#input,
        this.#groups.keys,
        measures.map((measure) => columnNode(measure, 'agg()')),
        this.#groups.sets,
      ),
    )
  }
}

/** Rows in groups, of which each value of a column gets columns of its own; made by `GroupedData.pivot`. */
export class PivotedData<Row extends object, Keys extends object, Values extends readonly Value[]> {
  readonly #frameOf: FrameOf
  readonly #input: Plan
  readonly #pivot: Pick<Pivot, 'keys' | 'column' | 'values'>

  constructor(frameOf: FrameOf, input: Plan, by: Pick<Pivot, 'keys' | 'column' | 'values'>) {
    this.#frameOf = frameOf
    this.#input = input
    this.#pivot = by
  }

  /** One row per combination of keys. */
  agg<const M extends readonly MeasureOf<Row>[]>(...measures: M): DataFrame<Pivoted<Keys, Row, Values, M>> {
    return this.#frameOf(
      pivot(this.#input, { ...this.#pivot, measures: measures.map((measure) => columnNode(measure, 'agg()')) }),
    )
  }

  /** The number of rows; NULL where there are none. */
  count(): DataFrame<Pivoted<Keys, Row, Values, [Column<bigint, never, 'count'>]>> {
    return this.agg(count().as('count')) as never
  }

  /** The sum of a column. */
  sum<N extends NameOf<Row>>(name: N): DataFrame<PivotedBy<Keys, Values, ValueOf<Deferred<'sum', [Ref<N>]>, Row>>> {
    return this.agg(sum(name) as never) as never
  }

  /** The mean of a column. */
  avg<N extends NameOf<Row>>(name: N): DataFrame<PivotedBy<Keys, Values, number | null>> {
    return this.agg(avg(name) as never) as never
  }

  /** The smallest value of a column. */
  min<N extends NameOf<Row>>(name: N): DataFrame<PivotedBy<Keys, Values, Row[N] | null>> {
    return this.agg(min(name) as never) as never
  }

  /** The largest value of a column. */
  max<N extends NameOf<Row>>(name: N): DataFrame<PivotedBy<Keys, Values, Row[N] | null>> {
    return this.agg(max(name) as never) as never
  }
}

function each(
  name: string,
  measure: typeof sum | typeof avg | typeof min | typeof max,
  of: readonly string[],
): AnyColumn[] {
  if (of.length > 0) return of.map((column) => measure(column))
  throw new LakefrontError(
    'INVALID_ARGUMENT',
    `${name}() was given no columns. Name those of which you want it: ${name}("delay").`,
  )
}
