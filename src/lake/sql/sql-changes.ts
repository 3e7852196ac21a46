import type { Engine, ExecuteOptions, ResultStream, Statement } from '../../engine/engine.ts'
import { isLakefrontError, LakefrontError } from '../../errors.ts'
import type { Schema } from '../../types/logical-type.ts'
import { uuidV7 } from '../../types/uuid-v7.ts'
import { quotedName, quotedText } from '../catalog/quoted.ts'
import type { CommitReport } from '../commit/commit-options.ts'
import { pastCompaction } from '../commit/past-compaction.ts'
import { columnsOfTable } from '../snapshot/lake-snapshot.ts'
import { type LakeColumn, sameName, storedType } from '../snapshot/lake-columns.ts'
import type { Lakes } from '../snapshot/lakes.ts'
import type { OpenLake } from '../snapshot/open-lake.ts'
import { rowPlaces } from '../write/write-request.ts'
import type { LakeOperation, ObjectName } from '../write/write-request.ts'
import { writeOptions } from '../write/lake-writer.ts'
import type { LakeWrites } from '../write/lake-writes.ts'
import { changeStatement } from './change-statement.ts'
import type { ChangeStatement } from './change-statement.ts'
import { columnNamed, deletedRows, insertedRows, mergedRows, updatedRows } from './changed-rows.ts'
import type { ReadTable } from './changed-rows.ts'
import { sourceTable } from './merge-statement.ts'
import { defaultFromSql, newColumns } from './new-columns.ts'
import { calledByName } from './own-names.ts'
import { StatementCursor } from './statement-cursor.ts'

export interface SqlChangesParts {
  readonly lakes: Lakes
  readonly writes: LakeWrites
  /** Reads lakes, too. */
  readonly engine: Engine
}

/** What a statement that changes something answers, as DuckDB does: how many rows it changed, where it is about rows. */
export const countSchema: Schema = { fields: [{ name: 'Count', type: { kind: 'bigint' }, nullable: true }] }

/** One statement that changes a lake. */
export interface LakeStatement extends Statement {
  readonly lake: string
  /** The schema of it that is in use: where names are that tell none. */
  readonly schema?: string
}

/** What a change of rows counts. */
type Counted = (report: CommitReport) => number

/** Statements of SQL text that change lakes, each a commit of its own. */
export class SqlChanges {
  readonly #parts: SqlChangesParts

  constructor(parts: SqlChangesParts) {
    this.#parts = parts
  }

  async execute(
    { lake: name, schema, ...statement }: LakeStatement,
    options: ExecuteOptions = {},
  ): Promise<ResultStream> {
    const { lakes, engine } = this.#parts
    const lake = lakes.lake(name)
    const signal = options.signal === undefined ? {} : { signal: options.signal }
    await lake.catalog.refresh(signal)
    const count = await this.#run({ lake, schema }, statement, options)
    return engine.execute({
      sql: `SELECT CAST(${count ?? 'NULL'} AS BIGINT) AS "Count"${count === undefined ? ' LIMIT 0' : ''}`,
    })
  }

