import type { ExecuteOptions, ResultStream } from '../engine/engine.ts'
import { LakefrontError } from '../errors.ts'
import { sortKey } from '../expr/column.ts'
import type { AnyColumn, AnyRow } from '../expr/column-types.ts'
import { describeExpression } from '../expr/describe.ts'
import type { Expression } from '../expr/expression.ts'
import { count } from '../expr/functions/aggregate.ts'
import { argumentNode, bareNode, columnReference, isColumn } from '../expr/operand.ts'
import { sql } from '../expr/sql.ts'
import { aggregate } from '../plan/aggregate.ts'
import { alias, drop, rename, select, withColumns } from '../plan/columns.ts'
import { join, joinKind } from '../plan/join.ts'
import type { Plan } from '../plan/nodes.ts'
import { distinct, filter, limit, sort } from '../plan/rows.ts'
import { setOperation } from '../plan/set-operation.ts'
import type { DialectName } from '../sql/dialects/load-dialect.ts'
import type { recordBatchFrom, tableFromBatches } from '../types/arrow.ts'
import { type Columns, columnsFromBatches } from '../types/columns.ts'
import type { Schema } from '../types/logical-type.ts'
import { rowsFromBatch } from '../types/rows.ts'
import { typeName } from '../types/type-names.ts'
import type { Executor, ExplainMode } from './executor.ts'
import { GroupedData } from './grouped-data.ts'
import { resultOf, rowsOf } from './results.ts'
import type {
  ColumnOf,
  Dropped,
  Joined,
  JoinSpelling,
  NameIn,
  NameOf,
  Renamed,
  Selectable,
  Selected,
  WithColumn,
  WithColumns,
} from './row-types.ts'
import { formatTable } from './show.ts'

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
    this.plan = plan
  }

  /** `SELECT a, b + 1 AS c`. Names, `*`, and columns; aggregates make one row of all, as in PySpark. */
  select<const C extends readonly Selectable<Row>[]>(...columns: C): DataFrame<Selected<Row, C>> {
    return this.#over(select(this.plan, columns.map(outputNode)))
  }

  /** `SELECT …` of SQL expressions: `selectExpr('origin', 'delay / 60 AS hours')`. */
  selectExpr<Result extends object = AnyRow>(...expressions: readonly string[]): DataFrame<Result> {
    return this.#over(
      select(
        this.plan,
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
    return this.#over(withColumns(this.plan, [{ name, expression: bareNode(column.node) }]))
  }

  /** As {@link withColumn} for many, each computed from the columns before. */
  withColumns<const C extends Readonly<Record<string, ColumnOf<Row>>>>(columns: C): DataFrame<WithColumns<Row, C>> {
    return this.#over(
      withColumns(
        this.plan,
        Object.entries(columns).map(([name, column]) => ({ name, expression: bareNode(column.node) })),
      ),
    )
  }

  /** `SELECT …, existing AS name`. A name that is not there is `COLUMN_NOT_FOUND`; PySpark ignores it. */
  withColumnRenamed<const From extends NameIn<Row>, const To extends string>(
    existing: From,
    name: To,
  ): DataFrame<Renamed<Row, From, To>> {
    return this.#over(rename(this.plan, [{ from: existing, to: name }]))
  }

  /** All columns but those. A name that is not there is `COLUMN_NOT_FOUND`; PySpark ignores it. */
  drop<const Name extends NameIn<Row>>(...names: readonly Name[]): DataFrame<Dropped<Row, Name>> {
    return this.#over(names.length === 0 ? this.plan : drop(this.plan, names))
  }

  /** `WHERE condition`: rows for which it is true. Text is an SQL expression. */
  filter(condition: ColumnOf<Row> | string): DataFrame<Row> {
    return this.#over(
      filter(this.plan, typeof condition === 'string' ? bareNode(sql(condition).node) : bareNode(condition.node)),
    )
  }

  /** As {@link filter}. */
  where(condition: ColumnOf<Row> | string): DataFrame<Row> {
    return this.filter(condition)
  }

  /** `GROUP BY a, b`, to be followed by `agg()`; without columns, all rows are one group. */
  groupBy<const C extends readonly (NameIn<Row> | ColumnOf<Row>)[]>(...columns: C): GroupedData<Row, Selected<Row, C>> {
    return new GroupedData((plan) => this.#over(plan), this.plan, columns.map(outputNode))
  }

  /** Aggregates all rows into one. */
  agg<const M extends readonly ColumnOf<Row>[]>(...measures: M): DataFrame<Selected<Row, M>> {
    return this.#over(aggregate(this.plan, [], measures.map(outputNode)))
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
    on: ColumnOf<Row & R>,
    how?: How,
  ): DataFrame<Joined<Row, R, How>>
  join(
    other: DataFrame<AnyRow>,
    on: string | readonly string[] | AnyColumn,
    how: JoinSpelling = 'inner',
  ): DataFrame<AnyRow> {
    const condition = isColumn(on) ? { condition: bareNode(on.node) } : { using: typeof on === 'string' ? [on] : on }
    return this.#over(join(this.plan, this.#planOf(other), joinKind(how), condition))
  }

  /** `CROSS JOIN other`: every row with every row. */
  crossJoin<R extends object>(other: DataFrame<R>): DataFrame<Joined<Row, R, 'cross'>> {
    return this.#over(join(this.plan, this.#planOf(other), 'cross'))
  }

  /** `UNION ALL other`, columns by position, duplicates kept, as in PySpark. The compiler wants the same names on both sides. */
  union(other: DataFrame<Row>): DataFrame<Row> {
    return this.#over(setOperation(this.plan, this.#planOf(other), { operation: 'union', all: true }))
  }

  /** As {@link union}, columns by name; with `allowMissingColumns`, one that a side lacks is NULL there. */
  unionByName<R extends object>(
    other: DataFrame<R>,
    options: { readonly allowMissingColumns?: boolean } = {},
  ): DataFrame<Row> {
    const byName = options.allowMissingColumns === true ? 'missing' : 'strict'
    return this.#over(setOperation(this.plan, this.#planOf(other), { operation: 'union', all: true, byName }))
  }

  /** `INTERSECT other`: distinct rows that both have; NULLs are equal. */
  intersect(other: DataFrame<Row>): DataFrame<Row> {
    return this.#over(setOperation(this.plan, this.#planOf(other), { operation: 'intersect', all: false }))
  }

  /** `EXCEPT other`: distinct rows that the other lacks; NULLs are equal. */
  except(other: DataFrame<Row>): DataFrame<Row> {
    return this.#over(setOperation(this.plan, this.#planOf(other), { operation: 'except', all: false }))
  }

  /** `SELECT DISTINCT *`. An order set before is forgotten. */
  distinct(): DataFrame<Row> {
    return this.#over(distinct(this.plan))
  }

  /** One row, whichever, of those that are equal in the given columns; of all columns without. */
  dropDuplicates(columns?: readonly NameIn<Row>[]): DataFrame<Row> {
    return this.#over(distinct(this.plan, columns))
  }

  /** `ORDER BY a ASC NULLS FIRST`. `col('a').desc()` has NULLs last; both as in PySpark, with variants on `Column`. */
  orderBy(...columns: readonly (NameIn<Row> | ColumnOf<Row>)[]): DataFrame<Row> {
    return this.#over(
      sort(
        this.plan,
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
    return this.#over(limit(this.plan, count))
  }

  /** `OFFSET count`: all rows but the first. */
  offset(count: number): DataFrame<Row> {
    return this.#over(limit(this.plan, undefined, count))
  }

  /** Lets `col('name.column')` mean the columns of this DataFrame, after a join above all. */
  alias(name: string): DataFrame<Row> {
    return this.#over(alias(this.plan, name))
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
      aggregate(this.plan, [], [count().as('count').node]),
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
    const { schema, batches } = await resultOf(this.#executor, limit(this.plan, count + 1), options)
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

  /** The plan, for use in a DataFrame of the session of `executor`; of another session it is `INVALID_ARGUMENT`. */
  planFor(executor: Executor): Plan {
    if (executor === this.#executor) return this.plan
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      'The two DataFrames belong to different sessions. Read both in one session.',
    )
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

export interface ShowOptions extends ExecuteOptions {
  /** Characters a cell may have before it is cut; `false` shows all. */
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
