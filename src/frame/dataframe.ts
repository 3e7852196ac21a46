import type { ExecuteOptions, ResultStream } from '../engine/engine.ts'
import { LakefrontError } from '../errors.ts'
import { Column, sortKey } from '../expr/column.ts'
import type { AnyColumn, AnyRow, Ref } from '../expr/column-types.ts'
import { describeExpression } from '../expr/describe.ts'
import type { Expression, Value } from '../expr/expression.ts'
import { count } from '../expr/functions/aggregate.ts'
import { argumentNode, bareNode, columnReference, columnNode, isColumn, nameList } from '../expr/operand.ts'
import { sql } from '../expr/sql.ts'
import { aggregate } from '../plan/aggregate.ts'
import { alias, drop, rename, select, withColumns } from '../plan/columns.ts'
import { explode, unpivot } from '../plan/explode.ts'
import { join, joinKind } from '../plan/join.ts'
import type { Plan } from '../plan/nodes.ts'
import { dropNulls, fillNulls, replace } from '../plan/nulls.ts'
import { cache, distinct, filter, limit, sample, sort } from '../plan/rows.ts'
import { setOperation } from '../plan/set-operation.ts'
import type { DialectName } from '../sql/dialects/load-dialect.ts'
import { summary } from '../plan/summary.ts'
import type { recordBatchFrom, tableFromBatches } from '../types/arrow.ts'
import { type Columns, columnsFromBatches } from '../types/columns.ts'
import type { Schema } from '../types/logical-type.ts'
import { rowsFromBatch } from '../types/rows.ts'
import { typeName } from '../types/type-names.ts'
import type { Executor, ExplainMode } from './executor.ts'
import { cubeSets, groupingSets } from './grouping-sets.ts'
import { GroupedData } from './grouped-data.ts'
import { type AsofOptions, asofJoin, joinCondition } from './join-options.ts'
import { type FillValue, fillsOf } from './fills.ts'
import { resultOf, rowsOf } from './results.ts'
import type {
  ColumnOf,
  Condition,
  Dropped,
  DroppedName,
  Exploded,
  Filled,
  FilledEach,
  Joined,
  MeasureOf,
  JoinSpelling,
  NameIn,
  NameOf,
  Nullable,
  Renamed,
  RenamedAll,
  Selectable,
  Selected,
  Summarized,
  UnionByName,
  Unpivoted,
  WithColumn,
  WithColumns,
  WithoutNulls,
} from './row-types.ts'
import { formatTable } from './show.ts'
import { DataFrameWriter } from './writer.ts'

/** A table of `apache-arrow`. */
export type ArrowTable = ReturnType<typeof tableFromBatches>

/** A record batch of `apache-arrow`. */
export type ArrowRecordBatch = ReturnType<typeof recordBatchFrom>

/**
 * A table that is not there yet: what to compute, in which session. Immutable and lazy: methods check what they are given
 * and return a new DataFrame, nothing runs before an action (`collect`, `show`, `count`, …).
 *
 * `Row` is the type of a row of the result as JavaScript has it. Names are checked by the compiler when it is known, else
 * when the columns are, at the latest before the query runs: `COLUMN_NOT_FOUND`, with the nearest name.
 */
export class DataFrame<Row extends object = AnyRow> {
  readonly [Symbol.toStringTag]: string = 'lakefront.dataframe'
  /** What is asked for, as plain data. */
  readonly plan: Plan
  readonly #executor: Executor

  /** DataFrames are made by a session. */
  constructor(executor: Executor, plan: Plan) {
    this.#executor = executor
    this.plan = plan.id === undefined ? Object.freeze({ ...plan, id: Math.random() }) : plan
  }

  /**
   * The column of that name of this DataFrame, also after a join: `a.join(b, a.col('id').eq(b.col('id'))).select(b.col('v'))`.
   * It is found as long as it was only passed on; of a DataFrame joined with itself, see {@link alias}.
   */
  col<const Name extends NameOf<Row>>(name: Name): Column<Ref<Name>, Name, Name> {
    return new Column(Object.freeze({ kind: 'ColumnReference', name, plan: this.plan.id! }))
  }