  async #run({ lake, schema }: UsedLake, statement: Statement, options: ExecuteOptions): Promise<number | undefined> {
    const cursor = new StatementCursor(statement.sql)
    const lead = cursor.sees('with') ? `${cursor.until('insert', 'update', 'delete', 'merge')} ` : ''
    const change = changeStatement(cursor, (path) => objectIn({ lake, schema }, path))
    const sqlOf = (sql: string): Statement => ({
      sql: lead + sql,
      ...(statement.parameters === undefined ? {} : { parameters: statement.parameters }),
      ...(statement.sources === undefined ? {} : { sources: statement.sources }),
    })
    const rowsSql = (sql: string): Statement => sqlOf(isOfRows(change) ? ownNames(sql, lake, change) : sql)
    switch (change.kind) {
      case 'insert':
        return this.#insert(lake, { change, sqlOf }, options)
      case 'update':
        return this.#replace(lake, { change, count: ({ rowsUpdated }) => rowsUpdated }, options, (table) =>
          rowsSql(updatedRows(table, change)),
        )
      case 'delete':
        return this.#replace(lake, { change, count: ({ rowsDeleted }) => rowsDeleted }, options, (table) =>
          rowsSql(deletedRows(table, change)),
        )
      case 'merge': {
        const source = await this.#columns(sqlOf(`SELECT * FROM ${sourceTable(change)}`), options)
        const count: Counted = (report) => report.rowsInserted + report.rowsUpdated + report.rowsDeleted
        return this.#replace(lake, { change, count }, options, (table) => rowsSql(mergedRows(table, change, source)))
      }
      case 'createTable':
        return this.#createTable(lake, { change, sqlOf }, options)
      default:
        await this.#write(lake, await this.#operations(lake, change, options), options)
        return undefined
    }
  }

  async #insert(lake: OpenLake, { change, sqlOf }: Of<'insert'>, options: ExecuteOptions): Promise<number> {
    const table = await readTable(lake, change.table)
    const given = typeof change.rows === 'string' ? await this.#columns(sqlOf(`FROM (${change.rows}\n)`), options) : []
    const rows = sqlOf(insertedRows(table, change, given))
    const { rowsInserted } = await this.#write(lake, [{ kind: 'insert', table: change.table, rows }], options)
    return rowsInserted
  }

  /** Rows that take the place of others, read with where they are. */
  #replace(
    lake: OpenLake,
    { change: { table }, count }: { readonly change: { readonly table: ObjectName }; readonly count: Counted },
    options: ExecuteOptions,
    rowsOf: (table: ReadTable) => Statement,
  ): Promise<number> {
    return pastCompaction(async () => count(await this.#replaceNow(lake, table, options, rowsOf)))
  }

  async #replaceNow(
    lake: OpenLake,
    named: ObjectName,
    options: ExecuteOptions,
    rowsOf: (table: ReadTable) => Statement,
  ): Promise<CommitReport> {
    const { engine } = this.#parts
    const { id: snapshot } = await lake.moment()
    const table = await readTable(lake, named)
    const id = `${named.name}#${uuidV7()}`
    const { schema, name } = named
    await engine.register({
      id,
      format: 'lake',
      lake: lake.name,
      schema,
      table: name,
      version: snapshot,
      virtual: hasColumn(table.columns, ['rowid']) ? rowPlaces : [...rowPlaces, { name: 'rowid', virtual: 'rowId' }],
    })
    try {
      const rows = rowsOf({ ...table, scan: `lf_scan(${quotedText(id)})` })
      const sources = [...(rows.sources ?? []), id]
      return await this.#write(lake, [{ kind: 'replace', table: named, rows: { ...rows, sources }, snapshot }], options)
    } finally {
      await engine.unregister(id)
    }
  }

  async #createTable(
    lake: OpenLake,
    { change: { table, ifNotExists, replaces, columns: definitions, rows }, sqlOf }: Of<'createTable'>,
    options: ExecuteOptions,
  ): Promise<number | undefined> {
    const isQuery = rows !== undefined
    if (ifNotExists && isQuery && (await hasTable(lake, table))) return 0
    const columns = isQuery
      ? (await this.#describe(sqlOf(rows), options)).fields.map(({ name, type }) => ({ name, type: storedType(type) }))
      : await newColumns(this.#parts.engine, definitions!)
    const report = await this.#write(
      lake,
      [
        ...(replaces ? [{ kind: 'dropTable', table, ifExists: true } as const] : []),
        { kind: 'createTable', table, columns, partitionBy: [], sortBy: [], ifNotExists },
        ...(isQuery ? [{ kind: 'insert', table, rows: sqlOf(rows) } as const] : []),
      ],
      options,
    )
    return isQuery ? report.rowsInserted : undefined
  }

  async #operations(
    lake: OpenLake,
    change: Exclude<ChangeStatement, { kind: 'insert' | 'update' | 'delete' | 'merge' | 'createTable' }>,
    options: ExecuteOptions,
  ): Promise<readonly LakeOperation[]> {
    if (change.kind === 'operation') return [change.operation]
    if (change.kind === 'view') return this.#createView(lake, change, options)
    const { table: name } = change
    if (change.kind === 'ifThere')
      return (await hasTable(lake, name)) ? this.#operations(lake, change.change, options) : []
    const table = await readTable(lake, name)
    switch (change.kind) {
      case 'addColumn': {
        const { into } = change
        const [column] = await newColumns(this.#parts.engine, `${quotedName(change.name)} ${change.definition}`)
        if (change.ifNotExists && hasColumn(table.columns, [...into, change.name])) return []
        return [{ kind: 'addColumn', table: name, into, column: column! }]
      }
      case 'dropColumn': {
        if (change.ifExists && !hasColumn(table.columns, change.column)) return []
        return [{ kind: 'dropColumn', table: name, column: change.column }]
      }
      case 'setNotNull': {
        const { name: column } = columnNamed(table, change.column)
        await this.#refuseNulls(`${[lake.name, name.schema, name.name].map(quotedName).join('.')}`, column, options)
        return [{ kind: 'setNullable', table: name, column: [column], nullable: false }]
      }
      case 'setDefault': {
        const value = change.value === undefined ? undefined : defaultFromSql(change.value)
        const { name: column } = columnNamed(table, change.column)
        return [
          { kind: 'setDefault', table: name, column: [column], ...(value === undefined ? {} : { default: value }) },
        ]
      }
    }
  }

  async #createView(
    lake: OpenLake,
    { view, sql, replaces, ifNotExists }: Extract<ChangeStatement, { kind: 'view' }>,
    options: ExecuteOptions,
  ): Promise<readonly LakeOperation[]> {
    if (ifNotExists) {
      const { views } = await lake.snapshot(await lake.moment())
      if (views.some((own) => sameName(own.schema, view.schema) && sameName(own.name, view.name))) return []
    }
    await this.#describe({ sql }, options)
    return [{ kind: 'createView', view, sql, replace: replaces }]
  }

  async #refuseNulls(table: string, column: string, options: ExecuteOptions): Promise<void> {
    const sql = `SELECT 1 FROM ${table} WHERE ${quotedName(column)} IS NULL LIMIT 1`
    const stream = await this.#parts.engine.execute({ sql }, options)
    try {
      if (((await stream.next())?.length ?? 0) === 0) return
    } finally {
      await stream.close()
    }
    throw new LakefrontError(
      'INVALID_VALUE',
      `Column "${column}" of ${table} has nulls, so they cannot be forbidden. Update or delete those rows first.`,
      { details: { column } },
    )
  }

  async #write(lake: OpenLake, operations: readonly LakeOperation[], options: ExecuteOptions): Promise<CommitReport> {
    const report = await this.#parts.writes.write(lake.name, operations, writeOptions(options))
    return report!
  }

  #describe(statement: Statement, { signal }: ExecuteOptions): Promise<Schema> {
    return this.#parts.engine.describe(statement, signal === undefined ? {} : { signal })
  }

  async #columns(statement: Statement, options: ExecuteOptions): Promise<readonly string[]> {
    return (await this.#describe(statement, options)).fields.map(({ name }) => name)
  }
}

