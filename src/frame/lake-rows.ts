import type { AnyColumn, AnyRow, Operand } from '../expr/column-types.ts'
import { Column } from '../expr/column.ts'
import { isColumn, operandNode } from '../expr/operand.ts'
import { col } from '../expr/col.ts'
import { lit } from '../expr/lit.ts'
import { sql } from '../expr/sql.ts'
import { type CaseColumn, when } from '../expr/when.ts'
import { LakefrontError, nearestName } from '../errors.ts'
import type { LakeTableInfo } from '../lake/lake-calls.ts'
import { ownColumns } from '../lake/own-columns.ts'
import { rowPlaces } from '../lake/write/write-request.ts'
import { scan } from '../plan/leaf.ts'
import type { Field, LogicalType } from '../types/logical-type.ts'
import { DataFrame } from './dataframe.ts'
import type { Executor } from './executor.ts'
import { sourceId } from './source-id.ts'

/** Values by column: what a row becomes. */
export type SetValues = Readonly<Record<string, Operand>>

/** What happens to rows of the table that a row of the source matches; the first clause whose condition holds counts. */
export type MatchedClause =
  | { readonly when?: AnyColumn | string; readonly update: SetValues | 'all' }
  | { readonly when?: AnyColumn | string; readonly delete: true }

/** What happens to rows of the source that match none. */
export interface NotMatchedClause {
  readonly when?: AnyColumn | string
  readonly insert: SetValues | 'all'
}

/** How a source is merged into a table. In conditions and values, `target.id` and `source.id` name the two sides. */
export interface MergeOptions {
  /** Names that both have, or a condition. */
  readonly on: string | readonly string[] | AnyColumn
  /** Default: nothing happens to rows that match. */
  readonly whenMatched?: 'update' | 'delete' | MatchedClause | readonly MatchedClause[]
  /** Default: nothing is inserted. */
  readonly whenNotMatched?: 'insert' | NotMatchedClause | readonly NotMatchedClause[]
  /** What happens to rows of the table that no row of the source matches. Default: nothing. */
  readonly whenNotMatchedBySource?: 'delete' | MatchedClause | readonly MatchedClause[]
}

const bigint: LogicalType = { kind: 'bigint' }

/** The rows of a table in a snapshot, with where each is. */
export function placedRows(executor: Executor, { lake, schema, table, snapshot, columns }: LakeTableInfo): DataFrame {
  const source = {
    id: sourceId(table),
    format: 'lake',
    lake,
    schema,
    table,
    version: snapshot,
    virtual: rowPlaces,
  } as const
  const fields = [...columns.fields, ...rowPlaces.map(({ name }): Field => ({ name, type: bigint, nullable: true }))]
  return new DataFrame(executor, scan(Object.freeze(source), { fields }))
}

/** Where rows are that `where` holds of, that they stay, and their new values. */
export function updatedRows(
  rows: DataFrame,
  { columns }: LakeTableInfo,
  set: SetValues,
  where?: AnyColumn | string,
): DataFrame {
  const chosen = where === undefined ? rows : rows.filter(condition(where))
  const values = valuesOf(set, columns.fields)
  return chosen.select(
    ...rowPlaces.map(({ name }) => col(name)),
    lit(true).as(ownColumns.keep),
    ...columns.fields.map(({ name }) => values.get(name) ?? wholeName(name)),
  )
}

/** The same of rows that go. */
export function deletedRows(rows: DataFrame, { columns }: LakeTableInfo, where: AnyColumn | string): DataFrame {
  return rows
    .filter(condition(where))
    .select(...rowPlaces.map(({ name }) => col(name)), lit(false).as(ownColumns.keep), ...emptyColumns(columns.fields))
}

