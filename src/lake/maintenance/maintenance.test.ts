import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DuckDBConnection } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nodeHost } from '../../engine/duckdb-wasm/node-host.ts'
import type { Engine } from '../../engine/engine.ts'
import { openEngine } from '../../engine/open-engine.ts'
import { lakeList, virtualFields } from '../../scan/fixtures/lake-list.ts'
import { drain, nativeConnection, provider, rowsOf } from '../../scan/fixtures/native.ts'
import { fileStorage } from '../../storage/file-storage.ts'
import type { Storage } from '../../storage/storage.ts'
import type { Catalog } from '../catalog/catalog.ts'
import { check } from './check.ts'
import { openDuckdbCatalog } from '../catalog/duckdb-catalog.ts'
import { expireSnapshots } from './expire.ts'
import { recover } from './recover.ts'
import { vacuum } from './vacuum.ts'

/** Lakes that the reference wrote. */
const given = fileURLToPath(new URL('../../../../shared/data/ducklake', import.meta.url))
const lakes = existsSync(given) ? readdirSync(given).sort() : []
const wasm = new URL('../../../dist/wasm/', import.meta.url)
const later = '2100-01-01T00:00:00Z'

interface Expected {
  readonly versions: Readonly<
    Record<
      string,
      Readonly<Record<string, { readonly count: number; readonly rows?: readonly Readonly<Record<string, unknown>>[] }>>
    >
  >
}

