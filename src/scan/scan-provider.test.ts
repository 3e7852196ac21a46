import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { failure } from '../storage/conformance.ts'
import { FaultServer } from '../storage/fixtures/fault-server.ts'
import type { ColumnBatch } from '../types/column-data.ts'
import { drain, nativeConnection, nativeRows, provider, rowsOf, tableRows } from './fixtures/native.ts'
import type { ScanProvider, ScanTable } from './source.ts'

let native: DuckDBConnection
let folder: string
let path: string
let bytes: Uint8Array

beforeAll(async () => {
  native = await nativeConnection()
  folder = mkdtempSync(join(tmpdir(), 'lakefront-scan-'))
  path = await write(
    'rows',
    `SELECT i, i % 7 AS seven, 'text ' || (i * 7919 % 100003) AS text, [i, i + 1] AS list FROM range(40960) t(i)`,
    'ROW_GROUP_SIZE 4096',
  )
  bytes = new Uint8Array(readFileSync(path))
})

afterAll(() => {
  native.closeSync()
  rmSync(folder, { recursive: true })
})

async function write(name: string, query: string, options = 'ROW_GROUP_SIZE 122880'): Promise<string> {
  const target = join(folder, `${name}.parquet`)
  await native.run(`COPY (${query}) TO '${target}' (FORMAT parquet, ${options})`)
  return target
}

function open(scans: ScanProvider, ...files: (string | Uint8Array | Blob)[]): Promise<ScanTable> {
  return scans.table({ id: 'source', format: 'parquet', files })
}

const seen = (batches: readonly ColumnBatch[]): number[] => batches.map((batch) => batch.length)

describe('what is fetched', () => {
  test('nothing of the data before the first pull, then only the columns asked for', async () => {
    const table = await open(provider(), bytes)
    const reader = table.open({ columns: [1] })
    const opened = reader.metrics.bytesFetched
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(reader.metrics.bytesFetched).toBe(opened)
    await drain(reader)
    const fetched = reader.metrics.bytesFetched - opened
    const size = await native.runAndReadAll(
      `SELECT sum(total_compressed_size) FROM parquet_metadata('${path}') WHERE path_in_schema = 'seven'`,
    )
    expect(fetched).toBe(Number(size.getRows()[0]![0]))
    expect(reader.metrics).toMatchObject({
      files: 1,
      rowGroups: 10,
      rowGroupsRead: 10,
      rowGroupsSkipped: 0,
      requests: 11,
      rows: 40_960,
      cacheHits: 0,
    })
  })

  test('no data at all to count rows', async () => {
    const table = await open(provider(), path)
    const reader = table.open({ columns: [] })
    const batches = await drain(reader)
    expect(seen(batches).reduce((sum, length) => sum + length, 0)).toBe(40_960)
    expect(reader.metrics).toMatchObject({ rowGroupsRead: 0, rows: 40_960, requests: 1 })
    expect(table.rowCount).toBe(40_960)
  })

  test('a few row groups ahead, no more, while nobody pulls', async () => {
    const reader = (await open(provider(), bytes)).open({ columns: [0] })
    await reader.ready()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(reader.metrics.rowGroupsRead).toBe(3)
    expect(await drain(reader)).toHaveLength(10)
  })

  test('everything by load, after which nothing is pending', async () => {
    const reader = (await open(provider(), bytes)).open({ columns: [0, 2] })
    await reader.load()
    const batches: ColumnBatch[] = []
    for (let batch = reader.poll(); batch !== 'done'; batch = reader.poll()) {
      expect(batch).not.toBe('pending')
      batches.push(batch as ColumnBatch)
    }
    expect(rowsOf(batches)).toEqual((await nativeRows(native, path)).map((row) => [row[0], row[2]]))
  })

  test('columns in any order, and twice', async () => {
    const reader = (await open(provider(), bytes)).open({ columns: [2, 0, 2] })
    expect(rowsOf(await drain(reader)).slice(0, 2)).toEqual([
      ['text 0', '0', 'text 0'],
      ['text 7919', '1', 'text 7919'],
    ])
  })
})

