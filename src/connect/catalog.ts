import { isLakefrontError, LakefrontError } from '../errors.ts'
import type { Executor } from '../frame/executor.ts'
import { resultOf } from '../frame/results.ts'
import { query, table } from '../plan/leaf.ts'
import type { ExecuteOptions } from '../engine/engine.ts'
import type { LogicalType } from '../types/logical-type.ts'
import { rowsFromBatch } from '../types/rows.ts'
import { typeName } from '../types/type-names.ts'

/** A table or view of a session. */
export interface CatalogTable {
  readonly catalog: string
  readonly schema: string
  readonly name: string
  readonly isView: boolean
  /** Whether it is gone when the session closes. */
  readonly isTemporary: boolean
}

/** A column of a table. */
export interface CatalogColumn {
  readonly name: string
  /** As SQL spells it. */
  readonly type: string
  readonly logicalType: LogicalType
  readonly nullable: boolean
}

/** Which tables and views there are; `session.catalog`. */
export class Catalog {
  readonly #executor: Executor

  constructor(executor: Executor) {
    this.#executor = executor
  }

  /** Tables and views, of one schema or of all, in the order of their names. */
  async listTables(schema?: string, options?: ExecuteOptions): Promise<CatalogTable[]> {
    const text = [
      'SELECT table_catalog AS catalog, table_schema AS schema, table_name AS name, table_type AS type FROM information_schema.tables',
      " WHERE table_schema NOT IN ('information_schema', 'pg_catalog') ORDER BY catalog, schema, name",
    ].join('\n')
    const { batches } = await resultOf(this.#executor, query([text], []), options)
    const tables = batches.flatMap(rowsFromBatch).map((row): CatalogTable => ({
      catalog: String(row['catalog']),
      schema: String(row['schema']),
      name: String(row['name']),
      isView: row['type'] === 'VIEW',
      isTemporary: row['type'] === 'LOCAL TEMPORARY' || row['catalog'] === 'temp',
    }))
    return schema === undefined ? tables : tables.filter((each) => each.schema === schema)
  }

  /** Whether there is a table or view of that name; with its schema before a dot where it has one. */
  async tableExists(name: string, options?: ExecuteOptions): Promise<boolean> {
    try {
      await this.#executor.schema(table(name), options)
      return true
    } catch (error) {
      if (isLakefrontError(error, 'TABLE_NOT_FOUND')) return false
      throw error
    }
  }

  /** The columns of a table or view. Throws `TABLE_NOT_FOUND`. */
  async listColumns(name: string, options?: ExecuteOptions): Promise<CatalogColumn[]> {
    const { fields } = await this.#executor.schema(table(name), options)
    return fields.map((field) => ({
      name: field.name,
      type: typeName(field.type),
      logicalType: field.type,
      nullable: field.nullable,
    }))
  }

  /** Forgets a view made by `createOrReplaceTempView()`; `false` when there is none of that name. */
  async dropTempView(name: string): Promise<boolean> {
    if (typeof name !== 'string' || name === '')
      throw new LakefrontError('INVALID_ARGUMENT', 'dropTempView() needs the name of a view.')
    return this.#executor.dropView(name)
  }
}
