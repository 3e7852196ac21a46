import type { Engine } from '../../engine/engine.ts'
import type { LakeSource } from '../../scan/source.ts'
import { formatValue } from '../../types/format-value.ts'
import type { LogicalType } from '../../types/logical-type.ts'
import { rowsFromBatch } from '../../types/rows.ts'
import type { Row } from '../../types/rows.ts'
import { uuidV7 } from '../../types/uuid-v7.ts'
import type { CatalogRow } from '../catalog/catalog.ts'
import { columnsOf } from '../catalog/catalog-format.ts'
import { ownColumns } from '../own-columns.ts'
import type { Finding } from './check-catalog.ts'
import type { LakeColumn } from '../snapshot/lake-columns.ts'
import { columnsOfTable } from '../snapshot/lake-snapshot.ts'
import type { LakeTableEntry } from '../snapshot/lake-snapshot.ts'
import type { OpenLake } from '../snapshot/open-lake.ts'
import { quotedName, quotedText } from '../catalog/quoted.ts'
import { compareStatistics, statisticText } from '../commit/statistics.ts'

export interface CheckValuesParts {
  readonly lake: OpenLake
  readonly engine: Pick<Engine, 'register' | 'unregister' | 'execute'>
}

/** Columns of one statement. */
const columnsAtOnce = 40

/**
 * Reads every table of the newest snapshot and compares what is in it with what the catalog says of it: rows of each file, bounds and nulls of each
 * column. Bounds may be wider than the values, but not narrower: other clients answer from them.
 */
export async function checkValues(
  { lake, engine }: CheckValuesParts,
  options: { readonly signal?: AbortSignal } = {},
): Promise<readonly Finding[]> {
  const moment = await lake.moment()
  const { tables } = await lake.snapshot(moment)
  const findings: Finding[] = []
  for (const table of tables) {
    const columns = columnsOfTable(table).filter(({ children, type }) => children.length === 0 && isOrdered(type))
    const told = await toldOf(lake, table)
    const files = await valuesOf(engine, { lake: lake.name, table, version: moment.id, columns }, options)
    for (const [place, values] of files) {
      const file = told.files[place]
      if (file !== undefined) findings.push(...fileFindings(table, { file, values, columns, told }))
    }
    findings.push(...tableFindings(table, { files: [...files.values()], columns, told }))
  }
  return findings
}

export interface Told {
  /** Data files as scans number them. */
  readonly files: readonly { readonly id: number; readonly path: string; readonly live: number }[]
  /** Whether its bounds are taken for exact: when as many rows were ever added as there are, and the catalog keeps none itself. */
  readonly isExact: boolean
  /** Rows of `ducklake_file_column_stats` and `ducklake_table_column_stats`, by file and column. */
  readonly statistics: ReadonlyMap<string, CatalogRow>
  readonly ofTable: ReadonlyMap<number, CatalogRow>
}

export async function toldOf(lake: OpenLake, table: LakeTableEntry): Promise<Told> {
  return lake.catalog.reading(async (reader) => {
    const files = await reader.read(
      `SELECT data_file_id AS id, path, record_count - coalesce((SELECT sum(delete_count) FROM {M}.ducklake_delete_file d WHERE d.data_file_id = f.data_file_id AND d.end_snapshot IS NULL), 0) AS live
       FROM {M}.ducklake_data_file f WHERE table_id = $1 AND end_snapshot IS NULL ORDER BY data_file_id`,
      [table.id],
    )
    const statistics = await reader.read('SELECT * FROM {M}.ducklake_file_column_stats WHERE table_id = $1', [table.id])
    const ofTable = await reader.read('SELECT * FROM {M}.ducklake_table_column_stats WHERE table_id = $1', [table.id])
    const [sums] = await reader.read('SELECT record_count AS added FROM {M}.ducklake_table_stats WHERE table_id = $1', [
      table.id,
    ])
    const inlined = [
      ...(await reader.read('SELECT 1 FROM {M}.ducklake_inlined_data_tables WHERE table_id = $1', [table.id])),
      ...(await columnsOf(reader, `ducklake_inlined_delete_${table.id}`)),
    ]
    const live = files.reduce((sum, row) => sum + Number(row['live']), 0)
    return {
      isExact: inlined.length === 0 && Number(sums?.['added']) === live,
      files: files.map((row) => ({ id: Number(row['id']), path: String(row['path']), live: Number(row['live']) })),
      statistics: new Map(statistics.map((row) => [`${String(row['data_file_id'])} ${String(row['column_id'])}`, row])),
      ofTable: new Map(ofTable.map((row) => [Number(row['column_id']), row])),
    }
  })
}

