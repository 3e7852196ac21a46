import { LakefrontError } from '../../errors.ts'
import { doubleText } from '../../types/number-text.ts'
import type { ColumnChange, LakeSortKey } from './change.ts'
import { checkedName } from './checked-name.ts'
import {
  type ColumnRow,
  checkLakeType,
  columnPath,
  columnsFromRows,
  isContainer,
  rowsOfColumn,
  sameName,
  storedDefault,
} from '../snapshot/lake-columns.ts'
import { sortOf } from '../snapshot/lake-target.ts'
import { lakeTypeName, typeFromLake } from '../catalog/lake-types.ts'
import { promotes } from './promotion.ts'
import type { DraftTable, SnapshotDraft } from './snapshot-draft.ts'
import { namesColumn, withColumnRenamed } from './sort-key.ts'
import { checkTransform } from './transform.ts'

export async function applyColumnChange(draft: SnapshotDraft, change: ColumnChange): Promise<void> {
  const table = await draft.table(change.table)
  draft.tell({ kind: 'altered_table', id: table.id }, { schema: true })
  await draft.checkConflicts()
  const rows = await draft.columnRows(table.id)
  switch (change.kind) {
    case 'addColumn':
      return addColumn(draft, { table, rows, change })
    case 'dropColumn':
      return dropColumn(draft, { table, rows, change })
    case 'renameColumn': {
      const { row, siblings } = columnPath(rows, change.column, table.name)
      refuseParts(rows, row, 'renamed')
      if (!sameName(row.name, change.name)) checkFreeName(siblings, change.name)
      if (row.parent === null) await sortedByRenamed(draft, table, { from: row.name, to: change.name })
      else await refuseSorted(draft, table, change.column)
      return replaced(draft, table, { ...row, name: change.name })
    }
    case 'alterType':
      return alterType(draft, { table, rows, change })
    case 'setNullable': {
      const { row } = columnPath(rows, change.column, table.name)
      if (!change.nullable) await checkNoNulls(draft, table, row)
      return replaced(draft, table, { ...row, nullable: change.nullable })
    }
    case 'setDefault': {
      const { row } = columnPath(rows, change.column, table.name)
      if (row.parent !== null || isContainer(row))
        throw new LakefrontError(
          'UNSUPPORTED',
          `"${row.name}" is nested; the DuckLake format has defaults for simple columns.`,
        )
      return replaced(draft, table, { ...row, ...storedDefault(change.default) })
    }
    case 'setPartitioning': {
      const columns = columnsFromRows(rows)
      const keys = change.keys.map((key) => {
        const { row } = columnPath(rows, [key.column], table.name)
        checkTransform(key, columns.find(({ id }) => id === row.id)!.type)
        return { column: row.id, transform: key.transform }
      })
      return partitioned(draft, table, keys)
    }
    case 'setSorting':
      return sorted(draft, table, change.keys)
    default:
      return change satisfies never
  }
}

interface Altering<Kind extends ColumnChange['kind']> {
  readonly table: DraftTable
  readonly rows: readonly ColumnRow[]
  readonly change: Extract<ColumnChange, { kind: Kind }>
}

async function addColumn(draft: SnapshotDraft, { table, rows, change }: Altering<'addColumn'>): Promise<void> {
  const into = change.into.length === 0 ? undefined : columnPath(rows, change.into, table.name).row
  if (into !== undefined && into.type.toLowerCase() !== 'struct')
    throw new LakefrontError('TYPE_MISMATCH', `"${change.into.join('.')}" is no struct, so nothing can be added to it.`)
  const { column } = change
  checkedName('column', column.name)
  checkLakeType(column.type)
  if (column.default?.kind === 'expression') {
    throw new LakefrontError(
      'UNSUPPORTED',
      `A column is added with a plain value as its default, which the rows that are there get too. Add "${column.name}" first, and set the expression with setDefault().`,
    )
  }
  const parent = into?.id ?? null
  checkFreeName(
    rows.filter((row) => row.parent === parent),
    column.name,
  )
  if (column.nullable === false && column.default === undefined && !draft.isOwn(table.id)) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `"${column.name}" cannot be NOT NULL without a default: the rows that are there have no value for it.`,
    )
  }
  const [last] = await draft.transaction.read(
    'SELECT max(column_id) AS id FROM {M}.ducklake_column WHERE table_id = $1',
    [table.id],
  )
  await draft.insertColumns(table.id, rowsOfColumn(column, Number(last!['id']) + 1, parent))
  draft.reshape(table.id)
  draft.touchData()
}