  /** `SELECT a, b + 1 AS c`. Names, `*`, and columns; aggregates make one row of all, as in PySpark. */
  select<const C extends readonly Selectable<Row>[]>(...columns: C): DataFrame<Selected<Row, C>> {
    return this.#over(select(this.#plan, columns.map(outputNode)))
  }

  /** `SELECT …` of SQL expressions: `selectExpr('origin', 'delay / 60 AS hours')`. */
  selectExpr<Result extends object = AnyRow>(...expressions: readonly string[]): DataFrame<Result> {
    return this.#over(
      select(
        this.#plan,
        expressions.map((text) =>
          /^\s*(?:[\p{L}_][\p{L}\p{N}_]*\.)?\*\s*$/u.test(text) ? columnReference(text.trim()) : sql(text).node,
        ),
      ),
    )
  }

  /** `SELECT *, column AS name`; a column of that name is replaced where it stands. */
  withColumn<const Name extends string, C extends ColumnOf<Row>>(
    name: Name,
    column: C,
  ): DataFrame<WithColumn<Row, Name, C>> {
    return this.#over(withColumns(this.#plan, [{ name, expression: bareNode(columnNode(column, 'withColumn()')) }]))
  }

  /** As {@link withColumn} for many, each computed from the columns before. */
  withColumns<const C extends Readonly<Record<string, ColumnOf<Row>>>>(columns: C): DataFrame<WithColumns<Row, C>> {
    return this.#over(
      withColumns(
        this.#plan,
        Object.entries(columns).map(([name, column]) => ({
          name,
          expression: bareNode(columnNode(column, 'withColumns()')),
        })),
      ),
    )
  }

  /** `SELECT …, existing AS name`. A name that is not there is `COLUMN_NOT_FOUND`; PySpark ignores it. */
  withColumnRenamed<const From extends NameIn<Row>, const To extends string>(
    existing: From,
    name: To,
  ): DataFrame<Renamed<Row, From, To>> {
    return this.#over(rename(this.#plan, [{ from: existing, to: name }]))
  }

  /** `SELECT …, a AS b, c AS d`: `{ a: 'b', c: 'd' }`. A name that is not there is `COLUMN_NOT_FOUND`; PySpark ignores it. */
  withColumnsRenamed<const Names extends { readonly [K in NameOf<Row>]?: string }>(
    names: Names,
  ): DataFrame<RenamedAll<Row, Names>> {
    return this.#over(
      rename(
        this.#plan,
        Object.entries(names as Record<string, string>).map(([from, to]) => ({ from, to })),
      ),
    )
  }

  /** All columns but those: names, or columns of a DataFrame. A name that is not there is `COLUMN_NOT_FOUND`; PySpark ignores it. */
  drop<const C extends readonly (NameIn<Row> | ColumnOf<Row>)[]>(
    ...columns: C
  ): DataFrame<Dropped<Row, DroppedName<C[number]>>> {
    const dropped = columns.map((column) => (isColumn(column) ? bareNode(column.node) : column))
    return this.#over(dropped.length === 0 ? this.plan : drop(this.#plan, dropped))
  }

  /** `WHERE condition`: rows for which it is true. Text is an SQL expression. */
  filter<C extends ColumnOf<Row> | string>(condition: Condition<C, Row>): DataFrame<Row> {
    const column = typeof condition === 'string' ? sql(condition) : condition
    return this.#over(filter(this.#plan, bareNode(columnNode(column, 'filter()'))))
  }

  /** As {@link filter}. */
  where<C extends ColumnOf<Row> | string>(condition: Condition<C, Row>): DataFrame<Row> {
    return this.filter<C>(condition)
  }

  /** `GROUP BY a, b`, to be followed by `agg()`; without columns, all rows are one group. */
  groupBy<const C extends readonly (NameIn<Row> | ColumnOf<Row>)[]>(...columns: C): GroupedData<Row, Selected<Row, C>> {
    return this.#grouped(columns)
  }

  /** `GROUP BY ROLLUP (a, b)`: groups of a and b, of a, and of all rows; a key that a group lacks is NULL. */
  rollup<const C extends readonly (NameIn<Row> | ColumnOf<Row>)[]>(
    ...columns: C
  ): GroupedData<Row, Nullable<Selected<Row, C>>> {
    const sets = [...columns, undefined].map((_, dropped) => [...columns.keys()].slice(0, columns.length - dropped))
    return this.#grouped(columns, sets)
  }

  /** `GROUP BY CUBE (a, b)`: groups of each combination of the columns, of some of them, and of all rows. */
  cube<const C extends readonly (NameIn<Row> | ColumnOf<Row>)[]>(
    ...columns: C
  ): GroupedData<Row, Nullable<Selected<Row, C>>> {
    return this.#grouped(columns, cubeSets(columns.length))
  }

  /** `GROUP BY GROUPING SETS ((a, b), (a), ())`: `groupingSets([['a', 'b'], ['a'], []], 'a', 'b')`. */
  groupingSets<const C extends readonly NameIn<Row>[]>(
    sets: readonly (readonly C[number][])[],
    ...columns: C
  ): GroupedData<Row, Nullable<Selected<Row, C>>> {
    return this.#grouped(columns, groupingSets(sets, columns))
  }

  /** Aggregates all rows into one. */
  agg<const M extends readonly MeasureOf<Row>[]>(...measures: M): DataFrame<Selected<Row, M>> {
    return this.#over(
      aggregate(
        this.#plan,
        [],
        measures.map((measure) => columnNode(measure, 'agg()') && outputNode(measure)),
      ),
    )
  }

  /**
   * `JOIN other ON …`. By a name or names both have, which then come out once and first; or by a condition, where columns
   * of equal names are told apart by `alias()`: `a.alias('a').join(b.alias('b'), col('a.id').eq(col('b.id')))`.
   *
   * `how`: inner (default), left, right, full, semi, anti, cross. NULL keys match nothing.
   */
  join<
    R extends object,
    const On extends (NameOf<Row> & NameOf<R>) | readonly (NameOf<Row> & NameOf<R>)[],
    How extends JoinSpelling = 'inner',
  >(other: DataFrame<R>, on: On, how?: How): DataFrame<Joined<Row, R, How, On extends readonly (infer K)[] ? K : On>>
  join<R extends object, How extends JoinSpelling = 'inner'>(
    other: DataFrame<R>,
    on: ColumnOf<Row & R> | readonly ColumnOf<Row & R>[],
    how?: How,
  ): DataFrame<Joined<Row, R, How>>
  join(
    other: DataFrame<AnyRow>,
    on: string | AnyColumn | readonly (string | AnyColumn)[],
    how: JoinSpelling = 'inner',
  ): DataFrame<AnyRow> {
    return this.#over(join(this.#plan, this.#planOf(other), joinKind(how), joinCondition(on)))
  }

  /**
   * `ASOF JOIN`: each row with the row of `other` that is nearest to it: the last one whose `on` is not after its own, of those with
   * the same `by`. `on` is a name both have, or one of each side.
   */
  asofJoin<
    R extends object,
    const By extends NameOf<Row> & NameOf<R> = never,
    How extends 'left' | 'inner' = 'left',
    const On extends (NameOf<Row> & NameOf<R>) | readonly [NameOf<Row>, NameOf<R>] = NameOf<Row> & NameOf<R>,
  >(
    other: DataFrame<R>,
    options: AsofOptions<On, By, How>,
  ): DataFrame<Joined<Row, Omit<R, On extends string ? On : never>, How, By>> {
    return this.#over(asofJoin(this.#plan, this.#planOf(other), options))
  }

  /** `CROSS JOIN other`: every row with every row. */
  crossJoin<R extends object>(other: DataFrame<R>): DataFrame<Joined<Row, R, 'cross'>> {
    return this.#over(join(this.#plan, this.#planOf(other), 'cross'))
  }

  /** `UNION ALL other`, columns by position, duplicates kept, as in PySpark. The compiler wants the same names on both sides. */
  union(other: DataFrame<Row>): DataFrame<Row> {
    return this.#over(setOperation(this.#plan, this.#planOf(other), { operation: 'union', all: true }))
  }

  /** As {@link union}. */
  unionAll(other: DataFrame<Row>): DataFrame<Row> {
    return this.union(other)
  }

  /** As {@link union}, columns by name; with `allowMissingColumns`, one that a side lacks is NULL there. */
  unionByName<R extends object>(
    other: DataFrame<R>,
    options: { readonly allowMissingColumns?: boolean } = {},
  ): DataFrame<UnionByName<Row, R>> {
    const byName = options.allowMissingColumns === true ? 'missing' : 'strict'
    return this.#over(setOperation(this.#plan, this.#planOf(other), { operation: 'union', all: true, byName }))
  }

  /** `INTERSECT other`: distinct rows that both have; NULLs are equal. */
  intersect(other: DataFrame<Row>): DataFrame<Row> {
    return this.#over(setOperation(this.#plan, this.#planOf(other), { operation: 'intersect', all: false }))
  }

  /** `INTERSECT ALL other`: a row as often as both have it. */
  intersectAll(other: DataFrame<Row>): DataFrame<Row> {
    return this.#over(setOperation(this.#plan, this.#planOf(other), { operation: 'intersect', all: true }))
  }

  /** `EXCEPT other`: distinct rows that the other lacks; NULLs are equal. */
  except(other: DataFrame<Row>): DataFrame<Row> {
    return this.#over(setOperation(this.#plan, this.#planOf(other), { operation: 'except', all: false }))
  }

  /** As {@link except}; PySpark's name. */
  subtract(other: DataFrame<Row>): DataFrame<Row> {
    return this.except(other)
  }

  /** `EXCEPT ALL other`: a row as often as it is more frequent here. */
  exceptAll(other: DataFrame<Row>): DataFrame<Row> {
    return this.#over(setOperation(this.#plan, this.#planOf(other), { operation: 'except', all: true }))
  }

  /** `SELECT DISTINCT *`. An order set before is forgotten. */
  distinct(): DataFrame<Row> {
    return this.#over(distinct(this.plan))
  }

  /** One row, whichever, of those that are equal in the given columns; of all columns without. */
  dropDuplicates(columns?: readonly NameIn<Row>[]): DataFrame<Row> {
    return this.#over(distinct(this.#plan, nameList(columns, 'dropDuplicates()')))
  }

  /** `ORDER BY a ASC NULLS FIRST`. `col('a').desc()` has NULLs last; both as in PySpark, with variants on `Column`. */
  orderBy(...columns: readonly (NameIn<Row> | ColumnOf<Row>)[]): DataFrame<Row> {
    return this.#over(
      sort(
        this.#plan,
        columns.map((column) => sortKey(column, columnReference)),
      ),
    )
  }

  /** As {@link orderBy}. */
  sort(...columns: readonly (NameIn<Row> | ColumnOf<Row>)[]): DataFrame<Row> {
    return this.orderBy(...columns)
  }

  /** `LIMIT count` */
  limit(count: number): DataFrame<Row> {
    return this.#over(limit(this.#plan, count))
  }

  /** `OFFSET count`: all rows but the first. */
  offset(count: number): DataFrame<Row> {
    return this.#over(limit(this.#plan, undefined, count))
  }

  /**
   * `WHERE random() < fraction`: about that share of the rows. With a `seed` the same rows come again, as long as the input gives its
   * rows in the same order. With replacement, each row comes `fraction` times on average.
   */
  sample(fraction: number, options: SampleOptions = {}): DataFrame<Row> {
    const { seed, withReplacement = false } = options
    return this.#over(sample(this.#plan, { fraction, withReplacement, ...(seed === undefined ? {} : { seed }) }))
  }

  /**
   * One row per row and column of `values`: the `ids`, the name of the column and what is in it. Without `values` all columns that are
   * no ids. NULLs are kept.
   */
  unpivot<
    const Ids extends readonly NameOf<Row>[],
    const Values extends readonly NameOf<Row>[] = readonly Exclude<NameOf<Row>, Ids[number]>[],
    const Variable extends string = 'variable',
    const Value extends string = 'value',
  >(
    ids: Ids,
    options: UnpivotOptions<Values, Variable, Value> = {},
  ): DataFrame<Unpivoted<Row, Ids[number], Values[number], Variable, Value>> {
    const { values, variableColumnName: variable = 'variable', valueColumnName: value = 'value' } = options
    const taken = nameList(values, 'unpivot()')
    const kept = nameList(ids, 'unpivot()')!
    return this.#over(
      unpivot(this.#plan, { ids: kept, variable, value, ...(taken === undefined ? {} : { values: taken }) }),
    )
  }

  /** As {@link unpivot}. */
  melt<
    const Ids extends readonly NameOf<Row>[],
    const Values extends readonly NameOf<Row>[] = readonly Exclude<NameOf<Row>, Ids[number]>[],
    const Variable extends string = 'variable',
    const Value extends string = 'value',
  >(
    ids: Ids,
    options: UnpivotOptions<Values, Variable, Value> = {},
  ): DataFrame<Unpivoted<Row, Ids[number], Values[number], Variable, Value>> {
    return this.unpivot(ids, options)
  }

  /**
   * `unnest(column)`: one row per element of a list, or per entry of a map (as `key` and `value`); of a struct, its fields as columns.
   * They take the place of the column. Rows without elements are left out, unless `outer`, which keeps them with NULL.
   */
  explode<const Name extends NameOf<Row>, const Options extends ExplodeOptions = Record<never, never>>(
    column: Name,
    options?: Options,
  ): DataFrame<Exploded<Row, Name, Options>> {
    const { as, outer = false, position }: ExplodeOptions = options ?? {}
    const names = as === undefined ? {} : { names: typeof as === 'string' ? [as] : as }
    return this.#over(explode(this.#plan, column, { outer, ...names, ...(position === undefined ? {} : { position }) }))
  }

  /** fillna, dropna and replace by PySpark's other names: `df.na.fill(0)`. */
  get na(): NaFunctions<Row> {
    return {
      fill: this.fillna.bind(this) as DataFrame<Row>['fillna'],
      drop: this.dropna.bind(this) as DataFrame<Row>['dropna'],
      replace: this.replace.bind(this),
    }
  }

  /**
   * `coalesce(column, value)`: NULL, and NaN, replaced in all columns of the value's kind (numbers, text, booleans), or of those among
   * `columns`; or by column, `{ delay: 0, origin: '?' }`. The value is cast to the column's type.
   */
  fillna<const V extends FillValue>(value: V, columns?: readonly NameOf<Row>[]): DataFrame<Filled<Row, V>>
  fillna<const V extends { readonly [K in NameOf<Row>]?: FillValue }>(values: V): DataFrame<FilledEach<Row, keyof V>>
  fillna(
    value: FillValue | Readonly<Record<string, FillValue | undefined>>,
    columns?: readonly string[],
  ): DataFrame<AnyRow> {
    return this.#over(fillNulls(this.#plan, fillsOf(value, nameList(columns, 'fillna()'))))
  }

  /**
   * Rows without NULL and NaN; with `how: 'all'` those in which not all values are missing; with `thresh` those that have at least so
   * many values. `subset` says which columns count.
   */
  dropna<const Name extends NameOf<Row> = NameOf<Row>, How extends 'any' | 'all' = 'any'>(
    options: DropNullsOptions<Name, How> = {},
  ): DataFrame<How extends 'any' ? WithoutNulls<Row, Name> : Row> {
    const { how = 'any', thresh, subset } = options
    const atLeast = ({ any: 'all', all: 1 } as const)[how as 'any' | 'all']
    if (atLeast === undefined)
      throw new LakefrontError('INVALID_ARGUMENT', `dropna(): how is "any" or "all"; "${how}" was given.`)
    return this.#over(dropNulls(this.#plan, thresh ?? atLeast, nameList(subset, 'dropna()')))
  }

  /**
   * `CASE column WHEN from THEN to … ELSE column END` in all columns of the values' kind, or of those among `columns`. One value by
   * another, or many: `new Map([['SEA', 'Seattle'], ['JFK', null]])`.
   */
  replace(from: FillValue | ReadonlyMap<Value, Value>, to?: Value, columns?: readonly NameOf<Row>[]): DataFrame<Row> {
    const pairs =
      from instanceof Map
        ? [...from].map(([one, other]) => ({ from: one, to: other }))
        : [{ from: from as Value, to: to ?? null }]
    return this.#over(replace(this.#plan, pairs, nameList(columns, 'replace()')))
  }

  /** count, mean, stddev, min and max of the columns (default: those of numbers and text), one row each, as text. */
  describe<const Name extends NameOf<Row> = NameOf<Row>>(...columns: readonly Name[]): DataFrame<Summarized<Name>> {
    const statistics = ['count', 'mean', 'stddev', 'min', 'max']
    return this.#over(summary(this.#plan, statistics, columns.length === 0 ? undefined : columns))
  }

  /** As {@link describe} with quartiles, or the statistics asked for: `summary('count', '99%')`. */
  summary(...statistics: readonly string[]): DataFrame<Summarized<NameOf<Row>>> {
    const usual = ['count', 'mean', 'stddev', 'min', '25%', '50%', '75%', 'max']
    return this.#over(summary(this.#plan, statistics.length === 0 ? usual : statistics))
  }

  /**
   * This DataFrame, whose rows are computed at the first action that needs them and then kept, outside of the engine, until nobody holds
   * it or {@link unpersist} is called on it.
   */
  cache(): DataFrame<Row> {
    return this.#over(cache(this.#plan))
  }

  /** As {@link cache}. */
  persist(): DataFrame<Row> {
    return this.cache()
  }

  /** Gives the rows back that {@link cache} kept; the next action computes them again. */
  async unpersist(): Promise<DataFrame<Row>> {
    await this.#executor.release(this.plan)
    return this
  }

  /** `CREATE OR REPLACE TEMP VIEW "name" AS …`: SQL text and `table()` of the session can name the DataFrame until it closes. */
  createOrReplaceTempView(name: string, options?: ExecuteOptions): Promise<void> {
    return this.#executor.createView(name, this.plan, { ...options, replace: true })
  }

  /** As {@link createOrReplaceTempView}; fails when there is one of that name. */
  createTempView(name: string, options?: ExecuteOptions): Promise<void> {
    return this.#executor.createView(name, this.plan, { ...options, replace: false })
  }

  /** Lets `col('name.column')` mean the columns of this DataFrame, after a join above all. */
  alias(name: string): DataFrame<Row> {
    return this.#over(alias(this.#plan, name))
  }

  /** `change(this)`, to chain steps of one's own. */
  transform<Result extends object>(change: (frame: DataFrame<Row>) => DataFrame<Result>): DataFrame<Result> {
    return change(this)
  }

  /** Runs the query: all rows as objects. */
  collect(options?: ExecuteOptions): Promise<Row[]> {
    return rowsOf(this.#executor, this.plan, options)
  }

  /** The first `count` rows. */
  take(count: number, options?: ExecuteOptions): Promise<Row[]> {
    return this.limit(count).collect(options)
  }

  /** The first row, undefined when there is none. */
  async first(options?: ExecuteOptions): Promise<Row | undefined> {
    return (await this.take(1, options))[0]
  }

  /** Without a number the first row, undefined when there is none; with one, that many rows. */
  head(): Promise<Row | undefined>
  head(count: number, options?: ExecuteOptions): Promise<Row[]>
  head(count?: number, options?: ExecuteOptions): Promise<Row | undefined | Row[]> {
    return count === undefined ? this.first(options) : this.take(count, options)
  }

  /** The number of rows. */
  async count(options?: ExecuteOptions): Promise<number> {
    const [row] = await rowsOf<{ count: bigint }>(
      this.#executor,
      aggregate(this.#plan, [], [count().as('count').node]),
      options,
    )
    return Number(row!.count)
  }

  /** Whether there are no rows; reads no more than it takes to know. */
  async isEmpty(options?: ExecuteOptions): Promise<boolean> {
    return (await this.limit(1).count(options)) === 0
  }

  /** Runs the query: an Arrow table, types kept. */
  async toArrow(options?: ExecuteOptions): Promise<ArrowTable> {
    const arrow = import('../types/arrow.ts')
    const { schema, batches } = await resultOf(this.#executor, this.plan, options)
    return (await arrow).tableFromBatches(schema, batches)
  }

  /** Runs the query: one array per column, typed where JavaScript has a type; the table is at `columnsFromBatches`. */
  async toColumns(options?: ExecuteOptions): Promise<Columns> {
    const { schema, batches } = await resultOf(this.#executor, this.plan, options)
    return columnsFromBatches(schema, batches)
  }

  /** Runs the query and gives Arrow record batches as they come. Leaving the loop stops the query. */
  async *stream(options?: ExecuteOptions): AsyncGenerator<ArrowRecordBatch, void, undefined> {
    options?.signal?.throwIfAborted()
    const { recordBatchMaker } = await import('../types/arrow.ts')
    const stream = await this.#executor.execute(this.plan, options)
    try {
      const recordBatch = recordBatchMaker(stream.schema)
      for (let batch = await stream.next(); batch !== undefined; batch = await stream.next()) yield recordBatch(batch)
    } finally {
      await stream.close()
    }
  }

  /**
   * Starts the query and gives its batches when they are asked for, in columns of our own (`ColumnBatch`; `valueReader` reads
   * them). The columns are known before the first batch, and at any time what the query cost so far. Close it, or read to the end.
   */
  async batches(options?: ExecuteOptions): Promise<ResultStream> {
    options?.signal?.throwIfAborted()
    return this.#executor.execute(this.plan, options)
  }

  /** Prints the first `count` rows (default 20) as a table; cells are cut at `truncate` characters (default 20). */
  async show(count = 20, options: ShowOptions = {}): Promise<void> {
    // One more, to tell whether there are more; a count that is none is told by the limit.
    const wanted = Number.isSafeInteger(count) ? count + 1 : count
    const { schema, batches } = await resultOf(this.#executor, limit(this.#plan, wanted), options)
    const rows = batches.flatMap(rowsFromBatch)
    const table = formatTable(rows.slice(0, count), schema, options)
    const print = options.print ?? console.log
    print(rows.length > count ? `${table}\nonly showing top ${count} row${count === 1 ? '' : 's'}` : table)
  }

  /**
   * How the query runs: `logical` (default) what was asked for; `sql` the text; `physical` the engine's plan; `analyze` the
   * same after running it, with times, rows and what was read; `engine` the plan as the engine's own JSON.
   */
  explain(options: ExplainOptions = {}): Promise<string> {
    return this.#executor.explain(this.plan, options.mode ?? 'logical', options)
  }

  /**
   * The SQL of this DataFrame, with values as literals: in the dialect of its engine, or another (`docs/dialects.md`). What a
   * dialect cannot say is `UNSUPPORTED`.
   */
  toSQL(options: { readonly dialect?: DialectName } = {}): Promise<string> {
    return this.#executor.toSQL(this.plan, options.dialect)
  }

  /** Names and types of the columns. Reads footers of files at most. */
  schema(options?: ExecuteOptions): Promise<Schema> {
    return this.#executor.schema(this.plan, options)
  }

  /** The names of the columns. */
  async columns(options?: ExecuteOptions): Promise<NameOf<Row>[]> {
    const { fields } = await this.schema(options)
    return fields.map(({ name }) => name as NameOf<Row>)
  }

  /** Names and types of the columns, types as SQL spells them. */
  async dtypes(options?: ExecuteOptions): Promise<[name: NameOf<Row>, type: string][]> {
    const { fields } = await this.schema(options)
    return fields.map(({ name, type }) => [name as NameOf<Row>, typeName(type)])
  }

  /** Prints the schema as a tree. */
  async printSchema(options: ShowOptions = {}): Promise<void> {
    const { fields } = await this.schema(options)
    const lines = fields.map(({ name, type, nullable }) => ` |-- ${name}: ${typeName(type)} (nullable = ${nullable})`)
    ;(options.print ?? console.log)(['root', ...lines].join('\n'))
  }

  /** Writes the rows to files or to a table: `df.write.mode('overwrite').parquet('out/')`. */
  get write(): DataFrameWriter<Row> {
    return new DataFrameWriter<Row>(this.#executor, this.plan)
  }

  /** The plan, for use in a DataFrame of the session of `executor`; of another session it is `INVALID_ARGUMENT`. */
  planFor(executor: Executor): Plan {
    if (executor === this.#executor) return this.plan
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      'The two DataFrames belong to different sessions. Read both in one session.',
    )
  }

  /** The plan with its columns where they are known by now, so that mistakes show at once. */
  get #plan(): Plan {
    return this.plan.output === undefined && this.plan.kind === 'Scan' ? this.#executor.known(this.plan) : this.plan
  }

  #grouped<Keys extends object>(
    columns: readonly (string | AnyColumn)[],
    sets?: readonly (readonly number[])[],
  ): GroupedData<Row, Keys> {
    const groups = { keys: columns.map(outputNode), ...(sets === undefined ? {} : { sets }) }
    return new GroupedData((plan) => this.#over(plan), this.#plan, groups)
  }

  #over<Result extends object>(plan: Plan): DataFrame<Result> {
    return new DataFrame(this.#executor, plan)
  }

  #planOf<R extends object>(other: DataFrame<R>): Plan {
    if (!(other instanceof DataFrame))
      throw new LakefrontError('INVALID_ARGUMENT', 'The other side has to be a DataFrame.')
    return other.planFor(this.#executor)
  }
}

/** What to do about missing values. */
export interface NaFunctions<Row extends object> {
  readonly fill: DataFrame<Row>['fillna']
  readonly drop: DataFrame<Row>['dropna']
  readonly replace: DataFrame<Row>['replace']
}

export interface SampleOptions {
  /** An integer; the same one gives the same rows. */
  readonly seed?: number
  /** Whether a row may come more than once. */
  readonly withReplacement?: boolean
}

export interface UnpivotOptions<Values, Variable, Value> {
  readonly values?: Values
  readonly variableColumnName?: Variable
  readonly valueColumnName?: Value
}

export interface ExplodeOptions {
  /** What the column of elements is called, default as the list was; of a map, the two names. */
  readonly as?: string | readonly string[]
  /** Keep rows without elements, with NULL. */
  readonly outer?: boolean
  /** The name of a column for the position, from 0. */
  readonly position?: string
}

export interface DropNullsOptions<Name, How> {
  readonly how?: How
  /** How many values a row needs; overrides `how`. */
  readonly thresh?: number
  readonly subset?: readonly Name[]
}

export interface ShowOptions extends ExecuteOptions {
  /** Characters a cell may have before it is cut; `false` or 0 shows all. */
  readonly truncate?: number | false
  /** Where the text goes; default `console.log`. */
  readonly print?: (text: string) => void
}

export interface ExplainOptions extends ExecuteOptions {
  readonly mode?: ExplainMode
}

function outputNode(column: string | AnyColumn): Expression {
  const node = isColumn(column) ? column.node : argumentNode(column)
  if (node.kind === 'SortKey') {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `${describeExpression(node)} is a key for orderBy(), not a column of a result.`,
    )
  }
  return node
}
