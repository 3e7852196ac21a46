import type { ExecuteOptions } from '../engine/engine.ts'
import { LakefrontError } from '../errors.ts'
import type { AnyRow, Operand } from '../expr/column-types.ts'
import { bareNode, operandNode } from '../expr/operand.ts'
import { sql } from '../expr/sql.ts'
import { withSchema } from '../plan/leaf.ts'
import { insert, remove, update } from '../plan/mutation.ts'
import type { Table as TablePlan } from '../plan/nodes.ts'
import type { Expression } from '../expr/expression.ts'
import type { Schema } from '../types/logical-type.ts'
import { createDataFrame } from './create-data-frame.ts'
import { DataFrame } from './dataframe.ts'
import type { Executor } from './executor.ts'
import type { ColumnOf } from './row-types.ts'

/** Rows to put into a table: a DataFrame of the same session, or objects. */
export type InsertedRows = DataFrame<AnyRow> | Iterable<object>

interface KnownTable {
  readonly table: TablePlan
  readonly schema: Schema
}

/** A table by its name: a DataFrame of its rows, which can be changed too. Each change is one statement, and tells how many rows it touched. */
export class Table<Row extends object = AnyRow> extends DataFrame<Row> {
  readonly #executor: Executor
  readonly #table: TablePlan

  /** Tables are made by `session.table()`. */
  constructor(executor: Executor, table: TablePlan) {
    super(executor, table)
    this.#executor = executor
    this.#table = table
  }

  /**
   * `INSERT INTO t (a, b) SELECT …`: columns go by name; a column that is not given gets its default. Objects are converted to the
   * types of the table, exactly or not at all. Answers the number of rows.
   */
  async insert(rows: InsertedRows, options?: ExecuteOptions): Promise<number> {
    const { table, schema } = await this.#known(options)
    const given = await this.#rows(schema, rows, options)
    return given === undefined ? 0 : this.#executor.change(insert(table, given), options)
  }

  /**
   * `INSERT INTO t … ON CONFLICT (key) DO UPDATE SET …`: rows whose key is there already are replaced. The key has to be unique in
   * the table, by a constraint or index. Answers the number of rows, new and replaced.
   */
  async upsert(
    rows: InsertedRows,
    { key, ...options }: ExecuteOptions & { readonly key: string | readonly string[] },
  ): Promise<number> {
    const { table, schema } = await this.#known(options)
    const given = await this.#rows(schema, rows, options)
    const names = typeof key === 'string' ? [key] : key
    return given === undefined ? 0 : this.#executor.change(insert(table, given, names), options)
  }

  /** `UPDATE t SET a = … WHERE …`; of all rows when `where` is left out. Values are values, columns are computed from the old row. */
  async update(change: {
    readonly set: Readonly<Record<string, Operand>>
    readonly where?: ColumnOf<Row> | string
    readonly options?: ExecuteOptions
  }): Promise<number> {
    const set = Object.fromEntries(Object.entries(change.set).map(([name, value]) => [name, operandNode(value)]))
    const { table } = await this.#known(change.options)
    const where = change.where === undefined ? undefined : conditionOf(change.where)
    return this.#executor.change(update(table, set, where), change.options)
  }

  /** `DELETE FROM t WHERE …`. For all rows, write `delete(lit(true))`. */
  async delete(where: ColumnOf<Row> | string, options?: ExecuteOptions): Promise<number> {
    if (where === undefined) {
      throw new LakefrontError('INVALID_ARGUMENT', 'delete() needs a condition. For all rows, write delete(lit(true)).')
    }
    const { table } = await this.#known(options)
    return this.#executor.change(remove(table, conditionOf(where)), options)
  }

  async #known(options?: ExecuteOptions): Promise<KnownTable> {
    const schema = await this.#executor.schema(this.#table, options)
    return { table: withSchema(this.#table, schema) as TablePlan, schema }
  }

  async #rows(
    { fields }: Schema,
    rows: InsertedRows,
    options?: ExecuteOptions,
  ): Promise<DataFrame['plan'] | undefined> {
    if (rows instanceof DataFrame) {
      const plan = rows.planFor(this.#executor)
      return this.#executor.settled(plan, options)
    }
    const objects = [...rows]
    if (objects.length === 0) return undefined
    const given = new Set(objects.flatMap((row) => Object.keys(row)))
    const isKnown = (name: string): boolean => fields.some((field) => field.name === name)
    // The schema of all columns tells of one that the table does not have.
    const wanted = [...given].every(isKnown) ? fields.filter(({ name }) => given.has(name)) : fields
    return createDataFrame(this.#executor, objects, { fields: wanted }).plan
  }
}

function conditionOf(where: { readonly node: Expression } | string): Expression {
  return bareNode(typeof where === 'string' ? sql(where).node : where.node)
}