/** Rows that change, come and go when `source`, of the columns `given`, is merged. */
export function mergedRows(rows: DataFrame, { info, source, given, options }: Merge): DataFrame {
  const { fields } = info.columns
  const matched = clauses(options.whenMatched, fields)
  const orphaned = clauses(options.whenNotMatchedBySource, fields)
  const fresh = insertions(options.whenNotMatched, fields)
  if (matched.length + orphaned.length + fresh.length === 0) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      "merge() changes nothing: say whenMatched: 'update', whenNotMatched: 'insert', or both.",
    )
  }
  for (const name of isColumn(options.on) ? [] : [options.on ?? []].flat()) {
    fieldNamed(name, given, 'source')
    fieldNamed(name, fields)
  }
  const joined = joinedSides(rows, { source, on: options.on, sides: { matched, orphaned, fresh } })
  const isThere = wholeName(ownColumns.rowId, 'target').isNotNull()
  const isGiven = wholeName(ownColumns.source, 'source').isNotNull()
  const all = valuesOfSource(fields, given)
  const kept = (name: string): AnyColumn => wholeName(name, 'target')
  const step = (clause: MatchedClause, side: AnyColumn): Step => ({
    holds: both(side, clause.when),
    ...('update' in clause ? { set: clause.update === 'all' ? all : clause.update, otherwise: kept } : {}),
  })
  const steps: Step[] = [
    ...matched.map((clause) => step(clause, isThere.and(isGiven))),
    ...orphaned.map((clause) => step(clause, isThere.and(isGiven.not()))),
    ...fresh.map((clause) => ({
      holds: both(isThere.not(), clause.when),
      set: clause.insert === 'all' ? all : clause.insert,
      otherwise: (name: string) => defaultOf(info, name),
    })),
  ]
  const kinds = steps.flatMap(({ set }, at) => (set === undefined ? [] : [at]))
  return joined
    .select(
      ...rowPlaces.map(({ name }) => wholeName(name, 'target').as(name)),
      chosenStep(steps).as(ownColumns.step),
      ...fields.map((field) => chosenValue(steps, field)),
    )
    .filter(col(ownColumns.step).isNotNull())
    .select(
      ...rowPlaces.map(({ name }) => col(name)),
      (kinds.length === 0 ? lit(false) : col(ownColumns.step).isin(...kinds)).as(ownColumns.keep),
      ...fields.map(({ name }) => wholeName(name)),
    )
}

interface Merge {
  readonly info: LakeTableInfo
  readonly source: DataFrame
  /** Columns of the source. */
  readonly given: readonly Field[]
  readonly options: MergeOptions
}

/** One thing that may happen to a row: the values it gets, and those of columns that are not among them; none where it goes. */
interface Step {
  readonly holds: AnyColumn
  readonly set?: SetValues
  readonly otherwise?: (name: string) => AnyColumn
}

function both(side: AnyColumn, also: AnyColumn | string | undefined): AnyColumn {
  return also === undefined ? side : side.and(condition(also))
}

/** The number of the first step that holds. */
function chosenStep(steps: readonly Step[]): AnyColumn {
  return cases(steps.map(({ holds }, at) => ({ holds, value: lit(at) })))
}

/** The value of a column by what happens to the row. */
function chosenValue(steps: readonly Step[], field: Pick<Field, 'name' | 'type'>): AnyColumn {
  const values = steps.map((step) => ({
    holds: step.holds,
    value: step.set === undefined ? nothing(field.type) : valueIn(step, field),
  }))
  return cases(values).as(field.name)
}

function cases([first, ...rest]: readonly { readonly holds: AnyColumn; readonly value: AnyColumn }[]): AnyColumn {
  let chosen = when(first!.holds, first!.value) as CaseColumn<unknown, never>
  for (const { holds, value } of rest) chosen = chosen.when(holds, value) as CaseColumn<unknown, never>
  return chosen
}

function valueIn({ set, otherwise }: Step, { name, type }: Pick<Field, 'name' | 'type'>): AnyColumn {
  const key = Object.keys(set!).find((own) => own.toLowerCase() === name.toLowerCase())
  return key === undefined ? otherwise!(name) : asColumn(set![key]!).cast(type)
}

/** The columns of the table that the source has, as values. */
function valuesOfSource(fields: readonly Field[], given: readonly Field[]): SetValues {
  const pairs = fields.flatMap(({ name }): [string, AnyColumn][] => {
    const own = given.find((field) => field.name.toLowerCase() === name.toLowerCase())
    return own === undefined ? [] : [[name, wholeName(own.name, 'source')]]
  })
  return Object.fromEntries(pairs)
}

function defaultOf({ columns, defaults }: LakeTableInfo, name: string): AnyColumn {
  const text = defaults[name]
  return text === undefined ? nothing(columns.fields.find((field) => field.name === name)!.type) : sql(text)
}

function nothing(type: LogicalType): AnyColumn {
  return lit(null).cast(type)
}

