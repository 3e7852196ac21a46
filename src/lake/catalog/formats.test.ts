import { chmod, copyFile, cp, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nodeHost } from '../../engine/duckdb-wasm/node-host.ts'
import type { Engine } from '../../engine/engine.ts'
import { openEngine } from '../../engine/open-engine.ts'
import { catalogTables } from './catalog-schema.ts'
import { lakesBeside } from '../engine-with-lakes.ts'
import { readTable, referenceRoot, toldVersions } from '../fixtures/reference-lakes.ts'

const wasm = new URL('../../../dist/wasm/', import.meta.url)

/** What 0.3 has otherwise than 1.0, by the migrations of the reference read backwards. */
const toFormat03 = `
  DROP TABLE ducklake_macro; DROP TABLE ducklake_macro_impl; DROP TABLE ducklake_macro_parameters;
  DROP TABLE ducklake_sort_info; DROP TABLE ducklake_sort_expression; DROP TABLE ducklake_file_variant_stats;
  ALTER TABLE ducklake_column DROP COLUMN default_value_type; ALTER TABLE ducklake_column DROP COLUMN default_value_dialect;
  CREATE TABLE versions AS SELECT DISTINCT begin_snapshot, schema_version FROM ducklake_schema_versions;
  DROP TABLE ducklake_schema_versions; ALTER TABLE versions RENAME TO ducklake_schema_versions;
  ALTER TABLE ducklake_delete_file DROP COLUMN partial_max;
  ALTER TABLE ducklake_data_file ADD COLUMN partial_file_info VARCHAR;
  UPDATE ducklake_data_file SET partial_file_info = 'partial_max:' || partial_max WHERE partial_max IS NOT NULL;
  ALTER TABLE ducklake_data_file DROP COLUMN partial_max;
  UPDATE ducklake_metadata SET value = '0.3' WHERE key = 'version'`

/** What 1.1 has otherwise than 1.0. */
const toFormat11 = (inlined: readonly string[]): string => `
  ALTER TABLE ducklake_data_file ADD COLUMN row_group_count BIGINT; ALTER TABLE ducklake_delete_file ADD COLUMN row_group_count BIGINT;
  CREATE TABLE ducklake_view_column_tag(view_id BIGINT, column_name VARCHAR, begin_snapshot BIGINT, end_snapshot BIGINT, key VARCHAR, value VARCHAR);
  ${inlined
    .flatMap((table) =>
      ['row_id', 'begin_snapshot', 'end_snapshot'].map(
        (name) => `ALTER TABLE ${table} RENAME COLUMN ${name} TO _ducklake_${name}`,
      ),
    )
    .map((sql) => `${sql};`)
    .join('\n')}
  UPDATE ducklake_metadata SET value = '1.1' WHERE key = 'version'`

describe('lakes of other formats', () => {
  let engine: Engine
  let folder: string

  beforeAll(async () => {
    engine = await openEngine(nodeHost(wasm), { decodeWorkers: 0 }, {}, lakesBeside)
    folder = await mkdtemp(join(tmpdir(), 'lakefront-'))
  })

  afterAll(async () => {
    await engine.close()
    await rm(folder, { recursive: true })
  })

  /** A copy of a lake of the reference after `sql`. */
  async function changed(lake: string, sql: string): Promise<string> {
    const copy = join(folder, crypto.randomUUID())
    await cp(join(referenceRoot, lake), copy, { recursive: true })
    const catalog = join(copy, 'catalog.ducklake')
    await rm(catalog)
    await copyFile(join(referenceRoot, lake, 'catalog.ducklake'), join(folder, 'work.db'))
    await chmod(join(folder, 'work.db'), 0o644)
    const instance = await DuckDBInstance.create(join(folder, 'work.db'))
    const connection = await instance.connect()
    await connection.run(sql)
    await connection.run('CHECKPOINT')
    connection.closeSync()
    instance.closeSync()
    await rename(join(folder, 'work.db'), catalog)
    return copy
  }

  async function expectRows(lake: string): Promise<void> {
    for (const [version, tables] of Object.entries(toldVersions(lake))) {
      for (const [path, told] of Object.entries(tables)) {
        const got = await readTable(engine, path, Number(version))
        if (told.rows !== undefined) expect([version, got.rows]).toEqual([version, told.rows])
      }
    }
  }

  test.each(['compacted', 'flushed', 'inlined', 'evolution'])(
    '0.3 is read, refuses changes, and is migrated: %s',
    async (lake) => {
      const url = await changed(lake, toFormat03)
      const info = await engine.lake!('open', { url, name: 'lake', create: false, readOnly: false })
      expect(info.formatVersion).toBe('0.3')
      await expectRows(lake)
      const change = engine.lake!('write', {
        lake: 'lake',
        operations: [{ kind: 'dropTable', table: { schema: 'main', name: 't' } }] as never,
      })
      await expect(change).rejects.toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining('migrate()') })
      expect(await engine.lake!('migrate', { lake: 'lake' })).toMatchObject({
        formatVersion: '1.0',
        snapshot: info.snapshot,
      })
      await expectRows(lake)
      await engine.lake!('close', { lake: 'lake' })
      const connection = await (await DuckDBInstance.create(':memory:')).connect()
      await connection.run(`ATTACH '${join(url, 'catalog.ducklake')}' AS lake (READ_ONLY)`)
      const tables = await connection.runAndReadAll(
        `SELECT table_name, string_agg(column_name || ' ' || data_type, ', ' ORDER BY column_index) FROM duckdb_columns()
       WHERE database_name = 'lake' AND NOT contains(table_name, 'inlined_') GROUP BY ALL ORDER BY ALL`,
      )
      const told = Object.entries(catalogTables)
        .filter(([name]) => !name.includes('inlined_'))
        .map(([name, columns]) => [
          name,
          columns.replace(/ (NOT NULL|PRIMARY KEY)/g, '').replaceAll('TIMESTAMPTZ', 'TIMESTAMP WITH TIME ZONE'),
        ])
      expect(tables.getRowsJson()).toEqual(told.sort(([a], [b]) => (a! < b! ? -1 : 1)))
      await connection.run('DETACH lake')
    },
  )

  test('1.1 is read, and has no way back', async () => {
    const inlined = ['ducklake_inlined_data_1_1', 'ducklake_inlined_data_1_2']
    const url = await changed('inlined', toFormat11(inlined))
    const info = await engine.lake!('open', { url, name: 'lake', create: false, readOnly: false })
    expect(info.formatVersion).toBe('1.1')
    await expectRows('inlined')
    await expect(engine.lake!('migrate', { lake: 'lake' })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('1.1'),
    })
    await engine.lake!('close', { lake: 'lake' })
  })
})