async function dropColumn(draft: SnapshotDraft, { table, rows, change }: Altering<'dropColumn'>): Promise<void> {
  const { row, siblings } = columnPath(rows, change.column, table.name)
  refuseParts(rows, row, 'dropped')
  if (siblings.length === 1) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `"${row.name}" is the last column${row.parent === null ? ` of "${table.name}"` : ' of its struct'}. Drop ${row.parent === null ? 'the table' : 'the struct'} instead.`,
    )
  }
  const used = await draft.transaction.read(
    `SELECT 1 FROM {M}.ducklake_partition_info JOIN {M}.ducklake_partition_column USING (partition_id)
     WHERE ducklake_partition_info.table_id = $1 AND end_snapshot IS NULL AND column_id = $2`,
    [table.id, row.id],
  )
  if (used.length > 0) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `"${row.name}" is a column that "${table.name}" is partitioned by. Change that first: setPartitioning([]).`,
    )
  }
  await refuseSorted(draft, table, change.column)
  const ids = [row.id, ...below(rows, row.id)]
  // One that this commit added keeps its row, which no snapshot has: files may hold the column, so that its id cannot be another's.
  await draft.transaction.run(
    `UPDATE {M}.ducklake_column SET end_snapshot = ${draft.snapshot} WHERE end_snapshot IS NULL AND table_id = $1 AND column_id IN (${ids.join(', ')})`,
    [table.id],
  )
  await draft.end('ducklake_column_tag', `table_id = $1 AND column_id IN (${ids.join(', ')})`, [table.id])
  draft.reshape(table.id)
  draft.touchData()
}

async function alterType(draft: SnapshotDraft, { table, rows, change }: Altering<'alterType'>): Promise<void> {
  const { row } = columnPath(rows, change.column, table.name)
  checkLakeType(change.type)
  const now = typeFromLake(row.type)
  if (now === undefined || !promotes(now, change.type)) {
    throw new LakefrontError(
      'TYPE_MISMATCH',
      `"${change.column.join('.')}" is ${row.type} and cannot become ${lakeTypeName(change.type)} without rewriting its files: integers become wider ones, float becomes double, a decimal gets more digits; structs get and lose fields with addColumn(["s", "field"], …) and dropColumn(["s", "field"]).`,
      { details: { table: table.name, column: change.column.join('.'), from: row.type } },
    )
  }
  draft.touchData()
  const isFloatToDouble = now.kind === 'float' && change.type.kind === 'double'
  if (isFloatToDouble) await boundsAsDoubles(draft, table, row.id)
  const own = isFloatToDouble ? { ...row, ...defaultsAsDoubles(row) } : row
  await replaced(draft, table, { ...own, type: lakeTypeName(change.type) })
  const isWholeNumber = now.kind !== 'float' && now.kind !== 'decimal'
  if (!isWholeNumber || now.kind.startsWith('u') !== change.type.kind.startsWith('u'))
    await partitionAnew(draft, table, row.id)
}

/** Equal values of another type have another text and another bucket, so files from before are of another partitioning, which is the same else. */
async function partitionAnew(draft: SnapshotDraft, table: DraftTable, column: number): Promise<void> {
  const keys = await draft.transaction.read(
    `SELECT c.column_id, c.transform FROM {M}.ducklake_partition_info i JOIN {M}.ducklake_partition_column c USING (partition_id)
     WHERE i.table_id = $1 AND i.end_snapshot IS NULL ORDER BY c.partition_key_index`,
    [table.id],
  )
  if (!keys.some((key) => Number(key['column_id']) === column)) return
  await partitioned(
    draft,
    table,
    keys.map((key) => ({ column: Number(key['column_id']), transform: String(key['transform']) })),
  )
}

async function partitioned(
  draft: SnapshotDraft,
  table: DraftTable,
  keys: readonly { readonly column: number; readonly transform: string }[],
): Promise<void> {
  const id = draft.catalogId()
  await draft.end('ducklake_partition_info', 'table_id = $1', [table.id])
  await draft.insert('ducklake_partition_info', [[id, table.id, draft.snapshot, null]])
  await draft.insert(
    'ducklake_partition_column',
    keys.map(({ column, transform }, index) => [id, table.id, index, column, transform]),
  )
  draft.reshape(table.id)
}

async function sorted(draft: SnapshotDraft, table: DraftTable, keys: readonly LakeSortKey[]): Promise<void> {
  const id = draft.catalogId()
  await draft.end('ducklake_sort_info', 'table_id = $1', [table.id])
  await draft.insert('ducklake_sort_info', [[id, table.id, draft.snapshot, null]])
  await draft.insert(
    'ducklake_sort_expression',
    keys.map((key, index) => [id, table.id, index, key.expression, 'duckdb', key.direction, key.nulls]),
  )
}

