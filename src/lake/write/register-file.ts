import type { Engine } from '../../engine/engine.ts'
import { LakefrontError } from '../../errors.ts'
import type { ByteSource } from '../../storage/storage.ts'
import type { LogicalType, Schema } from '../../types/logical-type.ts'
import { rowsFromBatch } from '../../types/rows.ts'
import { typeName } from '../../types/type-names.ts'
import { uuidV7 } from '../../types/uuid-v7.ts'
import type { NamedColumn, NewDataFile } from '../commit/change.ts'
import { fits } from './fitting-type.ts'
import { type LakeColumn, sameName } from '../snapshot/lake-columns.ts'
import { isAbsolute } from '../snapshot/lake-place.ts'
import type { LakeTarget } from '../snapshot/lake-target.ts'
import { quoted } from './stage-sql.ts'
import { type FileColumnStatistics, statisticText } from '../commit/statistics.ts'
import { bucketCount, transformSql } from '../commit/transform.ts'

export interface RegisterParts {
  readonly engine: Pick<Engine, 'register' | 'unregister' | 'describe' | 'execute'>
  readonly open: (reference: string) => ByteSource
  readonly signal?: AbortSignal
}

/**
 * A Parquet file of another program as a data file of a table: its columns are found by their names. All of it is read once, for statistics that are
 * exact.
 *
 * @throws LakefrontError `TYPE_MISMATCH`, `COLUMN_NOT_FOUND`, `INVALID_VALUE` for rows that could not have been inserted.
 */
export async function registeredFile(
  reference: string,
  { target, hivePartitioning }: { readonly target: LakeTarget; readonly hivePartitioning: boolean },
  { engine, open, signal }: RegisterParts,
): Promise<NewDataFile> {
  if (typeof reference !== 'string' || !isAbsolute(reference)) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      'A lake keeps the place of a registered file for all who open it: name it by a URL, or by a path from the root of the disk.',
    )
  }
  const options = signal === undefined ? {} : { signal }
  const { bytes, footerBytes } = await extentOf(open(reference), options)
  const id = `registered ${uuidV7()}`
  await engine.register({ id, format: 'parquet', files: [reference], options: { hivePartitioning } })
  try {
    const plain = hivePartitioning ? await plainColumns(engine, reference, options) : undefined
    const schema = await engine.describe({ sql: `FROM lf_scan('${id}')`, sources: [id] }, options)
    const names = namesOf(target, schema, plain)
    const known = target.columns.flatMap((column) => {
      const field = schema.fields.find(({ name }) => sameName(name, column.name))
      return field === undefined ? [] : [{ column, from: field.name }]
    })
    const stream = await engine.execute({ sql: statisticsSql(id, { target, known }), sources: [id] }, options)
    try {
      const batch = await stream.next()
      const row = rowsFromBatch(batch!)[0]!
      return {
        path: reference,
        isRelative: false,
        rows: Number(row['n']),
        bytes,
        footerBytes,
        names,
        statistics: known.flatMap(({ column }, at) => statisticsOf(row, { target, column, at })),
        ...(target.partition.length === 0 ? {} : { partition: partitionOf(row, target) }),
      }
    } finally {
      await stream.close()
    }
  } finally {
    await engine.unregister(id)
  }
}

async function extentOf(
  source: ByteSource,
  options: { readonly signal?: AbortSignal },
): Promise<{ readonly bytes: number; readonly footerBytes: number }> {
  const { size } = await source.stat(options)
  const end = await source.read(Math.max(0, size - 8), size, options)
  return { bytes: size, footerBytes: new DataView(end.buffer, end.byteOffset).getUint32(0, true) }
}

/** The names of columns that are in the file itself, and not in its path. */
async function plainColumns(
  engine: RegisterParts['engine'],
  reference: string,
  options: { readonly signal?: AbortSignal },
): Promise<ReadonlySet<string>> {
  const id = `plain ${uuidV7()}`
  await engine.register({ id, format: 'parquet', files: [reference], options: { hivePartitioning: false } })
  try {
    const { fields } = await engine.describe({ sql: `FROM lf_scan('${id}')`, sources: [id] }, options)
    return new Set(fields.map(({ name }) => name))
  } finally {
    await engine.unregister(id)
  }
}

function namesOf(
  target: LakeTarget,
  { fields }: Schema,
  plain: ReadonlySet<string> | undefined,
): readonly NamedColumn[] {
  const extra = fields.find(({ name }) => !target.columns.some((column) => sameName(column.name, name)))
  if (extra?.name.startsWith('_ducklake_internal_') === true) {
    throw new LakefrontError(
      'UNSUPPORTED',
      'The file is of a lake, and keeps which row is which there. Insert its rows instead: insert(db.read.parquet(…)).',
      { details: { column: extra.name } },
    )
  }
  if (extra !== undefined) {
    throw new LakefrontError(
      'COLUMN_NOT_FOUND',
      `The file has a column "${extra.name}" that "${target.name}" lacks. Add it first: addColumn("${extra.name}", "${typeName(extra.type).toLowerCase()}").`,
      { details: { column: extra.name } },
    )
  }
  const missing = target.columns.find(
    ({ name, nullable, initialDefault }) =>
      !nullable && initialDefault === null && !fields.some((field) => sameName(field.name, name)),
  )
  if (missing !== undefined) {
    throw new LakefrontError(
      'INVALID_VALUE',
      `Column "${missing.name}" of "${target.name}" allows no nulls, and the file has no column of that name.`,
      { details: { column: missing.name } },
    )
  }
  return fields.map((field) => {
    const column = target.columns.find(({ name }) => sameName(name, field.name))!
    const isPartition = plain !== undefined && !plain.has(field.name)
    // What folders say is text, whatever it looks like.
    if (!isPartition && !fits(field.type, column.type)) {
      throw new LakefrontError(
        'TYPE_MISMATCH',
        `Column "${field.name}" of the file is ${typeName(field.type)}, and that of "${target.name}" is ${typeName(column.type)}, which it does not become without loss.`,
        { details: { column: field.name } },
      )
    }
    return { ...named(field.name, column, field.type), ...(isPartition ? { isPartition } : {}) }
  })
}

