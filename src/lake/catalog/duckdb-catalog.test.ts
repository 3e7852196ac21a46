import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nodeHost } from '../../engine/duckdb-wasm/node-host.ts'
import type { Engine } from '../../engine/engine.ts'
import { openEngine } from '../../engine/open-engine.ts'
import { LakefrontError } from '../../errors.ts'
import { fileStorage } from '../../storage/file-storage.ts'
import { memoryStorage } from '../../storage/memory-storage.ts'
import type { Storage } from '../../storage/storage.ts'
import type { Catalog, CatalogTransaction } from './catalog.ts'
import { catalogTables } from './catalog-schema.ts'
import { createDuckdbCatalog, openDuckdbCatalog } from './duckdb-catalog.ts'
import type { DuckdbCatalogOptions } from './duckdb-catalog.ts'

const wasm = new URL('../../../dist/wasm/', import.meta.url)
const key = 'catalog.ducklake'

/** The smallest commit: one more snapshot. Answers its number. */
async function commit(transaction: CatalogTransaction): Promise<bigint> {
  const [row] = await transaction.read('SELECT max(snapshot_id) + 1 AS next FROM {M}.ducklake_snapshot')
  const next = row!['next'] as bigint
  await transaction.run('INSERT INTO {M}.ducklake_snapshot VALUES ($1, now(), 0, 1, 0)', [next])
  return next
}

async function snapshots(catalog: Catalog): Promise<number> {
  return (await catalog.read('SELECT snapshot_id FROM {M}.ducklake_snapshot')).length
}