describe('the cache of decoded columns', () => {
  test('serves what was read before without pending, to other readers and tables too', async () => {
    const scans = provider()
    await drain((await open(scans, path)).open({ columns: [0, 1] }))
    const reader = (await open(scans, path)).open({ columns: [1] })
    expect(reader.poll()).toMatchObject({ length: 4096 })
    await drain(reader)
    expect(reader.metrics).toMatchObject({ cacheHits: 10, rowGroupsRead: 0, requests: 0, bytesFetched: 0 })
  })

  test('fetches only what it lacks', async () => {
    const scans = provider()
    await drain((await open(scans, path)).open({ columns: [0] }))
    const reader = (await open(scans, path)).open({ columns: [0, 1] })
    expect(rowsOf(await drain(reader))[5]).toEqual(['5', '5'])
    expect(reader.metrics).toMatchObject({ cacheHits: 10, rowGroupsRead: 10, requests: 10 })
  })

  test('keeps within its budget', async () => {
    const scans = provider({ cacheBytes: 100_000 })
    for (let turn = 0; turn < 2; turn++) {
      const reader = (await open(scans, path)).open({ columns: [0, 1, 2, 3] })
      expect(rowsOf(await drain(reader))).toHaveLength(40_960)
      expect(reader.metrics.cacheHits).toBeLessThan(10)
    }
  })

  test('is shared by readers at the same columns at once: each is fetched and decoded by one of them', async () => {
    const server = await FaultServer.start(bytes, { delay: 10 })
    try {
      const table = await open(provider(), server.url())
      const readers = [table.open({ columns: [0, 1] }), table.open({ columns: [1, 2] })]
      const rows = await Promise.all(readers.map(async (reader) => rowsOf(await drain(reader))))
      expect(rows[0]!.map(([, shared]) => shared)).toEqual(rows[1]!.map(([shared]) => shared))
      expect(rows[0]).toHaveLength(40_960)
      expect(readers[0]!.metrics.cacheHits + readers[1]!.metrics.cacheHits).toBe(10)
    } finally {
      await server.close()
    }
  })

  test('forgets a dropped source', async () => {
    const scans = provider()
    await drain((await open(scans, path)).open({ columns: [0] }))
    scans.drop('source')
    const reader = (await open(scans, path)).open({ columns: [0] })
    await drain(reader)
    expect(reader.metrics.cacheHits).toBe(0)
  })

  test('does not take a changed file for the one it knew', async () => {
    const scans = provider()
    const target = join(folder, 'changing.parquet')
    writeFileSync(target, bytes)
    await drain((await open(scans, target)).open({ columns: [0] }))
    writeFileSync(target, readFileSync(await write('other', 'SELECT 7 AS i')))
    expect(await tableRows(await open(scans, target))).toEqual([['7']])
  })
})

