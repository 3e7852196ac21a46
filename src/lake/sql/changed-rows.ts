import { LakefrontError } from '../../errors.ts'
import { typeName } from '../../types/type-names.ts'
import { quotedName } from '../catalog/quoted.ts'
import { type LakeColumn, columnNotFound, insertedDefault, sameName } from '../snapshot/lake-columns.ts'
import { ownColumns } from '../own-columns.ts'
import { rowPlaces } from '../write/write-request.ts'
import type { ChangeStatement } from './change-statement.ts'
import { type MergeClause, type MergeStatement, sourceTable } from './merge-statement.ts'
import type { Assignment } from './statement-parts.ts'

/** The table that rows are changed of, and how SQL reads its rows with where they are. */
export interface ReadTable {
  readonly name: string
  readonly columns: readonly LakeColumn[]
  /** A table function; its columns behind those of the table are {@link places}. */
  readonly scan: string
}

const places = rowPlaces.map(({ name }) => name)

/** Columns that a statement gives values for, and the query that gives them, under these names and with their types. */
export function insertedRows(
  { columns: all, ...table }: Omit<ReadTable, 'scan'>,
  { rows, columns }: Extract<ChangeStatement, { kind: 'insert' }>,
  given: readonly string[],
): string {
  if (rows === undefined) return `SELECT ${defaultOf(all[0]!)} AS ${quotedName(all[0]!.name)}`
  const counts = typeof rows === 'string' ? [given.length] : rows.map((row) => row.length)
  const isByName = columns === 'byName'
  const names = isByName ? given : (columns ?? all.map(({ name }) => name))
  const wrong = counts.find((count) => count !== names.length)
  if (wrong !== undefined) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `"${table.name}" is given ${wrong} values for ${names.length} columns: ${names.join(', ')}.`,
    )
  }
  const own = names.map((name) => columnNamed({ ...table, columns: all }, name))
  const twice = own.find((column, at) => own.indexOf(column) !== at)
  if (twice !== undefined) throw new LakefrontError('COLUMN_AMBIGUOUS', `The rows have two columns "${twice.name}".`)
  const list = own.map(({ name }) => quotedName(name)).join(', ')
  // Each value by itself: in a query, those of a column have one type, which need not hold what the table's holds.
  if (typeof rows !== 'string')
    return `FROM (VALUES ${rows.map((row) => `(${row.map((text, at) => valueOf(text, own[at]!)).join(', ')})`).join(', ')}) AS given(${list})`
  const values = own.map(
    ({ name, type }) => `CAST(given.${quotedName(name)} AS ${typeName(type)}) AS ${quotedName(name)}`,
  )
  return `SELECT ${values.join(', ')} FROM (${rows}\n) AS given(${list})`
}

/** The rows that an UPDATE makes new, with where the old ones are. */
export function updatedRows(
  table: ReadTable,
  { alias, set, from, where }: Extract<ChangeStatement, { kind: 'update' }>,
): string {
  const values = assigned(table, set)
  const own = (column: LakeColumn): string => `${quotedName(alias)}.${quotedName(column.name)}`
  const columns = table.columns.map((column) => `${values.get(column) ?? own(column)} AS ${quotedName(column.name)}`)
  return `SELECT ${[...placesOf(alias), `true AS ${ownColumns.keep}`, ...columns].join(', ')} FROM ${readAs(table, alias)}${also(from)}${where === undefined ? '' : ` WHERE ${where}\n`}`
}

/** The rows that a DELETE takes away. */
export function deletedRows(
  table: ReadTable,
  { alias, from, where }: Extract<ChangeStatement, { kind: 'delete' }>,
): string {
  const distinct = from === undefined ? '' : 'DISTINCT '
  const columns = table.columns.map((column) => `${nothing(column)} AS ${quotedName(column.name)}`)
  return `SELECT ${distinct}${[...placesOf(alias), `false AS ${ownColumns.keep}`, ...columns].join(', ')} FROM ${readAs(table, alias)}${also(from)}${where === undefined ? '' : ` WHERE ${where}\n`}`
}