describe('a catalog in a DuckDB file', () => {
  let engine: Engine

  beforeAll(async () => {
    engine = await openEngine(nodeHost(wasm))
  })

  afterAll(() => engine.close())

  const optionsOf = (storage: Storage): DuckdbCatalogOptions => ({
    storage,
    key,
    openDatabase: (bytes) => engine.openDatabase!(bytes),
  })

  test('a new one has the tables of format 1.0, their columns in the order of the specification', async () => {
    const storage = memoryStorage()
    await using catalog = await createDuckdbCatalog(optionsOf(storage))
    expect(catalog.bytes).toBeLessThan(200_000)
    const folder = await mkdtemp(join(tmpdir(), 'lakefront-'))
    const path = join(folder, key)
    await writeFile(path, (await storage.read(key)).bytes)
    const connection = await (await DuckDBInstance.create(':memory:')).connect()
    await connection.run(`ATTACH '${path}' AS lake (READ_ONLY)`)
    const ask = async (sql: string): Promise<unknown[][]> => (await connection.runAndReadAll(sql)).getRowsJson()
    const tables = await ask(
      `SELECT table_name, string_agg(column_name || ' ' || data_type, ', ' ORDER BY column_index) FROM duckdb_columns() WHERE database_name = 'lake' GROUP BY ALL ORDER BY ALL`,
    )
    const told = Object.entries(catalogTables).map(([name, columns]) => [
      name,
      columns.replace(/ (NOT NULL|PRIMARY KEY)/g, '').replaceAll('TIMESTAMPTZ', 'TIMESTAMP WITH TIME ZONE'),
    ])
    expect(tables).toEqual(told.sort(([a], [b]) => (a! < b! ? -1 : 1)))
    expect(tables).toHaveLength(28)
    expect(await ask(`SELECT key, value FROM lake.ducklake_metadata WHERE key <> 'created_by' ORDER BY key`)).toEqual([
      ['data_inlining_row_limit', '0'],
      ['data_path', 'data/'],
      ['encrypted', 'false'],
      ['version', '1.0'],
    ])
    expect(await ask('SELECT schema_id, schema_name, path, path_is_relative FROM lake.ducklake_schema')).toEqual([
      ['0', 'main', 'main/', true],
    ])
    await connection.run('DETACH lake')
    await rm(folder, { recursive: true })
  })

  test('texts may be as long as they like, and hold what stands for its tables', async () => {
    await using catalog = await createDuckdbCatalog(optionsOf(memoryStorage()))
    const text = "it's {M}, ".repeat(1_000_000)
    const literal = `'${text.replaceAll("'", "''")}'`
    const [row] = await catalog.read(`SELECT ${literal} = $1 AS same, "{M}""" AS name FROM (SELECT 1 AS "{M}""")`, [
      text,
    ])
    expect(row).toEqual({ same: true, name: 1 })
  })

  test('of two that make the same lake, one does, and both have it', async () => {
    const storage = memoryStorage()
    const both = await Promise.all([createDuckdbCatalog(optionsOf(storage)), createDuckdbCatalog(optionsOf(storage))])
    const uuids = await Promise.all(both.map((catalog) => catalog.read('SELECT schema_uuid FROM {M}.ducklake_schema')))
    expect(uuids[0]).toEqual(uuids[1])
    for (const catalog of both) await catalog.close()
  })

  test('many publications of two processes: none is lost, and those that wait go together', async () => {
    const storage = memoryStorage()
    await using one = await createDuckdbCatalog(optionsOf(storage))
    await using two = await openDuckdbCatalog(optionsOf(storage))
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? one : two).publish(commit, { retries: 100 })),
    )
    expect(all.map(({ value }) => Number(value)).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, index) => index + 1),
    )
    await Promise.all([one.refresh(), two.refresh()])
    expect([await snapshots(one), await snapshots(two)]).toEqual([21, 21])
    const writes = Number((await storage.stat(key)).etag!.replaceAll('"', ''))
    expect(writes).toBeLessThan(15)
  })

  test('on a disk writers that always want to publish do so by turns, and lose no race', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lakefront-turns-'))
    await (await createDuckdbCatalog(optionsOf(fileStorage(folder)))).close()
    const order: number[] = []
    const write = async (writer: number): Promise<void> => {
      await using catalog = await openDuckdbCatalog(optionsOf(fileStorage(folder)))
      for (let turn = 0; turn < 6; turn++) {
        const { attempts } = await catalog.publish(commit, { retries: 0 })
        expect(attempts).toBe(1)
        order.push(writer)
      }
    }
    await Promise.all([0, 1, 2].map(write))
    for (let at = 3; at <= order.length - 3; at++) expect(new Set(order.slice(at - 3, at))).toEqual(new Set([0, 1, 2]))
    expect(await readdir(folder)).toEqual([key])
    await rm(folder, { recursive: true })
  })

  test('what one publication fails with is its own', async () => {
    await using catalog = await createDuckdbCatalog(optionsOf(memoryStorage()))
    const failing = async (transaction: CatalogTransaction): Promise<never> => {
      await commit(transaction)
      throw new Error('not this one')
    }
    const results = await Promise.allSettled([
      catalog.publish(commit),
      catalog.publish(commit),
      catalog.publish(failing),
      catalog.publish(commit),
    ])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
    expect(await snapshots(catalog)).toBe(4)
  })

  test('one that fails on what a neighbour did, which is not published in the end, is done after all', async () => {
    const storage = memoryStorage()
    await (await createDuckdbCatalog(optionsOf(storage))).close()
    let writes = 0
    const failsAtSecond = writing(storage, async (at, body, options) => {
      if (options?.ifMatch !== undefined && ++writes === 2) throw new LakefrontError('PERMISSION_DENIED', 'Not now.')
      return storage.write(at, body, options)
    })
    await using catalog = await openDuckdbCatalog(optionsOf(failsAtSecond))
    const onlyOnce = async (transaction: CatalogTransaction): Promise<bigint> => {
      const next = await commit(transaction)
      if (next > 2n) throw new Error('somebody did it already')
      return next
    }
    const results = await Promise.allSettled([
      catalog.publish(commit),
      catalog.publish(onlyOnce),
      catalog.publish(onlyOnce),
      catalog.publish(onlyOnce),
    ])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected'])
    expect(await snapshots(catalog)).toBe(3)
  })

  describe('a commit is one, though the version before it cannot be closed', () => {
    const openDatabase: DuckdbCatalogOptions['openDatabase'] = async (bytes) => {
      const database = await engine.openDatabase!(bytes)
      return new Proxy(database, {
        get: (target, name) => {
          if (name === 'close') return () => Promise.reject(new Error('The worker is gone.'))
          const value = Reflect.get(target, name, target) as unknown
          return typeof value === 'function' ? value.bind(target) : value
        },
      })
    }

    test('when it ends', async () => {
      const storage = memoryStorage()
      await (await createDuckdbCatalog(optionsOf(storage))).close()
      const catalog = await openDuckdbCatalog({ ...optionsOf(storage), openDatabase })
      expect((await catalog.publish(commit)).value).toBe(1n)
      await using other = await openDuckdbCatalog(optionsOf(storage))
      expect(await snapshots(other)).toBe(2)
    })

    test('when a reader of the same session saw it before its writer was told', async () => {
      const storage = memoryStorage()
      await (await createDuckdbCatalog(optionsOf(storage))).close()
      const seen = writing(storage, async (at, body, options) => {
        const written = await storage.write(at, body, options)
        expect(await catalog.refresh()).toBe(true)
        return written
      })
      const catalog = await openDuckdbCatalog({ ...optionsOf(seen), openDatabase })
      expect((await catalog.publish(commit)).value).toBe(1n)
      expect(await snapshots(catalog)).toBe(2)
    })
  })

  test('what a session saw it does not unsee, though its own commit ends after it looked', async () => {
    const storage = memoryStorage()
    await (await createDuckdbCatalog(optionsOf(storage))).close()
    await using other = await openDuckdbCatalog(optionsOf(storage))
    const overtaken = writing(storage, async (at, body, options) => {
      const written = await storage.write(at, body, options)
      await other.publish(commit)
      await catalog.refresh()
      expect(await snapshots(catalog)).toBe(3)
      return written
    })
    await using catalog = await openDuckdbCatalog(optionsOf(overtaken))
    await catalog.publish(commit)
    expect(await snapshots(catalog)).toBe(3)
    expect(await catalog.refresh()).toBe(false)
  })

  test('readers keep their version while another is published', async () => {
    await using catalog = await createDuckdbCatalog(optionsOf(memoryStorage()))
    const counts = await catalog.reading(async (reader) => {
      const before = await reader.read('FROM {M}.ducklake_snapshot')
      await catalog.publish(commit)
      const after = await reader.read('FROM {M}.ducklake_snapshot')
      return [before.length, after.length]
    })
    expect(counts).toEqual([1, 1])
    expect(await snapshots(catalog)).toBe(2)
  })

  test('races that are lost too often are a conflict, and change nothing', async () => {
    const storage = memoryStorage()
    await using catalog = await createDuckdbCatalog(optionsOf(storage))
    const { bytes } = await storage.read(key)
    const hurried = async (transaction: CatalogTransaction): Promise<bigint> => {
      await storage.write(key, bytes)
      return commit(transaction)
    }
    await expect(catalog.publish(hurried, { retries: 2 })).rejects.toMatchObject({
      code: 'COMMIT_CONFLICT',
      details: { attempts: 3 },
    })
    await catalog.refresh()
    expect(await snapshots(catalog)).toBe(1)
  })

  describe('a swap without an answer', () => {
    /** Writes under a condition happen, or not, and say that nobody knows. */
    const silent = (inner: Storage, happens: boolean, error?: Error): Storage =>
      writing(inner, async (at, body, options) => {
        if (options?.ifMatch === undefined) return inner.write(at, body, options)
        if (happens) await inner.write(at, body, options)
        throw error ?? new LakefrontError('WRITE_STATE_UNKNOWN', 'No answer.')
      })

    test.each([true, false])('is one too when it ends in an error of somebody else, happened: %s', async (happens) => {
      const storage = memoryStorage()
      await (await createDuckdbCatalog(optionsOf(storage))).close()
      await using catalog = await openDuckdbCatalog(optionsOf(silent(storage, happens, new TypeError('broken pipe'))))
      const published = catalog.publish(commit)
      if (happens) expect((await published).value).toBe(1n)
      else await expect(published).rejects.toMatchObject({ code: 'COMMIT_STATE_UNKNOWN' })
    })

    test('is unknown when more swaps came after it than marks are kept', async () => {
      const storage = memoryStorage()
      await (await createDuckdbCatalog(optionsOf(storage))).close()
      await using other = await openDuckdbCatalog(optionsOf(storage))
      await other.publish(commit)
      const overtaken = writing(storage, async (at, body, options) => {
        await storage.write(at, body, options)
        for (let times = 0; times < 33; times++) await other.publish(commit, { retries: 3 })
        throw new LakefrontError('WRITE_STATE_UNKNOWN', 'No answer.')
      })
      await using catalog = await openDuckdbCatalog(optionsOf(overtaken))
      await expect(catalog.publish(commit)).rejects.toMatchObject({ code: 'COMMIT_STATE_UNKNOWN' })
      await other.refresh()
      expect(await snapshots(other)).toBe(36)
    })

    test('is found when it happened', async () => {
      const storage = memoryStorage()
      await (await createDuckdbCatalog(optionsOf(storage))).close()
      await using catalog = await openDuckdbCatalog(optionsOf(silent(storage, true)))
      expect((await catalog.publish(commit)).value).toBe(1n)
      expect(await snapshots(catalog)).toBe(2)
    })

    test('is unknown as long as it may still happen', async () => {
      const storage = memoryStorage()
      await (await createDuckdbCatalog(optionsOf(storage))).close()
      await using catalog = await openDuckdbCatalog(optionsOf(silent(storage, false)))
      await expect(catalog.publish(commit)).rejects.toMatchObject({ code: 'COMMIT_STATE_UNKNOWN' })
      expect(await snapshots(catalog)).toBe(1)
    })
  })

  describe('refuses', () => {
    const opened = async (bytes: Uint8Array): Promise<Catalog> => {
      const storage = memoryStorage()
      await storage.write(key, bytes)
      return openDuckdbCatalog(optionsOf(storage))
    }

    const changed = async (sql: string): Promise<Uint8Array> => {
      const storage = memoryStorage()
      await (await createDuckdbCatalog(optionsOf(storage))).close()
      await using copy = await engine.openDatabase!((await storage.read(key)).bytes)
      await copy.query({ sql: sql.replaceAll('{M}', `"${copy.name}".main`) })
      return copy.bytes()
    }

    test('what is no DuckDB file', async () => {
      await expect(opened(new TextEncoder().encode('{"not": "a lake"}'.repeat(1000)))).rejects.toMatchObject({
        code: 'CORRUPT_FILE',
        message: expect.stringContaining('memory:/catalog.ducklake'),
      })
      await expect(opened(new Uint8Array())).rejects.toMatchObject({ code: 'CORRUPT_FILE' })
    })

    test('a damaged file, and one that is cut off', async () => {
      const bytes = await changed('SELECT 1')
      const damaged = bytes.slice().fill(7, 20_000, bytes.length)
      await expect(opened(damaged)).rejects.toMatchObject({ code: 'CORRUPT_FILE' })
      await expect(opened(bytes.slice(0, 40_000))).rejects.toMatchObject({ code: 'CORRUPT_FILE' })
    })

    test('a database without a lake', async () => {
      await using database = await engine.openDatabase!()
      await database.query({ sql: `CREATE TABLE "${database.name}".main.t(a INTEGER)` })
      await expect(opened(await database.bytes())).rejects.toMatchObject({
        code: 'UNSUPPORTED',
        message: expect.stringContaining('without a lake'),
      })
    })

    test('a format it does not know, naming those it does', async () => {
      const bytes = await changed(`UPDATE {M}.ducklake_metadata SET value = '7.3' WHERE key = 'version'`)
      await expect(opened(bytes)).rejects.toMatchObject({
        code: 'UNSUPPORTED',
        message: expect.stringMatching(/format 7\.3.*0\.3, 0\.4, 1\.0/),
      })
    })
  })
})

function writing(inner: Storage, write: Storage['write']): Storage {
  return { ...silentVerbs(inner), label: inner.label, abilities: inner.abilities, write }
}

function silentVerbs(inner: Storage): Omit<Storage, 'label' | 'abilities' | 'write'> {
  return {
    stat: (at, options) => inner.stat(at, options),
    read: (at, options) => inner.read(at, options),
    open: (at) => inner.open(at),
    list: (options) => inner.list(options),
    remove: (keys, options) => inner.remove(keys, options),
    copy: (from, to, options) => inner.copy(from, to, options),
    close: () => inner.close(),
    [Symbol.asyncDispose]: () => inner.close(),
  }
}