/** What a file holds: its live rows, and of each column its nulls and bounds as the catalog writes them. */
export interface FileValues {
  readonly rows: number
  readonly columns: ReadonlyMap<number, ColumnValues>
}

export interface ColumnValues {
  readonly nulls: number
  readonly nans: number
  readonly min: string | null
  readonly max: string | null
}

export async function valuesOf(
  engine: CheckValuesParts['engine'],
  {
    lake,
    table,
    version,
    columns,
  }: {
    readonly lake: string
    readonly table: LakeTableEntry
    readonly version: number
    readonly columns: readonly LakeColumn[]
  },
  options: { readonly signal?: AbortSignal },
): Promise<ReadonlyMap<number, FileValues>> {
  const id = `check ${uuidV7()}`
  const source: LakeSource = {
    id,
    format: 'lake',
    lake,
    schema: table.schema,
    table: table.name,
    version,
    virtual: [{ name: ownColumns.file, virtual: 'fileIndex' }],
    anew: true,
  }
  const files = new Map<number, { rows: number; columns: Map<number, ColumnValues> }>()
  await engine.register(source)
  try {
    for (let start = 0; start === 0 || start < columns.length; start += columnsAtOnce) {
      const some = columns.slice(start, start + columnsAtOnce)
      for (const row of await rowsOf(engine, { sql: valuesSql(id, some), sources: [id] }, options)) {
        const place = Number(row[ownColumns.file])
        const file = files.get(place) ?? { rows: Number(row['n']), columns: new Map() }
        files.set(place, file)
        some.forEach(({ id: column, type }, at) => {
          file.columns.set(column, {
            nulls: Number(row[`u${at}`]),
            nans: Number(row[`f${at}`] ?? 0),
            min: statisticText(row[`a${at}`], type),
            max: statisticText(row[`z${at}`], type),
          })
        })
      }
    }
  } finally {
    await engine.unregister(id)
  }
  return files
}

function valuesSql(id: string, columns: readonly LakeColumn[]): string {
  const parts = columns.map(({ name, type }, at) => {
    const column = quotedName(name)
    const isFloat = type.kind === 'float' || type.kind === 'double'
    const filter = isFloat ? ` FILTER (WHERE NOT isnan(${column}))` : ''
    const nans = isFloat ? `, count(*) FILTER (WHERE isnan(${column})) AS f${at}` : ''
    return `count(*) - count(${column}) AS u${at}, min(${column})${filter} AS a${at}, max(${column})${filter} AS z${at}${nans}`
  })
  return `SELECT ${ownColumns.file}, ${['count(*) AS n', ...parts].join(', ')} FROM lf_scan(${quotedText(id)}) WHERE ${ownColumns.file} IS NOT NULL GROUP BY ${ownColumns.file}`
}

async function rowsOf(
  engine: CheckValuesParts['engine'],
  statement: { readonly sql: string; readonly sources: readonly string[] },
  options: { readonly signal?: AbortSignal },
): Promise<readonly Row[]> {
  const stream = await engine.execute(statement, options)
  try {
    const rows: Row[] = []
    for (let batch = await stream.next(); batch !== undefined; batch = await stream.next())
      rows.push(...rowsFromBatch(batch))
    return rows
  } finally {
    await stream.close()
  }
}

interface Compared {
  readonly columns: readonly LakeColumn[]
  readonly told: Told
}

