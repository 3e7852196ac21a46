import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nodeHost } from '../engine/duckdb-wasm/node-host.ts'
import type { Engine } from '../engine/engine.ts'
import { openEngine } from '../engine/open-engine.ts'
import { rowsFromBatch } from '../types/rows.ts'
import type { Row } from '../types/rows.ts'
import { lakesBeside } from './engine-with-lakes.ts'
import { quotedName, quotedText } from './quoted.ts'

/** Lakes that the reference wrote, and what it reads of them. */
const root = fileURLToPath(new URL('../../../shared/data/ducklake/', import.meta.url))
const wasm = new URL('../../dist/wasm/', import.meta.url)

interface ExpectedTable {
  readonly columns: readonly { readonly column_name: string; readonly column_type: string }[]
  /** Values as text, ordered by row id; of many the first and last 200. Absent where the reference cannot read the version. */
  readonly rows?: readonly Row[]
  readonly count?: number
}

interface Expected {
  readonly versions: Readonly<Record<string, Readonly<Record<string, ExpectedTable>>>>
}

const lakes = existsSync(root) ? readdirSync(root) : []

test('the lakes that the reference wrote are there', () => {
  expect(lakes).toHaveLength(14)
})

describe.each(lakes)('the lake %s', (name) => {
  const { versions } = JSON.parse(readFileSync(`${root}${name}/expected.json`, 'utf8')) as Expected
  let engine: Engine

  beforeAll(async () => {
    engine = await openEngine(nodeHost(wasm), { decodeWorkers: 0 }, {}, lakesBeside)
    await engine.lake!('open', { url: root + name, name: 'lake', create: false, readOnly: true })
  })

  afterAll(() => engine.close())

  async function rowsOf(sql: string): Promise<Row[]> {
    const stream = await engine.execute({ sql })
    const rows: Row[] = []
    for (let batch = await stream.next(); batch !== undefined; batch = await stream.next())
      rows.push(...rowsFromBatch(batch))
    return rows
  }

  test.each(Object.keys(versions))('has the rows of version %s', async (version) => {
    for (const [path, expected] of Object.entries(versions[version]!)) {
      const dot = path.indexOf('.')
      const named = { lake: 'lake', schema: path.slice(0, dot), table: path.slice(dot + 1), version: Number(version) }
      const { columns } = await engine.lake!('describe', named)
      expect(columns.fields.map((field) => field.name)).toEqual(expected.columns.map((column) => column.column_name))
      const virtual = [{ name: 'rowid', virtual: 'rowId' }] as const
      const id = `${path} ${version}`
      await engine.register({ id, format: 'lake', ...named, virtual })
      const texts = expected.columns.map(({ column_name: column }) => {
        const quoted = quotedName(column)
        return `CAST(${quoted} AS VARCHAR) AS ${quoted}`
      })
      const rows = await rowsOf(`SELECT rowid, ${texts.join(', ')} FROM lf_scan(${quotedText(id)}) ORDER BY rowid`)
      const got = rows.map((row) => ({ ...row, rowid: Number(row['rowid']) }))
      if (expected.rows === undefined) continue
      expect(got).toHaveLength(expected.count!)
      expect(got.length > 400 ? [...got.slice(0, 200), ...got.slice(-200)] : got).toEqual(expected.rows)
      const sql = `SELECT count(*) AS n FROM lake.${quotedName(named.schema)}.${quotedName(named.table)} AT (VERSION => ${version})`
      expect(await rowsOf(sql)).toEqual([{ n: BigInt(expected.count!) }])
    }
  })
})
