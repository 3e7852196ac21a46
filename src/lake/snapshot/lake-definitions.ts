import { isLakefrontError } from '../../errors.ts'
import type { LakeSource } from '../../scan/source.ts'
import {
  type LakeMacro,
  type LakeSnapshot,
  type LakeTableEntry,
  type LakeView,
  columnsOfTable,
} from './lake-snapshot.ts'
import { quotedName, quotedText } from '../catalog/quoted.ts'
import { sqlTokens } from '../../sql/sql-tokens.ts'

/** An object that SQL shall find under the name of a lake. */
export interface Definition {
  /** What it is, and its name: `VIEW "lake"."main"."events"`. Behind `DROP`, it is a statement. */
  readonly object: string
  /** Where it is, or itself. */
  readonly schema: string
  /** The statement that makes it, anew where it is there already. */
  readonly sql: string
  /** What a view of a table reads. */
  readonly source?: LakeSource
  /** Statements behind it, of comments. */
  readonly comments: readonly string[]
  /** Whether its SQL is of somebody else, and may not work here. */
  readonly isForeign: boolean
}

/** What there is in a snapshot, in an order in which it can be made. */
export function lakeDefinitions(lake: string, snapshot: LakeSnapshot): readonly Definition[] {
  const { schemas, tables, views, macros } = snapshot
  return [
    ...schemas.filter((schema) => schema !== 'main').map((schema) => schemaDefinition(lake, schema)),
    ...tables.filter(isReadable).map((table) => tableDefinition(lake, table)),
    ...views.filter(({ sql }) => isOneStatement(sql)).map((view) => viewDefinition(lake, view)),
    ...macros
      .filter(({ forms }) => forms.every(({ sql }) => isOneStatement(sql)))
      .map((macro) => macroDefinition(lake, macro)),
  ]
}

/** A table as it is, or as it was in a snapshot. */
export function tableSource(lake: string, { schema, name }: LakeTableEntry, version?: number): LakeSource {
  const path = [lake, schema, name].map(quotedName).join('.')
  const own = { format: 'lake', lake, schema, table: name } as const
  return version === undefined ? { id: path, ...own } : { id: `${path} at ${version}`, ...own, version }
}

function schemaDefinition(lake: string, schema: string): Definition {
  const name = `${quotedName(lake)}.${quotedName(schema)}`
  return {
    object: `SCHEMA ${name}`,
    schema,
    sql: `CREATE SCHEMA IF NOT EXISTS ${name}`,
    comments: [],
    isForeign: false,
  }
}

function tableDefinition(lake: string, table: LakeTableEntry): Definition {
  const source = tableSource(lake, table)
  const all = columnsOfTable(table)
  const columns = all.map(({ name, type }) => [name, type])
  const comments = all.flatMap(({ id, name }) => {
    const comment = table.columnComments.get(id)
    return comment === undefined ? [] : [`COMMENT ON COLUMN ${source.id}.${quotedName(name)} IS ${quotedText(comment)}`]
  })
  return {
    object: `VIEW ${source.id}`,
    schema: table.schema,
    // The comment tells two views apart whose tables have other columns: DuckDB keeps a view's columns.
    sql: `CREATE OR REPLACE VIEW ${source.id} AS FROM lf_scan(${quotedText(source.id)}) /* ${JSON.stringify(columns).replaceAll('*/', '* /').replaceAll('/*', '/ *')} */`,
    source,
    comments: [...commentOf(source.id, table.comment), ...comments],
    isForeign: false,
  }
}

function commentOf(view: string, comment: string | undefined): readonly string[] {
  return comment === undefined ? [] : [`COMMENT ON VIEW ${view} IS ${quotedText(comment)}`]
}

function viewDefinition(lake: string, { schema, name, sql, aliases, comment }: LakeView): Definition {
  const path = [lake, schema, name].map(quotedName).join('.')
  const columns =
    aliases === ''
      ? ''
      : `(${sqlTokens(aliases)
          .map(({ text, kind }) => (kind === 'other' ? text : quotedName(text)))
          .join('')})`
  return {
    object: `VIEW ${path}`,
    schema,
    sql: `CREATE OR REPLACE VIEW ${path}${columns} AS ${inLake(lake, sql)}`,
    comments: commentOf(path, comment),
    isForeign: true,
  }
}

function macroDefinition(lake: string, { schema, name, forms }: LakeMacro): Definition {
  const path = [lake, schema, name].map(quotedName).join('.')
  const kind = forms.some((form) => form.kind === 'table') ? 'MACRO TABLE' : 'MACRO'
  const texts = forms.map(({ sql, parameters, kind: own }) => {
    const names = parameters.map((parameter) =>
      parameter.default === undefined
        ? quotedName(parameter.name)
        : `${quotedName(parameter.name)} := ${defaultText(parameter.default)}`,
    )
    return `(${names.join(', ')}) AS ${own === 'table' ? 'TABLE ' : ''}${inLake(lake, sql)}`
  })
  return {
    object: `${kind} ${path}`,
    schema,
    sql: `CREATE OR REPLACE MACRO ${path}${texts.join(', ')}`,
    comments: [],
    isForeign: true,
  }
}

/** A number stays one; all else is a text. */
function defaultText(value: string): string {
  return /^-?\d+(\.\d+)?$/.test(value) ? value : quotedText(value)
}

/** Others write the lake's name so, since everybody may call it otherwise. */
function inLake(lake: string, sql: string): string {
  return sql.replaceAll('{DUCKLAKE_CATALOG}', quotedName(lake))
}

function isOneStatement(sql: string): boolean {
  return sqlTokens(sql).every(({ kind, text }) => kind !== 'other' || text !== ';')
}

/** A table with a column that there is no type for here is no table for SQL. */
function isReadable(table: LakeTableEntry): boolean {
  try {
    return columnsOfTable(table).length > 0
  } catch (error) {
    if (isLakefrontError(error, 'UNSUPPORTED')) return false
    throw error
  }
}