function joinedSides(
  rows: DataFrame,
  {
    source,
    on,
    sides,
  }: {
    readonly source: DataFrame
    readonly on: MergeOptions['on']
    readonly sides: Readonly<Record<'matched' | 'orphaned' | 'fresh', readonly unknown[]>>
  },
): DataFrame {
  const left = source.withColumn(ownColumns.source, lit(true)).alias('source') as DataFrame
  const right = rows.alias('target')
  const how =
    sides.orphaned.length > 0 ? (sides.fresh.length > 0 ? 'full' : 'right') : sides.fresh.length > 0 ? 'left' : 'inner'
  return left.join(right, matching(on), how) as DataFrame
}

function matching(on: MergeOptions['on']): AnyColumn {
  if (isColumn(on)) return on as AnyColumn
  const names = typeof on === 'string' ? [on] : (on as readonly string[] | undefined)
  if (names === undefined || names.length === 0)
    throw new LakefrontError('INVALID_ARGUMENT', "merge() needs to know which rows match: on: 'id'.")
  return names
    .map((name): AnyColumn => wholeName(name, 'source').eq(wholeName(name, 'target')))
    .reduce((all, one) => all.and(one))
}

function clauses(
  given: MergeOptions['whenMatched'] | MergeOptions['whenNotMatchedBySource'],
  fields: readonly Field[],
): readonly MatchedClause[] {
  if (given === undefined) return []
  if (given === 'update') return [{ update: 'all' }]
  if (given === 'delete') return [{ delete: true }]
  const all = (Array.isArray(given) ? given : [given]) as readonly MatchedClause[]
  for (const clause of all) {
    const isClause = typeof clause === 'object' && clause !== null && ('update' in clause || 'delete' in clause)
    if (!isClause)
      throw new LakefrontError(
        'INVALID_ARGUMENT',
        "merge() takes 'update', 'delete', { update: { … } } or { delete: true } for rows that match.",
      )
    if ('update' in clause && clause.update !== 'all') valuesOf(clause.update, fields)
  }
  return all
}

function insertions(given: MergeOptions['whenNotMatched'], fields: readonly Field[]): readonly NotMatchedClause[] {
  if (given === undefined) return []
  if (given === 'insert') return [{ insert: 'all' }]
  const all = (Array.isArray(given) ? given : [given]) as readonly NotMatchedClause[]
  if (all.every((clause) => typeof clause === 'object' && clause !== null && 'insert' in clause)) {
    for (const { insert } of all) if (insert !== 'all') valuesOf(insert, fields)
    return all
  }
  throw new LakefrontError('INVALID_ARGUMENT', "merge() takes 'insert' or { insert: { … } } for rows that match none.")
}

/** The values as columns of the table, converted to their types. */
function valuesOf(set: SetValues, fields: readonly Field[]): ReadonlyMap<string, AnyColumn> {
  const values = new Map<string, AnyColumn>()
  for (const [key, value] of Object.entries(set)) {
    const field = fieldNamed(key, fields)
    values.set(field.name, asColumn(value).cast(field.type).as(field.name))
  }
  if (values.size === 0)
    throw new LakefrontError('INVALID_ARGUMENT', 'update() needs at least one column to set: { set: { price: 1 } }.')
  return values
}

function fieldNamed(key: string, fields: readonly Field[], place = 'table'): Field {
  const field =
    fields.find(({ name }) => name === key) ?? fields.find(({ name }) => name.toLowerCase() === key.toLowerCase())
  if (field !== undefined) return field
  const names = fields.map(({ name }) => name)
  const nearest = nearestName(key, names)
  throw new LakefrontError(
    'COLUMN_NOT_FOUND',
    `Column "${key}" not found in the ${place}. Columns: ${names.join(', ')}.${nearest === undefined ? '' : ` Did you mean "${nearest}"?`}`,
    { details: { column: key, columns: names } },
  )
}

function emptyColumns(fields: readonly Field[]): readonly AnyColumn[] {
  return fields.map(({ name, type }) => lit(null).cast(type).as(name))
}

function asColumn(value: Operand): AnyColumn {
  return isColumn(value) ? (value as AnyColumn) : new Column<AnyRow, never, string>(operandNode(value))
}

function condition(where: AnyColumn | string): AnyColumn {
  return typeof where === 'string' ? sql(where) : where
}

/** A column by its whole name, whatever signs are in it. */
export function wholeName(name: string, side?: 'source' | 'target'): AnyColumn {
  return new Column<AnyRow, never, string>(
    Object.freeze({ kind: 'ColumnReference', name: side === undefined ? name : `${side}.${name}` }),
  )
}
