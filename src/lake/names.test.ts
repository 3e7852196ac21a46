import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Session } from '../connect/session.ts'
import { nodeHost } from '../engine/duckdb-wasm/node-host.ts'
import { openEngine } from '../engine/open-engine.ts'
import { col } from '../expr/col.ts'
import type { Lake } from '../frame/lake.ts'
import { nativeConnection } from '../scan/fixtures/native.ts'
import { lakesBeside } from './engine-with-lakes.ts'

const wasm = new URL('../../dist/wasm/', import.meta.url)
const root = mkdtempSync(join(tmpdir(), 'lakefront-names-'))

let session: Session
let native: DuckDBConnection
let lake: Lake

beforeAll(async () => {
  session = new Session(await openEngine(nodeHost(wasm), { decodeWorkers: 0 }, {}, lakesBeside))
  native = await nativeConnection()
  lake = await session.openLake(join(root, 'lake'), { create: true })
})
afterAll(async () => {
  await session.close()
  native.closeSync()
  rmSync(root, { recursive: true })
})

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** Tables of the newest snapshot, and the rows of their files, as native DuckDB finds them. */
async function found(): Promise<unknown[]> {
  await native.run(`ATTACH '${join(root, 'lake/catalog.ducklake')}' AS own (READ_ONLY)`)
  try {
    const { getRows } = await native
      .runAndReadAll(
        `SELECT s.schema_name, t.table_name, c.column_name, s.path || t.path || f.path
       FROM own.ducklake_table t JOIN own.ducklake_schema s USING (schema_id) JOIN own.ducklake_column c USING (table_id) JOIN own.ducklake_data_file f USING (table_id)
       WHERE t.end_snapshot IS NULL AND c.end_snapshot IS NULL AND f.end_snapshot IS NULL`,
      )
      .then((reader) => ({ getRows: () => reader.getRows() }))
    const rows: unknown[] = []
    for (const [schema, table, column, path] of getRows()) {
      const file = join(root, 'lake/data', String(path)).replaceAll("'", "''")
      const read = await native.runAndReadAll(`FROM read_parquet('${file}', hive_partitioning = false)`)
      rows.push({ schema, table, column, columns: read.columnNames(), rows: read.getRows() })
    }
    return rows
  } finally {
    await native.run('DETACH own')
  }
}

const names: readonly string[] = [
  'double " quote',
  "single ' quote",
  'a/b',
  'back\\slash',
  '..',
  '.',
  '../../up',
  '%2e%2e%2f',
  '100%',
  'new\nline\tand tab',
  '日本語 é',
  'e\u0301 decomposed',
  '\u{1f600}\u{1f468}\u200d\u{1f469}',
  'year=2026',
  'select',
  ' ',
  ';DROP TABLE ducklake_table;--',
  '$1 {M} ${x}',
  'C:\\con.',
  'x'.repeat(1000),
  '\u00fc'.repeat(600),
]

describe('schemas, tables and columns may be called', () => {
  it.each(names.map((name) => [JSON.stringify(name).slice(0, 40), name]))(
    '%s',
    async (_, name) => {
      const other = `${name} other`
      await lake.createSchema(name)
      await lake.createTable(name, { [name]: 'integer' }, { schema: name, comment: name })
      const table = lake.table(name, { schema: name })
      await table.insert([{ [name]: 1 }, { [name]: 2 }])
      expect(await table.orderBy(col(name)).collect()).toEqual([{ [name]: 1 }, { [name]: 2 }])
      const [row] = await session
        .sql(`SELECT sum(${quoted(name)})::INTEGER AS n FROM lake.${quoted(name)}.${quoted(name)}`)
        .collect()
      expect(row).toEqual({ n: 3 })
      await table.update({ set: { [name]: col(name).add(10) }, where: col(name).eq(2) })
      await table.delete(col(name).eq(1))
      await lake.compact({ table: name, schema: name, deletedShare: 0.01 })
      expect(await found()).toEqual([
        { schema: name, table: name, column: name, columns: expect.arrayContaining([name]), rows: [[12, 1n]] },
      ])
      await table.renameColumn(name, other)
      await lake.renameTable(name, other, { schema: name })
      const renamed = lake.table(other, { schema: name })
      expect(await renamed.collect()).toEqual([{ [other]: 12 }])
      expect(await (await renamed.history()).count()).toBeGreaterThan(4)
      await lake.dropTable(other, { schema: name })
      await lake.dropSchema(name)
      expect(await (await lake.tables()).count()).toBe(0)
      expect((await lake.check()).findings.filter(({ severity }) => severity === 'error')).toEqual([])
      expect(readdirSync(root)).toEqual(['lake'])
      expect(readdirSync(join(root, 'lake')).sort()).toEqual(['catalog.ducklake', 'data'])
    },
    60_000,
  )

  it.each(['', 'a\0b', '\ud800'])('not %j, and that is said', async (name) => {
    for (const refused of [
      async () => lake.createSchema(name),
      async () => lake.createTable(name, { a: 'integer' }),
      async () => lake.createTable('fine', { [name]: 'integer' }),
    ])
      await expect(refused()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await (await lake.tables()).count()).toBe(0)
  })

  it('as what tells the place of a row was once called', async () => {
    await lake.createTable(
      't',
      { lf_file: 'integer', lf_row_id: 'integer', is_new: 'boolean' },
      { partitionBy: ['lf_file'] },
    )
    const table = lake.table('t')
    const { snapshot } = await table.insert([{ lf_file: 1, lf_row_id: 2, is_new: true }])
    await table.upsert(
      [1, 3].map((lf_file) => ({ lf_file, lf_row_id: 4, is_new: false })),
      { key: 'lf_file' },
    )
    await session.sql('UPDATE lake.t SET lf_row_id = lf_row_id + lf_file').collect()
    await session
      .sql('MERGE INTO lake.t USING (SELECT 3 AS lf_file) s USING (lf_file) WHEN MATCHED THEN DELETE')
      .collect()
    await lake.compact({ table: 't', deletedShare: 0.01 })
    expect(await table.collect()).toEqual([{ lf_file: 1, lf_row_id: 5, is_new: false }])
    const changes = await table
      .changes(snapshot, snapshot + 3)
      .select('change_type', 'lf_row_id', 'is_new')
      .collect()
    expect(changes.filter(({ change_type }) => change_type === 'delete')).toHaveLength(1)
    expect((await lake.check()).findings.filter(({ severity }) => severity === 'error')).toEqual([])
    await lake.dropTable('t')
  })

  it('the same but for case only once', async () => {
    await lake.createTable('Umlaut', { Id: 'integer' })
    await expect(lake.createTable('UMLAUT', { a: 'integer' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(lake.createTable('two', { a: 'integer', A: 'integer' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
    await expect(lake.table('Umlaut').addColumn('ID', 'integer')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(lake.createSchema('MAIN')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await lake.table('UMLAUT').insert([{ Id: 1 }])
    expect(await lake.table('umlaut').collect()).toEqual([{ Id: 1 }])
    await lake.dropTable('uMLAUT')
  })
})