function fileFindings(
  table: LakeTableEntry,
  { file, values, columns, told }: Compared & { readonly file: Told['files'][number]; readonly values: FileValues },
): Finding[] {
  const about = { severity: 'error', table: `${table.schema}.${table.name}`, file: file.path } as const
  const findings: Finding[] = []
  if (values.rows > file.live)
    findings.push({
      ...about,
      kind: 'row-count',
      message: `${values.rows} rows of it are there, and the catalog says ${file.live}.`,
    })
  for (const { id, name, type } of columns) {
    const row = told.statistics.get(`${file.id} ${id}`)
    const own = values.columns.get(id)
    if (row === undefined || own === undefined) continue
    const wrong = narrower(own, row, type)
    if (wrong !== undefined) findings.push({ ...about, kind: 'statistics', message: `Column "${name}" ${wrong}` })
    if (row['value_count'] !== null && Number(row['value_count']) === 0 && own.nulls < values.rows)
      findings.push({
        ...about,
        kind: 'statistics',
        message: `Column "${name}" has ${values.rows - own.nulls} values, and the catalog says it has none.`,
      })
    if (row['null_count'] !== null && own.nulls > Number(row['null_count']))
      findings.push({
        ...about,
        kind: 'statistics',
        message: `Column "${name}" has ${own.nulls} nulls, and the catalog says ${String(row['null_count'])}.`,
      })
  }
  return findings
}

function tableFindings(
  table: LakeTableEntry,
  { files, columns, told }: Compared & { readonly files: readonly FileValues[] },
): Finding[] {
  const about = { kind: 'statistics', severity: 'error', table: `${table.schema}.${table.name}` } as const
  return columns.flatMap(({ id, name, type }): Finding[] => {
    const row = told.ofTable.get(id)
    if (row === undefined) return []
    const all = files.flatMap((file) => file.columns.get(id) ?? [])
    const wrong =
      all.map((own) => narrower(own, row, type)).find((found) => found !== undefined) ??
      (told.isExact ? wider(all, row, type) : undefined)
    const nulls = all.some((own) => own.nulls > 0) && row['contains_null'] === false
    return [
      ...(wrong === undefined ? [] : [{ ...about, message: `Column "${name}" of the table ${wrong}` }]),
      ...(nulls
        ? [{ ...about, message: `Column "${name}" of the table has nulls, and the catalog says it has none.` }]
        : []),
    ]
  })
}

/** How what the catalog says is narrower than the values; undefined when it is not. */
function narrower(
  { min, max, nans }: { readonly min: string | null; readonly max: string | null; readonly nans: number },
  row: CatalogRow,
  type: LogicalType,
): string | undefined {
  const [low, high] = [row['min_value'], row['max_value']] as (string | null)[]
  if (nans > 0 && row['contains_nan'] === false) return 'holds NaN, and the catalog says it does not.'
  if (min === null || max === null || low === undefined || high === undefined) return undefined
  if (low === null || high === null) {
    return 'data_file_id' in row ? undefined : `has the value ${shown(min)}, and the catalog says there is none yet.`
  }
  if ((compareStatistics(min, low, type) ?? 0) < 0)
    return `has the value ${shown(min)}, and the catalog says none is less than ${shown(low)}.`
  if ((compareStatistics(max, high, type) ?? 0) > 0)
    return `has the value ${shown(max)}, and the catalog says none is greater than ${shown(high)}.`
  return undefined
}

/** Whether a file holds something of a column that the catalog does not know of. */
export function isNarrow(
  values: ColumnValues,
  { row, type, rows }: { readonly row: CatalogRow; readonly type: LogicalType; readonly rows: number },
): boolean {
  const hasNone = row['value_count'] !== null && Number(row['value_count']) === 0
  const knowsNulls = row['null_count'] === null || values.nulls <= Number(row['null_count'])
  return narrower(values, row, type) !== undefined || !knowsNulls || (hasNone && values.nulls < rows)
}

/** How bounds that others answer `min()` and `max()` from are not those of the values. */
function wider(
  all: readonly { readonly min: string | null; readonly max: string | null }[],
  row: CatalogRow,
  type: LogicalType,
): string | undefined {
  for (const [bound, key, word] of [
    ['min', 'min_value', 'least'],
    ['max', 'max_value', 'greatest'],
  ] as const) {
    const said = row[key] as string | null
    if (said === null || all.some((own) => own[bound] !== null && compareStatistics(own[bound], said, type) === 0))
      continue
    return `has no value ${shown(said)}, which the catalog says is the ${word}.`
  }
  return undefined
}

function shown(text: string): string {
  return formatValue(text.slice(0, 60), { kind: 'varchar' })
}

/** Types of which a catalog has bounds. */
function isOrdered({ kind }: LogicalType): boolean {
  return !['blob', 'json', 'interval', 'timetz', 'hugeint', 'uhugeint', 'uuid'].includes(kind)
}