function named(name: string, column: LakeColumn, type: LogicalType): NamedColumn {
  const own = { name, column: column.id }
  const part = (child: LakeColumn | undefined, childName: string, childType: LogicalType): NamedColumn[] =>
    child === undefined ? [] : [named(childName, child, childType)]
  switch (type.kind) {
    case 'struct':
      return {
        ...own,
        fields: type.fields.flatMap((field) =>
          part(
            column.children.find((child) => sameName(child.name, field.name)),
            field.name,
            field.type,
          ),
        ),
      }
    case 'list':
      return { ...own, fields: part(column.children[0], 'element', type.element) }
    case 'map':
      return {
        ...own,
        fields: [...part(column.children[0], 'key', type.key), ...part(column.children[1], 'value', type.value)],
      }
    default:
      return own
  }
}

interface Known {
  readonly column: LakeColumn
  readonly from: string
}

/** How many rows there are; of each column how many values, the least and the greatest; and of the partition how many there are, and one. */
function statisticsSql(
  id: string,
  { target, known }: { readonly target: LakeTarget; readonly known: readonly Known[] },
): string {
  const columns = known.flatMap(({ column, from }, at) => {
    const value = `CAST(${quoted(from)} AS ${typeName(column.type)})`
    if (column.children.length > 0) return [`count(${quoted(from)}) AS n${at}`]
    const isFloat = column.type.kind === 'float' || column.type.kind === 'double'
    const counted = isFloat ? `CASE WHEN NOT isnan(${value}) THEN ${value} END` : value
    return [
      `count(${quoted(from)}) AS n${at}`,
      `min(${counted}) AS lo${at}`,
      `max(${counted}) AS hi${at}`,
      ...(isFloat ? [`coalesce(bool_or(isnan(${value})), false) AS nan${at}`] : []),
    ]
  })
  const keys = target.partition.flatMap(({ column, transform }, at) => {
    if (bucketCount(transform) !== undefined) {
      throw new LakefrontError(
        'UNSUPPORTED',
        `"${target.name}" is partitioned by buckets, which files of other programs are not divided by. Insert the rows instead: insert(db.read.parquet(…)).`,
      )
    }
    const from = known.find((own) => own.column === column)?.from
    const key = from === undefined ? 'CAST(NULL AS VARCHAR)' : transformSql(transform, quoted(from), column.type)
    return [
      `count(DISTINCT ${key}) + CAST(count(*) > count(${key}) AND count(${key}) > 0 AS BIGINT) AS parts${at}`,
      `min(${key}) AS part${at}`,
    ]
  })
  return `SELECT count(*) AS n${[...columns, ...keys].map((text) => `, ${text}`).join('')} FROM lf_scan('${id}')`
}

function statisticsOf(
  row: Readonly<Record<string, unknown>>,
  { target, column, at }: { readonly target: LakeTarget; readonly column: LakeColumn; readonly at: number },
): readonly FileColumnStatistics[] {
  const valueCount = Number(row[`n${at}`])
  const nullCount = Number(row['n']) - valueCount
  if (!column.nullable && nullCount > 0) {
    throw new LakefrontError(
      'INVALID_VALUE',
      `Column "${column.name}" of "${target.name}" allows no nulls, and there are some in the file.`,
      { details: { column: column.name } },
    )
  }
  if (column.children.length > 0) return []
  const [min, max] = [statisticText(row[`lo${at}`], column.type), statisticText(row[`hi${at}`], column.type)]
  const containsNan = row[`nan${at}`]
  return [
    {
      column: column.id,
      bytes: 0,
      valueCount,
      nullCount,
      min: max === null ? null : min,
      max: min === null ? null : max,
      containsNan: typeof containsNan === 'boolean' ? containsNan : null,
    },
  ]
}

function partitionOf(row: Readonly<Record<string, unknown>>, target: LakeTarget): readonly (string | null)[] {
  return target.partition.map(({ column, transform }, at) => {
    if (Number(row[`parts${at}`]) <= 1) return row[`part${at}`] as string | null
    throw new LakefrontError(
      'INVALID_VALUE',
      `"${target.name}" is partitioned by ${transform} of "${column.name}", and the file has rows of more than one partition. Insert them instead: insert(db.read.parquet(…)).`,
      { details: { column: column.name } },
    )
  })
}