/** The rows that a MERGE changes, takes away and adds; `given` are the columns of its source. */
export function mergedRows(table: ReadTable, merge: MergeStatement, given: readonly string[]): string {
  const { alias, sourceAlias, clauses } = merge
  const [own, other] = [quotedName(alias), quotedName(sourceAlias)]
  const isThere = `${own}.${ownColumns.rowId} IS NOT NULL`
  const isGiven = `${other}.${ownColumns.source} IS NOT NULL`
  const sides = {
    matched: `${isThere} AND ${isGiven}`,
    source: `${own}.${ownColumns.rowId} IS NULL`,
    target: `${other}.${ownColumns.source} IS NULL`,
  }
  const steps = clauses.map(({ rows, when }, at) => ({
    holds: `${sides[rows]}${when === undefined ? '' : ` AND (${when}\n)`}`,
    values: valuesOf(table, { merge, clause: clauses[at]!, given }),
  }))
  const chosen = (value: (step: (typeof steps)[number], at: number) => string): string =>
    `CASE ${steps.map((step, at) => `WHEN ${step.holds} THEN ${value(step, at)}`).join(' ')} END`
  const columns = table.columns.map(
    (column) => `${chosen(({ values }) => values?.(column) ?? nothing(column))} AS ${quotedName(column.name)}`,
  )
  const step = (_: unknown, at: number): string => {
    const { action } = clauses[at]!
    const message = `'MERGE is stopped by THEN ERROR'${action.kind === 'error' && action.message !== undefined ? ` || ': ' || (${action.message}\n)` : ''}`
    return action.kind === 'error' ? `CAST(error(${message}) AS INTEGER)` : String(at)
  }
  const used = clauses.flatMap(({ action }, at) => (action.kind === 'nothing' ? [] : [at]))
  const kept = clauses.flatMap(({ action }, at) => (action.kind === 'update' || action.kind === 'insert' ? [at] : []))
  const has = (side: MergeClause['rows']): boolean => clauses.some(({ rows }) => rows === side)
  const join = has('source') ? (has('target') ? 'FULL' : 'LEFT') : has('target') ? 'RIGHT' : 'INNER'
  const on =
    typeof merge.on === 'string'
      ? `${merge.on}\n`
      : merge.on.map((name) => `${own}.${quotedName(name)} = ${other}.${quotedName(name)}`).join(' AND ')
  const joined = `(SELECT *, true AS ${ownColumns.source} FROM ${sourceTable(merge)}) AS ${other} ${join} JOIN ${readAs(table, alias)} ON (${on})`
  const names = table.columns.map(({ name }) => quotedName(name))
  return `SELECT ${[...places, `${ownColumns.step} IN (${[-1, ...kept].join(', ')}) AS ${ownColumns.keep}`, ...names].join(', ')} FROM (SELECT ${[...placesOf(alias), `${chosen(step)} AS ${ownColumns.step}`, ...columns].join(', ')} FROM ${joined}) WHERE ${ownColumns.step} IN (${[-1, ...used].join(', ')})`
}

interface Merged {
  readonly merge: MergeStatement
  readonly clause: MergeClause
  readonly given: readonly string[]
}

/** What each column of a row becomes; undefined where no row stays. */
function valuesOf(
  table: ReadTable,
  { merge, clause: { action }, given }: Merged,
): ((column: LakeColumn) => string) | undefined {
  if (action.kind !== 'update' && action.kind !== 'insert') return undefined
  const isUpdate = action.kind === 'update'
  const old = ({ name }: LakeColumn): string => `${quotedName(merge.alias)}.${quotedName(name)}`
  const otherwise = isUpdate ? old : defaultOf
  const ofSource = (name: string): string => `${quotedName(merge.sourceAlias)}.${quotedName(name)}`
  const values = isUpdate ? action.set : action.values
  if (values === 'defaults') return otherwise
  if (values === 'byName') {
    return (column) => {
      const name = given.find((own) => sameName(own, column.name))
      return name === undefined ? otherwise(column) : cast(ofSource(name), column)
    }
  }
  if (isUpdate && values !== 'byPosition') {
    const set = assigned(table, action.set as readonly Assignment[])
    return (column) => set.get(column) ?? old(column)
  }
  const named = isUpdate ? undefined : action.columns?.map((name) => columnNamed(table, name))
  const columns = named ?? table.columns
  const texts = values === 'byPosition' ? given.map(ofSource) : (values as readonly string[])
  if (texts.length !== columns.length) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `${isUpdate ? 'UPDATE' : 'INSERT'} gives ${texts.length} values for ${columns.length} columns of "${table.name}": ${columns.map(({ name }) => name).join(', ')}. Name them, or say BY NAME.`,
    )
  }
  return (column) => {
    const at = columns.indexOf(column)
    return at < 0 ? defaultOf(column) : valueOf(texts[at]!, column)
  }
}

function assigned(table: ReadTable, set: readonly Assignment[]): ReadonlyMap<LakeColumn, string> {
  const values = new Map<LakeColumn, string>()
  for (const { column: name, value } of set) {
    const column = columnNamed(table, name)
    if (values.has(column))
      throw new LakefrontError(
        'INVALID_ARGUMENT',
        `SET gives "${column.name}" of "${table.name}" two values. Leave one.`,
      )
    values.set(column, valueOf(value, column))
  }
  return values
}

function valueOf(text: string, column: LakeColumn): string {
  return text.toLowerCase() === 'default' ? defaultOf(column) : cast(text, column)
}

/** A column by its name. @throws LakefrontError `COLUMN_NOT_FOUND` */
export function columnNamed({ name: table, columns }: Omit<ReadTable, 'scan'>, name: string): LakeColumn {
  const found = columns.find((column) => sameName(column.name, name))
  if (found !== undefined) return found
  throw columnNotFound(name, { table, names: columns.map((column) => column.name) })
}

function placesOf(alias: string): readonly string[] {
  return places.map((name) => `${quotedName(alias)}.${name}`)
}

function readAs({ scan }: ReadTable, alias: string): string {
  return `${scan} AS ${quotedName(alias)}`
}

function also(from: string | undefined): string {
  return from === undefined ? '' : `, ${from}\n`
}

function nothing({ type }: LakeColumn): string {
  return `CAST(NULL AS ${typeName(type)})`
}

/** A column without a default that allows no nulls is refused where the rows are stored. */
function defaultOf(column: LakeColumn): string {
  return insertedDefault(column) ?? nothing(column)
}

function cast(text: string, { type }: LakeColumn): string {
  return `CAST((${text}\n) AS ${typeName(type)})`
}
