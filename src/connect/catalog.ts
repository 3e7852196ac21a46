import { isLakefrontError, LakefrontError } from '../errors.ts'
import type { Executor } from '../frame/executor.ts'
import { resultOf } from '../frame/results.ts'
import { query, table } from '../plan/leaf.ts'
import type { EngineInfo, ExecuteOptions } from '../engine/engine.ts'
import type { LogicalType } from '../types/logical-type.ts'
import { rowsFromBatch } from '../types/rows.ts'
import type { Row } from '../types/rows.ts'
import { typeName } from '../types/type-names.ts'

/** A table or view of a session. */
export interface CatalogTable {
  readonly catalog: string
  readonly schema: string
  readonly name: string
  readonly isView: boolean
  /** Whether it is gone when the session closes. */
  readonly isTemporary: boolean
  /** Where `COMMENT ON` gave it one. */
  readonly comment?: string
}

/** A column of a table. */
export interface CatalogColumn {
  readonly name: string
  /** As SQL spells it. */
  readonly type: string
  readonly logicalType: LogicalType
  readonly nullable: boolean
  /** Where `COMMENT ON` gave it one. */
  readonly comment?: string
}

/** A key of a table. */
export interface CatalogKey {
  readonly kind: 'primary' | 'unique' | 'foreign'
  readonly columns: readonly string[]
  /** What a foreign key leads to. */
  readonly references?: { readonly table: string; readonly columns: readonly string[] }
}

/** Which tables and views there are; `session.catalog`. */
export class Catalog {
  readonly #executor: Executor
  readonly #dialect: () => EngineInfo['dialect']

  constructor(executor: Executor, dialect: () => EngineInfo['dialect']) {
    this.#executor = executor
    this.#dialect = dialect
  }

  /** Tables and views, of one schema or of all, in the order of their names. */
  async listTables(schema?: string, options?: ExecuteOptions): Promise<CatalogTable[]> {
    const { tablesText } = await import('./reflection.ts')
    const text = tablesText(this.#dialect())
    const { batches } = await resultOf(this.#executor, query([text], []), options)
    const tables = batches.flatMap(rowsFromBatch).map((row): CatalogTable => ({
      catalog: String(row['catalog']),
      schema: String(row['schema']),
      name: String(row['name']),
      isView: row['type'] === 'VIEW',
      isTemporary: row['type'] === 'LOCAL TEMPORARY' || row['catalog'] === 'temp',
      ...commentOf(row),
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
    const named = table(name)
    const { fields } = await this.#executor.schema(named, options)
    const comments = await this.#comments(named.name, options)
    return fields.map((field) => ({
      name: field.name,
      type: typeName(field.type),
      logicalType: field.type,
      nullable: field.nullable,
      ...comments.get(field.name),
    }))
  }

  /** The primary, unique and foreign keys of a table, its name without a schema; none for a view or a table that is not there. */
  async listKeys(name: string, options?: ExecuteOptions): Promise<CatalogKey[]> {
    const { keysText } = await import('./reflection.ts')
    const parts = keysText(this.#dialect())
    const slots = parts.slice(1).map(() => ({ value: name }))
    const { batches } = await resultOf(this.#executor, query(parts, slots), options)
    const keys = new Map<string, { kind: CatalogKey['kind']; columns: string[]; table: string; references: string[] }>()
    for (const row of batches.flatMap(rowsFromBatch)) {
      const id = String(row['id'])
      const key = keys.get(id) ?? { kind: row['kind'] as CatalogKey['kind'], columns: [], table: '', references: [] }
      keys.set(id, key)
      key.columns.push(String(row['name']))
      if (row['other_table'] === null) continue
      key.table = String(row['other_table'])
      key.references.push(String(row['other_name']))
    }
    return [...keys.values()].map(({ kind, columns, table, references }) =>
      kind === 'foreign' ? { kind, columns, references: { table, columns: references } } : { kind, columns },
    )
  }

  /** Forgets a view made by `createOrReplaceTempView()`; `false` when there is none of that name. */
  async dropTempView(name: string): Promise<boolean> {
    if (typeof name !== 'string' || name === '')
      throw new LakefrontError('INVALID_ARGUMENT', 'dropTempView() needs the name of a view.')
    return this.#executor.dropView(name)
  }

  /** By columns that have one. */
  async #comments(
    path: readonly string[],
    options: ExecuteOptions | undefined,
  ): Promise<ReadonlyMap<string, Pick<CatalogColumn, 'comment'>>> {
    const { commentsText } = await import('./reflection.ts')
    const text = commentsText(this.#dialect(), path)
    if (text === undefined) return new Map()
    const slots = text.values.map((value) => ({ value }))
    const { batches } = await resultOf(this.#executor, query(text.parts, slots), options)
    return new Map(batches.flatMap(rowsFromBatch).map((row) => [String(row['name']), commentOf(row)]))
  }
}

function commentOf({ comment }: Row): Pick<CatalogColumn, 'comment'> {
  return typeof comment === 'string' ? { comment } : {}
}