describe.skipIf(lakes.length === 0)('lakes that the reference extension wrote', () => {
  let engine: Engine
  let native: DuckDBConnection
  let folder: string
  let catalog: Catalog
  let data: Storage
  const scans = provider()

  beforeAll(async () => {
    engine = await openEngine(nodeHost(wasm))
    native = await nativeConnection()
  })
  afterAll(async () => {
    await engine.close()
    native.closeSync()
    await scans.close()
  })

  async function withLake<T>(name: string, work: (expected: Expected) => Promise<T>): Promise<T> {
    folder = mkdtempSync(join(tmpdir(), 'lakefront-maintenance-'))
    cpSync(join(given, name), folder, { recursive: true })
    data = fileStorage(join(folder, 'data'))
    catalog = await openDuckdbCatalog({
      storage: fileStorage(folder),
      key: 'catalog.ducklake',
      openDatabase: (bytes) => engine.openDatabase!(bytes),
    })
    try {
      return await work(JSON.parse(readFileSync(join(given, name, 'expected.json'), 'utf8')) as Expected)
    } finally {
      await catalog.close()
      rmSync(folder, { recursive: true })
    }
  }

  /** Lets the disk say that a file was stored so many seconds ago. */
  function storedAgo(key: string, seconds: number): void {
    const time = Date.now() / 1000 - seconds
    utimesSync(join(folder, 'data', key), time, time)
  }

  /** How many rows of files each table has in each snapshot that is left, by native DuckDB's view of the catalog, read through our scans. */
  async function idsByVersion(expected: Expected): Promise<Record<string, readonly number[]>> {
    const found: Record<string, readonly number[]> = {}
    await native.run(`ATTACH '${join(folder, 'catalog.ducklake')}' AS lake (READ_ONLY)`)
    try {
      const left = await native.runAndReadAll('SELECT snapshot_id::INTEGER FROM lake.ducklake_snapshot ORDER BY 1')
      for (const [snapshot] of left.getRows() as [number][]) {
        for (const name of Object.keys(expected.versions[snapshot] ?? {})) {
          const at = name.indexOf('.')
          if (expected.versions[snapshot]![name]!.rows === undefined) continue
          const source = await lakeList(native, folder, {
            schema: name.slice(0, at),
            table: name.slice(at + 1),
            snapshot,
          })
          const table = await scans.table(source)
          const batches = await drain(table.open({ columns: [...source.mapping.keys()] }))
          const rowId = source.mapping.length - virtualFields.length
          found[`${snapshot} ${name}`] = rowsOf(batches)
            .map((row) => Number(row[rowId]))
            .sort((a, b) => a - b)
        }
      }
    } finally {
      await native.run('DETACH lake')
    }
    return found
  }

  test.each(lakes)('%s is sound', async (name) => {
    await withLake(name, async () => {
      const report = await check({ catalog, data })
      expect(report.findings.filter(({ severity }) => severity === 'error')).toEqual([])
      expect(report.dataFiles).toBeGreaterThan(0)
    })
  })

  test.each(lakes)('%s: what is left of snapshots and files after expiry and vacuum is what it was', async (name) => {
    await withLake(name, async (expected) => {
      const before = await idsByVersion(expected)
      const versions = [...new Set(Object.keys(before).map((key) => Number(key.split(' ')[0])))]
      const gone = versions.filter((version, at) => at % 2 === 0 && version !== versions.at(-1))
      const dry = await expireSnapshots(catalog, { versions: gone, dryRun: true })
      expect(await idsByVersion(expected)).toEqual(before)
      const report = await expireSnapshots(catalog, { versions: gone })
      expect(report).toEqual({ ...dry, dryRun: false })
      expect(report.snapshots).toEqual(gone)
      const kept = Object.fromEntries(
        Object.entries(before).filter(([key]) => !gone.includes(Number(key.split(' ')[0]))),
      )
      expect(await idsByVersion(expected)).toEqual(kept)
      const planned = await vacuum({ catalog, data }, { olderThan: later, dryRun: true })
      const files = async (): Promise<string[]> => {
        const keys: string[] = []
        for await (const entry of data.list()) keys.push(entry.key)
        return keys
      }
      const all = await files()
      const removed = await vacuum({ catalog, data }, { olderThan: later })
      expect(removed).toEqual({ ...planned, dryRun: false })
      expect(removed.scheduled.length).toBeGreaterThanOrEqual(report.filesScheduled === 0 ? 0 : 1)
      expect(await files()).toEqual(
        all.filter((key) => !removed.scheduled.includes(key) && !removed.orphans.includes(key)),
      )
      expect(await idsByVersion(expected)).toEqual(kept)
      expect((await check({ catalog, data })).findings.filter(({ severity }) => severity === 'error')).toEqual([])
      expect((await vacuum({ catalog, data }, { olderThan: later })).scheduled).toEqual([])
    })
  })

  test('all snapshots but the newest go by age, and a table that was dropped with them', async () => {
    await withLake('basic', async (expected) => {
      const before = await idsByVersion(expected)
      const report = await expireSnapshots(catalog, { olderThan: later })
      expect(report.snapshots).toEqual([0, 1, 2, 3, 4, 5, 6])
      expect(Object.keys(await idsByVersion(expected))).toEqual(Object.keys(before).slice(-1))
      await expect(expireSnapshots(catalog, { versions: [7] })).rejects.toThrow(/Snapshot 7 is the newest/)
      await expect(expireSnapshots(catalog, { versions: [3] })).rejects.toThrow(
        /no snapshot 3 to expire\. Snapshots: 7/,
      )
      await expect(expireSnapshots(catalog, {})).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    })
  })

  test('vacuum leaves what is young, and what it does not know', async () => {
    await withLake('basic', async () => {
      const named = (milliseconds: number): string =>
        `main/t/ducklake-${milliseconds
          .toString(16)
          .padStart(12, '0')
          .replace(/^(.{8})/, '$1-')}-7000-8000-000000000000.parquet`
      const [old, hours, young] = [named(Date.now() - 3 * 86_400_000), named(Date.now() - 3_600_000), named(Date.now())]
      for (const key of [old, hours, young, 'main/t/somebody.parquet', 'main/t/notes.txt'])
        await data.write(key, new Uint8Array(5))
      const copied = named(Date.now() - 4 * 86_400_000)
      await data.write(copied, new Uint8Array(5))
      storedAgo(old, 3 * 86_400)
      storedAgo(hours, 3600)
      const report = await vacuum({ catalog, data })
      expect(report).toMatchObject({ orphans: [old], unknown: ['main/t/somebody.parquet'] })
      const past = await vacuum({ catalog, data }, { olderThan: new Date(Date.now() - 60_000).toISOString() })
      expect(past.orphans).toEqual([hours])
      await data.stat(young)
      await data.stat(copied)
      await data.stat('main/t/notes.txt')
    })
  })

  test('recover removes what failed writes left, sets counters right, and leaves the rest', async () => {
    await withLake('stats', async () => {
      const old = `main/t/ducklake-${(Date.now() - 2 * 86_400_000)
        .toString(16)
        .padStart(12, '0')
        .replace(/^(.{8})/, '$1-')}-7000-8000-000000000000.parquet`
      await data.write(old, new Uint8Array(5))
      storedAgo(old, 2 * 86_400)
      await catalog.publish(async (transaction) => {
        await transaction.run('UPDATE {M}.ducklake_snapshot SET next_file_id = 3')
        await transaction.run('UPDATE {M}.ducklake_table_stats SET next_row_id = 5')
      })
      expect((await check({ catalog, data }, { data: false })).findings.map(({ kind }) => kind).sort()).toEqual([
        'id',
        'row-ids',
      ])
      const report = await recover({ catalog, data })
      expect(report).toEqual({
        orphans: [old],
        repaired: ['the next file id', 'the next row id of a table'],
        findings: [],
      })
      expect((await check({ catalog, data })).findings).toEqual([])
      expect(await recover({ catalog, data })).toEqual({ orphans: [], repaired: [], findings: [] })
    })
  })

  describe('check finds, and quotes,', () => {
    const dataFile = 'UPDATE ducklake_data_file SET'
    test.each<[string, string, RegExp]>([
      [
        'a row count',
        `${dataFile} record_count = 999 WHERE data_file_id = 0`,
        /has 1000 rows, and the catalog says 999/,
      ],
      ['a size', `${dataFile} file_size_bytes = 17 WHERE data_file_id = 0`, /bytes, and the catalog says 17/],
      ['a footer', `${dataFile} footer_size = 17 WHERE data_file_id = 0`, /17 bytes|says 17/],
      [
        'a file that is gone',
        `${dataFile} path = 'none.parquet' WHERE data_file_id = 0`,
        /not there, and 1000 rows with it/,
      ],
      ['an interval', `${dataFile} end_snapshot = 1 WHERE data_file_id = 0`, /from snapshot 2 to 1/],
      [
        'a future',
        `${dataFile} begin_snapshot = 99 WHERE data_file_id = 0`,
        /from snapshot 99 to now, and the newest is/,
      ],
      ['a partition without values', `${dataFile} partition_id = 3 WHERE data_file_id = 0`, /of partitioning 3/],
      ['a mapping', `${dataFile} mapping_id = 77 WHERE data_file_id = 0`, /mapping 77, which is not there/],
      ['a table', `${dataFile} table_id = 77 WHERE data_file_id = 0`, /table 77, which was never there/],
      [
        'a file twice',
        `${dataFile} path = (SELECT path FROM ducklake_data_file WHERE data_file_id = 1) WHERE data_file_id = 0`,
        /Two rows/,
      ],
      ['file ids', 'UPDATE ducklake_snapshot SET next_file_id = 3', /next file id is 3, and file 12 is there/],
      ['catalog ids', 'UPDATE ducklake_snapshot SET next_catalog_id = 1', /next catalog id is 1, and 1 is given away/],
      ['a schema', 'UPDATE ducklake_table SET schema_id = 9', /in schema 9, which is not there/],
      ['columns', 'UPDATE ducklake_column SET end_snapshot = 3', /Table .* has no column/],
      ['a parent', 'UPDATE ducklake_column SET parent_column = 55 WHERE column_id = 2', /part of column 55/],
      ['a path', 'UPDATE ducklake_table SET path = NULL', /is NULL/],
      ['rows of a table', 'UPDATE ducklake_table_stats SET record_count = 5', /said to have had 5 rows/],
      ['row ids', 'UPDATE ducklake_table_stats SET next_row_id = 5', /next row id is said to be 5/],
      [
        'counts of values',
        'UPDATE ducklake_file_column_stats SET null_count = 7 WHERE data_file_id = 0 AND column_id = 1',
        /7 nulls, and the file has 1000 rows/,
      ],
      ['what a snapshot did', 'DELETE FROM ducklake_snapshot_changes WHERE snapshot_id = 2', /Snapshot 2 does not say/],
      [
        'times',
        "UPDATE ducklake_snapshot SET snapshot_time = '2001-01-01 00:00:00+00' WHERE snapshot_id = 3",
        /Snapshot 3 has the time/,
      ],
      [
        'deletes',
        "INSERT INTO ducklake_delete_file VALUES (90, 1, 2, NULL, 88, 'x', true, 'parquet', 1, 1, 1, NULL, NULL)",
        /data file 88, which is not there/,
      ],
      [
        'too many deletes',
        "INSERT INTO ducklake_delete_file VALUES (90, 1, 2, NULL, 0, 'x', true, 'parquet', 5000, 1, 1, NULL, NULL)",
        /deletes 5000 rows of a file of 1000/,
      ],
    ])('%s', async (_, damage, message) => {
      await withLake('stats', async () => {
        await catalog.publish((transaction) => transaction.run(damage.replaceAll(/\bducklake_/g, '{M}.ducklake_')))
        const { findings, isSound } = await check({ catalog, data })
        expect(findings.map((finding) => finding.message).join('\n')).toMatch(message)
        expect(isSound).toBe(false)
      })
    })

    test('a file that was cut off, by its name', async () => {
      await withLake('stats', async () => {
        const keys: string[] = []
        for await (const entry of data.list()) keys.push(entry.key)
        const { bytes } = await data.read(keys[0]!)
        await data.write(keys[0]!, bytes.fill(7, 4))
        const { findings } = await check({ catalog, data })
        expect(findings).toMatchObject([{ kind: 'footer', table: 'main.t', file: keys[0]!.split('/').at(-1) }])
        expect((await check({ catalog, data }, { data: false })).findings).toEqual([])
      })
    })
  })
})
