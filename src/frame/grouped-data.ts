import type { AnyColumn, Ref, ValueOf, Deferred } from '../expr/column-types.ts'
import type { Expression } from '../expr/expression.ts'
import { avg, count, max, min, sum } from '../expr/functions/aggregate.ts'
import { aggregate } from '../plan/aggregate.ts'
import type { Plan } from '../plan/nodes.ts'
import type { DataFrame } from './dataframe.ts'
import type { Aggregated, ColumnOf, NameOf } from './row-types.ts'

type Named<Function extends string, Name extends string, Row, Operation extends string> = {
  [N in Name as `${Function}(${N})`]: ValueOf<Deferred<Operation, [Ref<N>]>, Row>
}
type FrameOf = <Result extends object>(plan: Plan) => DataFrame<Result>
type Merged<A, B> = { [K in keyof (A & B)]: (A & B)[K] } & {}

/** Rows in groups, to be aggregated; made by `DataFrame.groupBy`. */
export class GroupedData<Row extends object, Keys extends object> {
  readonly #frameOf: FrameOf
  readonly #input: Plan
  readonly #keys: readonly Expression[]

  /** `frameOf` makes DataFrames of the same session. */
  constructor(frameOf: FrameOf, input: Plan, keys: readonly Expression[]) {
    this.#frameOf = frameOf
    this.#input = input
    this.#keys = keys
  }

  /** `SELECT keys, measures … GROUP BY keys`. Name measures with `as()`; else they are called by what they compute, `avg(delay)`. */
  agg<const M extends readonly ColumnOf<Row>[]>(...measures: M): DataFrame<Aggregated<Keys, Row, M>> {
    return this.#aggregated(measures)
  }

  /** `count(*) AS "count"` */
  count(): DataFrame<Merged<Keys, { count: bigint }>> {
    return this.#aggregated([count().as('count')])
  }

  /** `sum(a) AS "sum(a)"` for each name. */
  sum<N extends NameOf<Row>>(...names: readonly [N, ...N[]]): DataFrame<Merged<Keys, Named<'sum', N, Row, 'sum'>>> {
    return this.#aggregated(names.map((name) => sum(name)))
  }

  /** `avg(a) AS "avg(a)"` for each name. */
  avg<N extends NameOf<Row>>(
    ...names: readonly [N, ...N[]]
  ): DataFrame<Merged<Keys, { [K in N as `avg(${K})`]: number | null }>> {
    return this.#aggregated(names.map((name) => avg(name)))
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
    return this.#aggregated(names.map((name) => min(name)))
  }

  /** `max(a) AS "max(a)"` for each name. */
  max<N extends NameOf<Row>>(
    ...names: readonly [N, ...N[]]
  ): DataFrame<Merged<Keys, Named<'max', N, Row, 'nullable'>>> {
    return this.#aggregated(names.map((name) => max(name)))
  }

  #aggregated<Result extends object>(measures: readonly AnyColumn[]): DataFrame<Result> {
    return this.#frameOf(
      aggregate(
        this.#input,
        this.#keys,
        measures.map(({ node }) => node),
      ),
    )
  }
}