/** The order of a table is kept as text, in which columns have their names. */
async function sortedByRenamed(
  draft: SnapshotDraft,
  table: DraftTable,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<void> {
  const keys = await sortOf(draft.transaction, table.id)
  if (!keys.some(({ expression }) => namesColumn(expression, from))) return
  await sorted(
    draft,
    table,
    keys.map((key) => ({ ...key, expression: withColumnRenamed(key.expression, from, to) })),
  )
}

async function refuseSorted(draft: SnapshotDraft, table: DraftTable, column: readonly string[]): Promise<void> {
  const keys = await sortOf(draft.transaction, table.id)
  const used = keys.find(({ expression }) => column.every((name) => namesColumn(expression, name)))
  if (used === undefined) return
  throw new LakefrontError(
    'INVALID_ARGUMENT',
    `"${table.name}" is sorted by ${used.expression}, which "${column.join('.')}" is in. Change that first: setSorting([]).`,
  )
}

/** The text of a float is that of another double: `0.1` is less than the value it stands for. */
async function boundsAsDoubles(draft: SnapshotDraft, table: DraftTable, column: number): Promise<void> {
  const whole = (bound: string): string => `${bound} = CAST(CAST(TRY_CAST(${bound} AS FLOAT) AS DOUBLE) AS VARCHAR)`
  for (const name of ['file_column_stats', 'table_column_stats']) {
    await draft.transaction.run(
      `UPDATE {M}.ducklake_${name} SET ${whole('min_value')}, ${whole('max_value')} WHERE table_id = $1 AND column_id = $2`,
      [table.id, column],
    )
  }
}

/** The same of what rows have that were there before the column, and of what new ones get. */
function defaultsAsDoubles({
  initialDefault,
  defaultValue,
  defaultType,
}: ColumnRow): Pick<ColumnRow, 'initialDefault' | 'defaultValue'> {
  const whole = (text: string | null): string | null => {
    const value = Number(text ?? 'NULL')
    return Number.isFinite(value) ? doubleText(Math.fround(value)) : text
  }
  return {
    initialDefault: whole(initialDefault),
    defaultValue: defaultType === 'expression' ? defaultValue : whole(defaultValue),
  }
}

/** Ends a column's row, and writes it as it is from now on. */
async function replaced(draft: SnapshotDraft, table: DraftTable, row: ColumnRow): Promise<void> {
  await draft.end('ducklake_column', 'table_id = $1 AND column_id = $2', [table.id, row.id])
  await draft.insertColumns(table.id, [row])
  draft.reshape(table.id)
}

/** Rows that others added since may have nulls; those before were looked at by who asks for this. */
async function checkNoNulls(draft: SnapshotDraft, table: DraftTable, row: ColumnRow): Promise<void> {
  const [file] = await draft.transaction.read(
    `SELECT 1 FROM {M}.ducklake_data_file f LEFT JOIN {M}.ducklake_file_column_stats s ON s.data_file_id = f.data_file_id AND s.column_id = $2
     WHERE f.table_id = $1 AND f.begin_snapshot > $3 AND f.begin_snapshot < $4 AND f.end_snapshot IS NULL AND (coalesce(s.null_count, 1) > 0 OR s.value_count = 0) LIMIT 1`,
    [table.id, row.id, draft.base, draft.snapshot],
  )
  if (file === undefined) return
  throw new LakefrontError(
    'COMMIT_CONFLICT',
    `Another commit added rows to "${table.name}" that may have nulls in "${row.name}". Nothing was changed. Run it again.`,
  )
}

function below(rows: readonly ColumnRow[], id: number): readonly number[] {
  return rows.flatMap((row) => (row.parent === id ? [row.id, ...below(rows, row.id)] : []))
}

function refuseParts(rows: readonly ColumnRow[], row: ColumnRow, done: string): void {
  const parent = rows.find(({ id }) => id === row.parent)
  if (parent === undefined || parent.type.toLowerCase() === 'struct') return
  throw new LakefrontError(
    'INVALID_ARGUMENT',
    `"${row.name}" is what the ${parent.type} "${parent.name}" consists of, and cannot be ${done}.`,
  )
}

function checkFreeName(siblings: readonly ColumnRow[], name: string): void {
  checkedName('column', name)
  const taken = siblings.find((row) => sameName(row.name, name))
  if (taken !== undefined) throw new LakefrontError('INVALID_ARGUMENT', `There is a column "${taken.name}" already.`)
}