/** A statement of one kind, and what makes a statement of a query in it. */
interface Of<Kind extends ChangeStatement['kind']> {
  readonly change: Extract<ChangeStatement, { kind: Kind }>
  readonly sqlOf: (sql: string) => Statement
}

type ChangeOfRows = Extract<ChangeStatement, { kind: 'update' | 'delete' | 'merge' }>

function isOfRows(change: ChangeStatement): change is ChangeOfRows {
  return change.kind === 'update' || change.kind === 'delete' || change.kind === 'merge'
}

/** A query of rows to change in which the table, and the source of a MERGE, may be called as they are in the lake, unless they are called something else. */
function ownNames(sql: string, { name: lake }: OpenLake, change: ChangeOfRows): string {
  const { alias, table } = change
  const { schema, name } = table
  const paths = [
    [lake, schema, name],
    [lake, name],
    [schema, name],
  ]
  const own = sameName(alias, name) ? calledByName(sql, paths, alias) : sql
  if (change.kind !== 'merge' || sameName(change.sourceAlias, alias)) return own
  const source = new StatementCursor(change.source).table().path ?? []
  if (!sameName(source.at(-1) ?? '', change.sourceAlias)) return own
  return calledByName(
    own,
    source.slice(0, -1).map((_, at) => source.slice(at)),
    change.sourceAlias,
  )
}

interface UsedLake {
  readonly lake: OpenLake
  /** That is in use, if there is one. */
  readonly schema: string | undefined
}

/** `lake.table` is in the schema that is in use, or in `main`. */
function objectIn({ lake, schema }: UsedLake, path: readonly string[]): ObjectName {
  const isWhole = path.length > 1 && sameName(path[0]!, lake.name)
  const [first, second] = isWhole ? path.slice(1) : path
  if (path.length === (isWhole ? 2 : 1) && (isWhole || schema !== undefined))
    return { schema: schema ?? 'main', name: first! }
  if (path.length === (isWhole ? 3 : 2) && (isWhole || schema !== undefined)) return { schema: first!, name: second! }
  throw new LakefrontError(
    'INVALID_ARGUMENT',
    `"${path.join('.')}" names nothing in the lake "${lake.name}". Say ${lake.name}.table, or ${lake.name}.schema.table.`,
  )
}

async function readTable(lake: OpenLake, { schema, name }: ObjectName): Promise<Omit<ReadTable, 'scan'>> {
  const table = await lake.table(await lake.moment(), schema, name)
  return { name: table.name, columns: columnsOfTable(table) }
}

function hasColumn(columns: readonly LakeColumn[], [name, ...path]: readonly string[]): boolean {
  const found = columns.find((own) => sameName(own.name, name!))
  return found !== undefined && (path.length === 0 || hasColumn(found.children, path))
}

async function hasTable(lake: OpenLake, named: ObjectName): Promise<boolean> {
  return readTable(lake, named).then(
    () => true,
    (error: unknown) => {
      if (isLakefrontError(error, 'TABLE_NOT_FOUND')) return false
      throw error
    },
  )
}