describe('several files', () => {
  test('are one table; columns meet by name, and a file that lacks one has nulls', async () => {
    const first = await write('first', `SELECT 1 AS a, 'x' AS b`)
    const second = await write(
      'second',
      `SELECT [1.5::DECIMAL(4,1)] AS c, {'k': DATE '2020-01-01'} AS d, 'y' AS B, NULL::INTEGER AS a`,
    )
    const table = await open(provider(), first, second)
    expect(table.schema.fields.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd'])
    expect(table.rowCount).toBe(2)
    expect(await tableRows(table)).toEqual([
      ['1', 'x', 'NULL', 'NULL'],
      ['NULL', 'y', '[1.5]', "{'k': 2020-01-01}"],
    ])
  })

  test('of different types are refused, naming column and files', async () => {
    const first = await write('integers', 'SELECT 1 AS value')
    const second = await write('texts', `SELECT '1' AS value`)
    expect(await failure(open(provider(), first, second))).toMatchObject({
      code: 'TYPE_MISMATCH',
      message: expect.stringMatching(/"value" is varchar in ".*texts.parquet" but integer in ".*integers.parquet"/),
    })
  })

  test('of which one is missing fail with its name', async () => {
    expect(await failure(open(provider(), path, join(folder, 'none.parquet')))).toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('none.parquet'),
    })
  })

  test('none are refused', async () => {
    expect(await failure(open(provider()))).toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})

describe('sources of other kinds', () => {
  test('blobs and files', async () => {
    const expected = await nativeRows(native, path)
    expect(await tableRows(await open(provider(), new Blob([bytes.slice()])))).toEqual(expected)
    expect(await tableRows(await open(provider(), new File([bytes.slice()], 'x.parquet')))).toEqual(expected)
  })

  test('batches in memory', async () => {
    const scans = provider()
    const table = await open(scans, path)
    const batches = await drain(table.open({ columns: [0, 1, 2, 3] }))
    const copy = await scans.table({ id: 'copy', format: 'batches', schema: table.schema, batches })
    expect(copy.rowCount).toBe(40_960)
    expect(rowsOf(await drain(copy.open({ columns: [1, 0] })))[9]).toEqual(['2', '9'])
  })

  test('HTTP, reading little more than is needed', async () => {
    const server = await FaultServer.start(bytes)
    try {
      const table = await open(provider(), server.url())
      const reader = table.open({ columns: [1] })
      await drain(reader)
      expect(reader.metrics.source).toMatch(/^http:\/\/127.0.0.1:\d+\/object.parquet$/)
      expect(server.requests.filter(({ method }) => method === 'HEAD')).toHaveLength(1)
      expect(reader.metrics.requests).toBe(server.requests.length)
    } finally {
      await server.close()
    }
  })

  test('HTTP without ranges: read whole once, and the metrics warn', async () => {
    const server = await FaultServer.start(bytes, { noRanges: true })
    try {
      const reader = (await open(provider(), server.url())).open({ columns: [0, 1] })
      await drain(reader)
      expect(server.requests.filter(({ method }) => method === 'GET')).toHaveLength(1)
      expect(reader.metrics.warnings).toEqual([expect.stringContaining('downloaded whole')])
    } finally {
      await server.close()
    }
  })
})

describe('scans that end early', () => {
  test('a file that changes under the scan is SOURCE_CHANGED, and the next table reads the new one', async () => {
    const scans = provider()
    const server = await FaultServer.start(bytes)
    try {
      const reader = (await open(scans, server.url())).open({ columns: [0] })
      await reader.ready()
      server.version = 2
      expect(await failure(drain(reader))).toMatchObject({ code: 'SOURCE_CHANGED' })
      expect(await tableRows(await open(scans, server.url()))).toHaveLength(40_960)
    } finally {
      await server.close()
    }
  })

  test('an abort rejects with its reason and stops fetching', async () => {
    const server = await FaultServer.start(bytes)
    try {
      const controller = new AbortController()
      const table = await open(provider(), server.url())
      const reader = table.open({ columns: [0, 2], signal: controller.signal })
      // Longer than the test may take: what waited for an answer would not end.
      server.faults = { delay: 600_000 }
      const { length: before } = server.requests
      const pulling = failure(drain(reader))
      await vi.waitFor(() => expect(server.requests.length).toBeGreaterThan(before))
      const reason = new Error('stop')
      controller.abort(reason)
      expect(await pulling).toBe(reason)
      expect(() => reader.poll()).toThrow(reason)
      await vi.waitFor(() => expect(server.active).toBe(0))
      const { length } = server.requests
      await new Promise((resolve) => setTimeout(resolve, 50))
      expect(server.requests).toHaveLength(length)
    } finally {
      await server.close()
    }
  })

  test('an abort before the start fails at the first pull', async () => {
    const scans = provider()
    const table = await open(scans, bytes)
    const reason = new Error('never')
    const reader = table.open({ columns: [0], signal: AbortSignal.abort(reason) })
    expect(() => reader.poll()).toThrow(reason)
    expect(await failure(reader.ready())).toBe(reason)
    expect(await failure(reader.load())).toBe(reason)
    expect(
      await failure(scans.table({ id: 'x', format: 'parquet', files: [bytes] }, { signal: AbortSignal.abort(reason) })),
    ).toBe(reason)
  })

  test('a closed reader is CLOSED for those who wait and those who come, and closing twice is fine', async () => {
    const reader = (await open(provider(), bytes)).open({ columns: [0] })
    const waiting = failure(reader.load())
    reader.close()
    reader.close()
    expect(await waiting).toMatchObject({ code: 'CLOSED' })
    expect(() => reader.poll()).toThrow(expect.objectContaining({ code: 'CLOSED' }))
  })

  test('a closed provider opens nothing', async () => {
    const scans = provider()
    scans.close()
    scans.close()
    expect(await failure(open(scans, bytes))).toMatchObject({ code: 'CLOSED' })
  })

  test('a decoder that cannot be loaded fails the scan, and is tried again by the next', async () => {
    const { scanProvider } = await import('./scan-provider.ts')
    const { openByteSource } = await import('../storage/open.ts')
    const { parquetDecoder } = await import('../format/parquet/decode.ts')
    let loads = 0
    const decoder = parquetDecoder(() => {
      loads++
      return Promise.reject(new Error('no such file'))
    })
    const table = await open(scanProvider({ openFile: (reference) => openByteSource(reference), decoder }), bytes)
    for (let turn = 1; turn < 3; turn++) {
      expect(await failure(drain(table.open({ columns: [0] })))).toMatchObject({
        message: expect.stringContaining('no such file'),
      })
      expect(loads).toBe(turn)
    }
  })
})
