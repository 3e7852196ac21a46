import type { Engine } from '../../engine/engine.ts'
import { openArrow, readArrow } from '../../format/arrow/read-arrow.ts'
import { openJson, readJson } from '../../format/json/read-json.ts'
import { spawnWorker } from '../../rpc/spawn.ts'
import { supervisedEngine } from '../../rpc/supervised-engine.ts'
import type { ByteSource } from '../../storage/storage.ts'
import type { Field } from '../../types/logical-type.ts'
import { rowsFromBatch } from '../../types/rows.ts'
import type { Row } from '../../types/rows.ts'
import { typeName } from '../../types/type-names.ts'
import { bytesText, countText } from '../quantity.ts'
import { textTable } from './text-table.ts'

/** What a file of rows holds that says little of itself. This is what `lakefront inspect --format json` prints; sizes are bytes. */
export interface RowsDescription {
  readonly file: string
  readonly format: 'arrow' | 'csv' | 'json'
  readonly bytes: number
  readonly rows: number
  /** How it is written, by the name of each fact. */
  readonly written: Readonly<Record<string, string | number | boolean>>
  readonly columns: readonly { readonly name: string; readonly type: string; readonly nullable: boolean }[]
}

/** Reads the metadata of all messages of an Arrow file or stream. */
export async function describeArrow(source: ByteSource, signal: AbortSignal): Promise<RowsDescription> {
  const file = await openArrow(source, { signal })
  let rows = 0
  let batches = 0
  for await (const { length } of readArrow(file, [], { signal, readsAhead: false })) {
    rows += length
    batches++
  }
  const written = { form: file.blocks === undefined ? 'stream' : 'file', 'record batches': batches }
  return described('arrow', source, { rows, written, fields: file.fields, signal })
}

/** Reads all of a file of JSON, to count its values. */
export async function describeJson(source: ByteSource, signal: AbortSignal): Promise<RowsDescription> {
  const file = await openJson(source, { signal })
  let rows = 0
  for await (const { length } of readJson(file, [], { signal, readsAhead: true })) rows += length
  return described('json', source, { rows, written: { layout: file.layout }, fields: file.fields, signal })
}

/** Reads all of a file of CSV, to count its lines and those that cannot be read; DuckDB, which does that, is started for it. */
export async function describeCsv(source: ByteSource, file: string, signal: AbortSignal): Promise<RowsDescription> {
  const engine = await supervisedEngine(() => spawnWorker(), { signal, stopWithin: 500 })
  try {
    const read = `read_csv_auto('${file.replaceAll("'", "''")}', store_rejects = true)`
    const { fields } = await engine.describe({ sql: `FROM ${read}` }, { signal })
    const [counted] = await rowsOf(engine, `SELECT count(*) AS rows FROM ${read}`, signal)
    const [scan] = await rowsOf(engine, 'FROM reject_scans ORDER BY scan_id DESC LIMIT 1', signal)
    const [bad] = await rowsOf(engine, 'SELECT count(*) AS lines FROM reject_errors', signal)
    const written = {
      delimiter: String(scan!['delimiter']),
      quote: characters(scan!['quote']),
      escape: characters(scan!['escape']),
      'line end': characters(scan!['newline_delimiter']),
      header: scan!['has_header'] === true,
      'lines skipped': Number(scan!['skip_rows']),
      'lines that cannot be read': Number(bad!['lines']),
    }
    return described('csv', source, { rows: Number(counted!['rows']), written, fields, signal })
  } finally {
    await engine.close()
  }
}

/** Characters as DuckDB tells them: `(empty)` for none, ends of lines by their escapes. */
function characters(text: unknown): string {
  if (text === '(empty)') return ''
  return String(text).replaceAll('\\r', '\r').replaceAll('\\n', '\n')
}

async function rowsOf(engine: Engine, sql: string, signal: AbortSignal): Promise<Row[]> {
  const result = await engine.execute({ sql }, { signal })
  const rows: Row[] = []
  for (let batch = await result.next(); batch !== undefined; batch = await result.next())
    rows.push(...rowsFromBatch(batch))
  return rows
}

async function described(
  format: RowsDescription['format'],
  source: ByteSource,
  {
    fields,
    signal,
    ...rest
  }: Pick<RowsDescription, 'rows' | 'written'> & { readonly fields: readonly Field[]; readonly signal: AbortSignal },
): Promise<RowsDescription> {
  const { size } = await source.stat({ signal })
  const columns = fields.map(({ name, type, nullable }) => ({ name, type: typeName(type), nullable }))
  return { file: source.label, format, bytes: size, ...rest, columns }
}

/** A description for people. */
export function rowsText({ file, format, bytes, rows, written, columns }: RowsDescription): string {
  const facts: [string, string][] = [
    ['file', file],
    ['format', format],
    ['size', bytesText(bytes)],
    ['rows', countText(rows)],
    ...Object.entries(written).map(([name, value]): [string, string] => [
      name,
      value === '' ? 'none' : JSON.stringify(value).replace(/^"(\w+)"$/, '$1'),
    ]),
  ]
  const width = Math.max(...facts.map(([name]) => name.length))
  const table = textTable(
    ['name', 'type', 'null'],
    columns.map(({ name, type, nullable }) => [name, type, nullable ? 'yes' : 'no']),
  )
  return `${facts.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n')}\n\nColumns\n${table}\n`
}
