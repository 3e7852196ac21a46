import { LakefrontError, nearestName } from '../../errors.ts'
import type { LogicalType, Schema } from '../../types/logical-type.ts'
import { typeName } from '../../types/type-names.ts'
import { fits } from './fitting-type.ts'
import { type LakeColumn, insertedDefault, sameName } from '../snapshot/lake-columns.ts'
import { identityColumns, ownColumns } from '../own-columns.ts'
import { sortKeySql } from '../commit/sort-key.ts'
import { bucketCount, transformSql } from '../commit/transform.ts'
import type { LakeTarget } from '../snapshot/lake-target.ts'

/** What a statement gives: rows of the table, or with them the rows they replace. */
export interface StagedRows {
  readonly sql: string
  readonly schema: Schema
  /** Whether it begins with {@link identityColumns}. */
  readonly isChange: boolean
  /** Whether any value may become text where the table has text. */
  readonly castToVarchar?: boolean
}

/** How rows that were asked for become rows of files. */
export interface StageSql {
  readonly sql: string
  /** How many of its columns are those of {@link identityColumns}, before the table's. */
  readonly leading: number
  /** Behind the table's columns: the value of each partition key, as text. */
  readonly trailing: number
}

/**
 * The statement that gives the rows as the files are to have them: the table's columns with their types, defaults for those that are not
 * given, divided by partition and in the table's order.
 *
 * ```sql
 * SELECT *, CAST(year("at") AS VARCHAR) AS lf_key_0
 * FROM (SELECT CAST("id" AS BIGINT) AS "id", now() AS "at" FROM (SELECT …) AS given) AS typed
 * ORDER BY lf_key_0, "id" ASC NULLS LAST
 * ```
 *
 * @throws LakefrontError `COLUMN_NOT_FOUND` for a column that the table lacks, `TYPE_MISMATCH` where values would have to be cut or guessed,
 * `INVALID_VALUE` for a column that must have a value and gets none.
 */
export function stageSql(target: LakeTarget, given: StagedRows): StageSql {
  const { fields } = given.schema
  const own = given.isChange ? fields.slice(identityColumns.length) : fields
  checkNames(
    target,
    own.map(({ name }) => name),
  )
  const values = target.columns.map((column) => {
    const field = own.find(({ name }) => sameName(name, column.name))
    return `${field === undefined ? missing(target, column) : converted(target, column, { ...field, castToVarchar: given.castToVarchar === true })} AS ${quoted(column.name)}`
  })
  const identity = given.isChange ? identityColumns : []
  const keys = target.partition.map(
    ({ column, transform }, index) =>
      `${transformSql(transform, quoted(column.name), column.type)} AS ${ownColumns.key}_${index}`,
  )
  const order = [
    ...target.partition.map(({ transform, column }, index) =>
      bucketCount(transform) === undefined ? `${ownColumns.key}_${index}` : quoted(column.name),
    ),
    ...target.sort.map(sortKeySql),
  ]
  const typed = `SELECT ${[...identity, ...values].join(', ')} FROM (\n${given.sql}\n) AS given`
  const divided =
    keys.length === 0 && order.length === 0 ? typed : `SELECT ${['*', ...keys].join(', ')} FROM (${typed}) AS typed`
  return {
    sql: order.length === 0 ? divided : `${divided} ORDER BY ${order.join(', ')}`,
    leading: identity.length,
    trailing: keys.length,
  }
}

function checkNames(target: LakeTarget, given: readonly string[]): void {
  const names = target.columns.map(({ name }) => name)
  const seen = new Set<string>()
  for (const name of given) {
    if (seen.has(name.toLowerCase())) {
      throw new LakefrontError('COLUMN_AMBIGUOUS', `The rows have two columns "${name}".`, {
        details: { column: name },
      })
    }
    seen.add(name.toLowerCase())
    if (names.some((own) => sameName(own, name))) continue
    const nearest = nearestName(name, names)
    throw new LakefrontError(
      'COLUMN_NOT_FOUND',
      `Column "${name}" not found in "${target.name}". Columns: ${names.join(', ')}.${nearest === undefined ? '' : ` Did you mean "${nearest}"?`} To add it to the table, say { mergeSchema: true }.`,
      { details: { column: name, columns: names } },
    )
  }
}

function converted(
  target: LakeTarget,
  column: LakeColumn,
  field: { readonly name: string; readonly type: LogicalType; readonly castToVarchar: boolean },
): string {
  if (!fits(field.type, column.type, field.castToVarchar)) {
    throw new LakefrontError(
      'TYPE_MISMATCH',
      `Column "${column.name}" of "${target.name}" is ${typeName(column.type)}, and the rows have ${typeName(field.type)}, which does not become it without loss. Cast it: col("${column.name}").cast("${typeName(column.type).toLowerCase()}"); or widen the column: { mergeSchema: true }.`,
      { details: { table: target.name, column: column.name, given: typeName(field.type) } },
    )
  }
  return `CAST(given.${quoted(field.name)} AS ${typeName(column.type)})`
}

function missing(target: LakeTarget, column: LakeColumn): string {
  const value = insertedDefault(column)
  if (value !== undefined) return value
  throw new LakefrontError(
    'INVALID_VALUE',
    `Column "${column.name}" of "${target.name}" allows no nulls and has no default, and the rows do not have it.`,
    { details: { table: target.name, column: column.name } },
  )
}

/** A name as SQL has it. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
