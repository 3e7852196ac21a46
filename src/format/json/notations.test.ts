import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { memorySource } from '../../storage/memory.ts'
import { formatValue } from '../../types/format-value.ts'
import { typeName } from '../../types/type-names.ts'
import { valueReader } from '../../types/value-reader.ts'
import { openJson, readJson } from './read-json.ts'

let native: DuckDBConnection
let folder: string

beforeAll(async () => {
  native = await (await DuckDBInstance.create(':memory:')).connect()
  folder = mkdtempSync(join(tmpdir(), 'lakefront-notations-'))
})

afterAll(() => {
  native.closeSync()
  rmSync(folder, { recursive: true })
})

/** The type of a column of these texts, and them as it has them. */
type Column = readonly [type: string, ...texts: string[]]

async function ours(values: readonly string[], sampleSize: number = -1): Promise<Column> {
  const bytes = new TextEncoder().encode(JSON.stringify(values.map((a) => ({ a }))))
  const file = await openJson(memorySource(bytes, 'x.json'), { sampleSize })
  const { type } = file.fields[0]!
  const found: string[] = []
  for await (const { length, columns } of readJson(file, [0], { readsAhead: false })) {
    const read = valueReader(type, columns[0]!)
    for (let row = 0; row < length; row++) found.push(formatValue(read(row)!, type))
  }
  return [typeName(type), ...found]
}

let files = 0
async function theirs(values: readonly string[]): Promise<Column> {
  // As an array: of lines DuckDB infers the last one by itself when no line feed is behind it.
  const path = join(folder, `${files++}.json`)
  writeFileSync(path, JSON.stringify(values.map((a) => ({ a }))))
  const read = await native.runAndReadAll(`SELECT typeof(a), CAST(a AS VARCHAR) FROM read_json('${path}')`)
  const rows = read.getRows() as [string, string][]
  return [rows[0]![0], ...rows.map(([, text]) => text)]
}

/** Texts between bars. */
function texts(line: string): string[] {
  return line.split('|')
}

const days = [
  texts('2026-01-01|2026-1-1|26-01-01|68-1-1|69-1-1|999-01-01|0000-01-01|9999-12-31|10000-01-01|2024-02-29|1969-12-31'),
  texts(
    '01-02-2026|13-02-2026|02-13-2026|01-02-26|01-02-31|13-02-26|02-13-99|2026-02-29|2026-02-30|31-04-2026|2026-13-01',
  ),
  texts(
    '2026-0-1|0-0-0|2026-001-01|2026/01/01|20260101|-2026-01-01|+2026-01-01|2026-01-01 (BC)|2026- 01-01|2026-01-01x|',
  ),
].flat()
const clocks = [
  texts('12:00:00|12:00|1:02:03|1:2:3|1:02|12:3|12:|12|12:0:0|24:00:00|24:00:01|24:00|25:00:00|12:60:00|12:00:60'),
  texts('12:00:00.|12:00:00.1|12:00:00.123456|12:00:00.1234567|24:00:00.5|001:00:00|12:00.5|1:000:00'),
  texts('11:00:00 PM|12:00:00 am|13:00:00 PM|00:00:00 AM|1:00:00 pM|11:00:00PM'),
].flat()
const zones = [
  texts(
    'Z| Z|z|ZZ|+02|-02|+02:00|-0230|+2|+02:|+02:3|+02:30:15|+02:30:|+020015|+0230:15|+14:00|+16:00|+99:99| +02|+|UTC',
  ),
  texts(' Europe/Berlin'),
].flat()

const family = new Set([
  ...days.flatMap((day) => [day, ` ${day}`, `${day}\t`, `${day} 12:00:00`, `${day}T12:00:00`, `${day}T12:00:00Z`]),
  ...clocks.flatMap((clock) => [
    clock,
    ` ${clock} `,
    `2026-01-02 ${clock}`,
    `2026-01-02T${clock}`,
    `01-02-2026 ${clock}`,
  ]),
  ...clocks.flatMap((clock) => [`2026-01-02T${clock}Z`, `2026-01-02T${clock}+02:00`, `02-13-26 ${clock}`]),
  ...zones.flatMap((zone) => [zone, `12:00:00${zone}`, `2026-01-02${zone}`, `2026-01-02T12:00:00${zone}`]),
  ...zones.flatMap((zone) => [
    `2026-01-02 12:00:00${zone}`,
    `2026-01-02 12:00:00.5${zone}`,
    `2026-01-02T12:00:00.5${zone}`,
  ]),
  ...texts('  |\n|\t|\u00a0|t|').map((between) => `2026-01-02${between}12:00:00`),
  ...texts(
    '{550e8400-e29b-41d4-a716-446655440000}|550E8400-e29b-41d4-a716-446655440000|550e8400e29b41d4a716446655440000',
  ),
])

test('dates, times and timestamps in every notation are of the types that native DuckDB infers, and the same', async () => {
  const types = new Set<string>()
  for (const text of family) {
    const expected = await theirs([text])
    expect(await ours([text]), JSON.stringify(text)).toEqual(expected)
    types.add(expected[0])
  }
  expect(types).toEqual(new Set(['VARCHAR', 'DATE', 'TIME', 'TIMESTAMP', 'UUID']))
})

const kinds: Readonly<Record<string, readonly string[]>> = {
  local: ['2026-01-02', '2026-01-02 03:04:05', '2026-01-02 03:04:05.5', '2026-01-02T03:04:05'],
  zoned: ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05.5Z', '2026-01-02T03:04:05+02:00'],
  others: [
    '31-12-2026',
    '12-31-2026',
    '12:00:00',
    '2026-01-02 03:04:05Z',
    '31-12-2026 03:04:05',
    '12-31-26 03:04:05 PM',
    'x',
  ],
}

test('columns of two notations are as native DuckDB has them, but those that differ in what is left out only', async () => {
  const all = Object.values(kinds).flat()
  for (const first of all) {
    for (const second of all) {
      const isOneKind = [kinds['local']!, kinds['zoned']!].some((kind) => kind.includes(first) && kind.includes(second))
      const [type, ...values] = await ours([first, second])
      if (isOneKind && first !== second) {
        expect(type, `${first}, ${second}`).toBe('TIMESTAMP')
        const alone = [await theirs([first]), await theirs([second])].map(([, text]) => text!)
        expect(values).toEqual(alone.map((text) => (text.length === 10 ? `${text} 00:00:00` : text)))
      } else expect([type, ...values], `${first}, ${second}`).toEqual(await theirs([first, second]))
    }
  }
})

test('what native DuckDB takes for the first of January 1900 is text', async () => {
  for (const text of ['infinity', '-infinity', 'epoch']) {
    expect(await theirs([text])).toEqual(['DATE', '1900-01-01'])
    expect(await ours([text])).toEqual(['VARCHAR', text])
  }
})

test('a value of another notation than those that types were inferred from is refused', async () => {
  expect(await ours(['13-02-2026', '01-02-2026'], 1)).toEqual(['DATE', '2026-02-13', '2026-02-01'])
  await expect(ours(['2026-02-13', '13-02-2026'], 1)).rejects.toThrow(/record 2, .* a value is no DATE/)
  await expect(ours(['2026-02-13 00:00:00', '2026-02-13 00:00:00Z'], 1)).rejects.toThrow(/a value is no TIMESTAMP/)
})
