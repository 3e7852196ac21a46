import type { DuckDBConnection, DuckDBListValue, DuckDBType } from '@duckdb/node-api'
import { LakefrontError } from '../../errors.ts'
import { formatOfName } from '../../scan/file-format.ts'
import type { CsvOptions, FileSource, Source } from '../../scan/source.ts'
import { formatValue } from '../../types/format-value.ts'
import { typeName } from '../../types/type-names.ts'
import { uniqueNames } from '../../types/unique-names.ts'
import { valueReader } from '../../types/value-reader.ts'

/** Rows that go into a table at once. */
const rowsAtOnce = 10_000

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
const text = (value: string): string => `'${value.replaceAll("'", "''")}'`

/** What `lf_scan` reads a source from: a table or view of its name, without quotes, which `query_table` does not read. */
function sourceName(id: string): string {
  return `lf ${id.replaceAll('"', '')}`
}

/** Makes a source readable: rows become a table, files a view over DuckDB's own reader. */
export async function makeSource(connection: DuckDBConnection, source: Source, texts: TextLists): Promise<void> {
  await dropSource(connection, source.id)
  const name = quoted(sourceName(source.id))
  if (source.format === 'lake') throw refused('A table of a lake')
  if (source.format !== 'batches') {
    const format = source.format === 'any' ? (formatOfName(source.id) ?? 'parquet') : source.format
    if (format !== 'parquet' && format !== 'csv') throw refused(`A file of the format ${format}`)
    await connection.run(`CREATE VIEW ${name} AS SELECT * FROM read_${format}(${readerArguments(source)})`)
    return
  }
  const names = uniqueNames(source.schema.fields)
  const types = source.schema.fields.map(({ type }) => typeName(type))
  await connection.run(
    `CREATE TABLE ${name} (${names.map((column, index) => `${quoted(column)} ${types[index]}`).join(', ')})`,
  )
  const values = types.map((type, index) => `CAST(unnest(CAST($${index + 1} AS VARCHAR[])) AS ${type})`)
  const insert = await connection.prepare(`INSERT INTO ${name} SELECT ${values.join(', ')}`)
  for (const batch of source.batches) {
    const readers = batch.columns.map((column, index) => valueReader(batch.schema.fields[index]!.type, column))
    for (let from = 0; from < batch.length; from += rowsAtOnce) {
      const rows = Array.from({ length: Math.min(rowsAtOnce, batch.length - from) }, (_, index) => from + index)
      insert.bind(
        readers.map((read, index) => {
          const { type } = batch.schema.fields[index]!
          return texts.listOf(
            rows.map((row) => {
              const value = read(row)
              return value === null ? null : formatValue(value, type)
            }),
          )
        }),
        // Without its type a list that begins with null is one of nulls.
        readers.map(() => texts.type),
      )
      await insert.run()
    }
  }
  insert.destroySync()
}

/** Lists of texts as values to bind, and their type. */
export interface TextLists {
  readonly type: DuckDBType
  listOf(texts: readonly (string | null)[]): DuckDBListValue
}

export async function dropSource(connection: DuckDBConnection, id: string): Promise<void> {
  const name = sourceName(id)
  const found = await connection.runAndReadAll(
    `SELECT table_type FROM information_schema.tables WHERE table_name = ${text(name)}`,
  )
  const [kind] = found.getRows()[0] ?? []
  if (kind !== undefined) await connection.run(`DROP ${kind === 'VIEW' ? 'VIEW' : 'TABLE'} ${quoted(name)}`)
}

/** `[…], options` for DuckDB's own reader. */
function readerArguments(source: FileSource): string {
  if (source.format === 'parquet' && source.mapping !== undefined) throw refused('Columns found by field id')
  const files = source.files.map((file) => {
    if (typeof file !== 'string') throw refused('A file in memory')
    return text(file.startsWith('file:') ? decodeURIComponent(new URL(file).pathname) : file)
  })
  const { hivePartitioning, filename, fileRowNumber, unionByName = true } = source.options ?? {}
  const options = [
    ...(hivePartitioning === undefined ? [] : [`hive_partitioning = ${hivePartitioning}`]),
    ...(filename === undefined ? [] : [`filename = ${typeof filename === 'string' ? text(filename) : filename}`]),
    ...(fileRowNumber === undefined ? [] : [`file_row_number = ${fileRowNumber}`]),
    `union_by_name = ${unionByName}`,
    ...(source.format === 'csv' ? csvArguments(source.options) : []),
  ]
  return `[${files.join(', ')}], ${options.join(', ')}`
}

function csvArguments({ parameters = {}, declared = {} }: CsvOptions = {}): string[] {
  const types = Object.entries(declared).map(([name, type]) => `${text(name)}: ${text(type)}`)
  const told =
    types.length === 0 || 'types' in parameters ? parameters : { ...parameters, types: `{${types.join(', ')}}` }
  return Object.entries(told).map(([option, value]) => `${option} = ${value}`)
}

function refused(what: string): LakefrontError {
  return new LakefrontError(
    'UNSUPPORTED',
    `${what} cannot be read by native DuckDB. Give the path of a file of Parquet or CSV, or leave out engine: 'duckdb-native'.`,
  )
}
