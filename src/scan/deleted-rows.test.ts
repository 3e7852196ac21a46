import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bareVector } from '../format/puffin/fixtures/vectors.ts'
import { openByteSource } from '../storage/open.ts'
import { listOf } from './fixtures/listed.ts'
import type { FileFacts } from './fixtures/listed.ts'
import { drain, nativeConnection, provider, rowsOf } from './fixtures/native.ts'
import type { DeletedRows, DeleteFile, ListedFiles } from './listed-files.ts'
import type { ListedSource, MappedField, ScanRequest, ScanTable } from './source.ts'

const rowsOfFile = 6000
const fileCount = 4

const mapping: readonly MappedField[] = [
  { name: 'id', type: { kind: 'bigint' }, id: 1 },
  { name: 'text', type: { kind: 'varchar' }, id: 2 },
  {
    name: 's',
    type: {
      kind: 'struct',
      fields: [
        { name: 'a', type: { kind: 'integer' }, nullable: true },
        { name: 'l', type: { kind: 'list', element: { kind: 'varchar' } }, nullable: true },
      ],
    },
    id: 3,
  },
  { name: 'flag', type: { kind: 'boolean' }, id: 4 },
  { name: '$rowid', type: { kind: 'bigint' }, virtual: 'rowId' },
  { name: '$number', type: { kind: 'bigint' }, virtual: 'rowNumber' },
  { name: '$file', type: { kind: 'bigint' }, virtual: 'fileIndex' },
  { name: '$snapshot', type: { kind: 'bigint' }, virtual: 'snapshot' },
  { name: '$name', type: { kind: 'varchar' }, virtual: 'fileName' },
]

let native: DuckDBConnection
let folder: string
let files: string[]
const scans = provider()

beforeAll(async () => {
  native = await nativeConnection()
  folder = mkdtempSync(join(tmpdir(), 'lakefront-deleted-'))
  files = Array.from({ length: fileCount }, (_, index) => join(folder, `part-${index}.parquet`))
  for (const [index, file] of files.entries()) {
    await native.run(
      `COPY (SELECT i AS id, 'text ' || (i % 50) AS text, CASE WHEN i % 7 > 0 THEN {a: (i % 1000)::INTEGER, l: CASE WHEN i % 5 > 0 THEN ['x' || i, NULL] END} END AS s, i % 3 = 0 AS flag
        FROM range(${index * rowsOfFile}, ${(index + 1) * rowsOfFile}) t(i))
      TO '${file}' (FORMAT parquet, ROW_GROUP_SIZE 2048, FIELD_IDS {id: 1, text: 2, s: 3, flag: 4})`,
    )
  }
})

afterAll(() => {
  scans.close()
  native.closeSync()
  rmSync(folder, { recursive: true })
})

/** A file of deleted positions, as DuckLake has them. */
async function deleteFile(name: string, positions: readonly number[], snapshots?: readonly number[]): Promise<string> {
  const path = join(folder, name)
  await native.run('CREATE OR REPLACE TABLE positions(pos BIGINT, snap BIGINT)')
  if (positions.length > 0)
    await native.run(
      `INSERT INTO positions VALUES ${positions.map((position, at) => `(${position}, ${snapshots?.[at] ?? 'NULL'})`).join()}`,
    )
  const snap = snapshots === undefined ? '' : ', snap AS _ducklake_internal_snapshot_id'
  const id = snapshots === undefined ? '' : ', _ducklake_internal_snapshot_id: 2147483539'
  await native.run(
    `COPY (SELECT 'x' AS file_path, pos${snap} FROM positions ORDER BY pos) TO '${path}' (FORMAT parquet, FIELD_IDS {file_path: 2147483646, pos: 2147483645${id}})`,
  )
  return path
}

/** A deletion vector of arrays. */
function vectorFile(name: string, positions: readonly number[]): string {
  const path = join(folder, name)
  const bytes = Buffer.alloc(4 + 4 + 4 + 4 + positions.length * 2)
  bytes.writeUInt32LE(12346, 0)
  bytes.writeUInt32LE(1, 4)
  bytes.writeUInt16LE(0, 8)
  bytes.writeUInt16LE(positions.length - 1, 10)
  bytes.writeUInt32LE(16, 12)
  positions.forEach((position, at) => bytes.writeUInt16LE(position, 16 + at * 2))
  writeFileSync(path, bareVector(bytes))
  return path
}

function sourceOf(
  deletes: readonly (DeletedRows | undefined)[],
  { counts, ...more }: Partial<ListedFiles> & { counts?: readonly number[] } = {},
): ListedSource {
  const facts = files.map((path, index): FileFacts => ({
    path,
    rows: rowsOfFile,
    rowId: index * rowsOfFile,
    snapshot: index + 1,
    ...(deletes[index] === undefined ? {} : { deletes: deletes[index] }),
    ...(counts === undefined ? {} : { deleted: counts[index]! }),
    columns: { id: { min: BigInt(index * rowsOfFile), max: BigInt((index + 1) * rowsOfFile - 1), nullCount: 0 } },
  }))
  return { format: 'listed', id: 'deleted', mapping, files: listOf(facts, mapping, openByteSource, more) }
}

async function tableOf(...given: Parameters<typeof sourceOf>): Promise<ScanTable> {
  return scans.table(sourceOf(...given))
}

async function idsOf(table: ScanTable, request: Partial<ScanRequest> = {}): Promise<number[]> {
  return rowsOf(await drain(table.open({ columns: [0], ...request }))).map(([id]) => Number(id))
}

async function countOf(table: ScanTable): Promise<number> {
  return (await drain(table.open({ columns: [] }))).reduce((rows, { length }) => rows + length, 0)
}

const everyId = Array.from({ length: fileCount * rowsOfFile }, (_, id) => id)
const without = (deleted: ReadonlySet<number>): number[] => everyId.filter((id) => !deleted.has(id))

describe('deleted rows are left out', () => {
  const positions = [0, 1, 2047, 2048, 3000, 4095, 4096, 5999]
  const gone = new Set(positions.map((position) => 2 * rowsOfFile + position))

  test('of a file of two columns', async () => {
    const source = openByteSource(await deleteFile('two.parquet', positions))
    const table = await tableOf([undefined, undefined, { files: [{ source, format: 'parquet' }] }])
    expect(await idsOf(table)).toEqual(without(gone))
    expect(table.rowCount).toBeUndefined()
    expect(await countOf(table)).toBe(everyId.length - gone.size)
  })

  test('of many files at once, of which Node does not warn', async () => {
    const warnings: Error[] = []
    const onWarning = (warning: Error): unknown => warnings.push(warning)
    process.on('warning', onWarning)
    const several: DeleteFile[] = []
    for (let position = 0; position < 12; position++) {
      const path = await deleteFile(`one-${position}.parquet`, [position])
      several.push({ source: openByteSource(path), format: 'parquet' })
    }
    const table = await tableOf([undefined, undefined, { files: several }])
    expect(await idsOf(table, { signal: new AbortController().signal })).toHaveLength(everyId.length - 12)
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', onWarning)
    expect(warnings).toEqual([])
  })

  test('of a deletion vector', async () => {
    const source = openByteSource(vectorFile('vector.puffin', positions))
    const table = await tableOf([undefined, undefined, { files: [{ source, format: 'puffin' }] }], {
      counts: [0, 0, positions.length, 0],
    })
    expect(await idsOf(table)).toEqual(without(gone))
    expect(table.rowCount).toBe(everyId.length - gone.size)
  })

  test('that the catalog itself lists, in any order and twice', async () => {
    const table = await tableOf([undefined, undefined, { positions: [...positions, 3000, 0].reverse() }])
    expect(await idsOf(table)).toEqual(without(gone))
  })

  test('of a file of three columns, up to a snapshot', async () => {
    const snapshots = [5, 6, 5, 7, 6, 5, 8, 9]
    const source = openByteSource(await deleteFile('three.parquet', positions, snapshots))
    for (const to of [4, 5, 6, 8, 9, 10]) {
      const table = await tableOf([undefined, undefined, { files: [{ source, format: 'parquet', only: { to } }] }])
      const goneThen = new Set(positions.filter((_, at) => snapshots[at]! <= to).map((row) => 2 * rowsOfFile + row))
      expect(await idsOf(table)).toEqual(without(goneThen))
    }
  })

  test('all rows of a row group: it is not read', async () => {
    const table = await tableOf([{ positions: Array.from({ length: 2048 }, (_, row) => 2048 + row) }])
    const reader = table.open({ columns: [0], filter: '(#0 < 6000)' })
    const ids = rowsOf(await drain(reader)).map(([id]) => Number(id))
    expect(ids).toEqual(everyId.filter((id) => id < 2048 || (id >= 4096 && id < 6000)))
    expect(reader.metrics.rowGroupsSkippedBy.deleted).toBe(1)
    expect(reader.metrics.rowGroups - reader.metrics.rowGroupsSkipped).toBe(2)
  })

  test('all rows of a file', async () => {
    const all = { positions: Array.from({ length: rowsOfFile }, (_, row) => row) }
    expect(await idsOf(await tableOf([all, undefined, all]))).toEqual(
      everyId.filter((id) => id % (2 * rowsOfFile) >= rowsOfFile),
    )
  })

  test('a count opens nothing where the catalog knows how many', async () => {
    const none = (): never => {
      throw new Error('opened')
    }
    const table = await tableOf([{ positions: [1] }], { counts: [1, 0, 0, 0], open: none, deletes: none })
    expect(await countOf(table)).toBe(everyId.length - 1)
  })

  test('deletes of files that are ruled out are not asked for', async () => {
    const asked: number[] = []
    const table = await tableOf([], {
      deleted: new Float64Array(fileCount).fill(NaN),
      deletes: (file) => {
        asked.push(file)
        return { positions: [5] }
      },
    })
    await idsOf(table, { filter: '(#0 = 6001)' })
    expect(asked).toEqual([1])
    asked.splice(0)
    expect(await idsOf(table, { columns: [6], filter: '((#0 = 3) OR (#0 = 2))' })).toHaveLength(2 * rowsOfFile - 2)
    expect(asked).toEqual([2, 3])
  })

  test('a limit gets live rows, and the first in an order are live', async () => {
    const deleted = { positions: Array.from({ length: 3000 }, (_, row) => row) }
    const table = await tableOf(
      [deleted, undefined, undefined, { positions: Array.from({ length: 5990 }, (_, at) => at + 10) }],
      {
        counts: [3000, 0, 0, 5990],
      },
    )
    const few = rowsOf(await drain(table.open({ columns: [0], limit: 5, stopsEarly: true })))
    expect(few.slice(0, 5).map(([id]) => Number(id))).toEqual([3000, 3001, 3002, 3003, 3004])
    const first = await idsOf(table, { top: { column: 0, direction: 'up', rows: 20 } })
    expect(first.slice(0, 20)).toEqual(Array.from({ length: 20 }, (_, at) => 3000 + at))
    const last = await idsOf(table, { top: { column: 0, direction: 'down', rows: 20 } })
    expect(last.sort((a, b) => b - a).slice(0, 20)).toEqual([
      ...Array.from({ length: 10 }, (_, at) => 18_009 - at),
      ...Array.from({ length: 10 }, (_, at) => 17_999 - at),
    ])
    expect(last.length).toBeLessThan(rowsOfFile)
  })
})

test('whatever is deleted, native DuckDB finds the same rows, with the same values', async () => {
  const positions = fc.oneof(
    fc.uniqueArray(fc.nat({ max: rowsOfFile - 1 }), { minLength: 1, maxLength: 400 }),
    fc
      .tuple(fc.nat({ max: rowsOfFile - 1 }), fc.integer({ min: 1, max: 4000 }))
      .map(([first, count]) => Array.from({ length: Math.min(count, rowsOfFile - first) }, (_, at) => first + at)),
  )
  const given = fc.option(fc.record({ positions, as: fc.constantFrom('inline', 'parquet', 'puffin', 'both') }))
  const filter = fc.option(
    fc.oneof(
      fc.nat({ max: fileCount * rowsOfFile }).map((id) => `(id < ${id})`),
      fc.nat({ max: fileCount * rowsOfFile }).map((id) => `((id >= ${id}) AND (id <= ${id + 2500}))`),
      fc.nat({ max: 60 }).map((number) => `(text = 'text ${number}')`),
    ),
  )
  let number = 0
  await fc.assert(
    fc.asyncProperty(fc.array(given, { minLength: fileCount, maxLength: fileCount }), filter, async (parts, where) => {
      const run = number++
      const deletes: (DeletedRows | undefined)[] = []
      for (const [file, part] of parts.entries()) {
        if (part === null) {
          deletes.push(undefined)
          continue
        }
        const sorted = [...part.positions].sort((a, b) => a - b)
        const half = sorted.filter((_, at) => at % 2 === 0)
        const name = `${run}-${file}`
        if (part.as === 'inline') deletes.push({ positions: part.positions })
        else if (part.as === 'puffin')
          deletes.push({ files: [{ source: openByteSource(vectorFile(`${name}.puffin`, sorted)), format: 'puffin' }] })
        else {
          const source = openByteSource(await deleteFile(`${name}-delete.parquet`, part.as === 'both' ? half : sorted))
          deletes.push({ files: [{ source, format: 'parquet' }], ...(part.as === 'both' ? { positions: sorted } : {}) })
        }
      }
      const table = await tableOf(deletes)
      const rows = rowsOf(
        await drain(table.open({ columns: [...mapping.keys()], ...(where === null ? {} : { filter: where }) })),
      )
      await native.run('CREATE OR REPLACE TABLE gone(file INTEGER, pos INTEGER)')
      const values = parts.flatMap((part, file) => (part?.positions ?? []).map((position) => `(${file}, ${position})`))
      if (values.length > 0) await native.run(`INSERT INTO gone VALUES ${values.join()}`)
      const live = await native.runAndReadAll(
        `SELECT id::VARCHAR, text, COALESCE(s::VARCHAR, 'NULL'), flag::VARCHAR, id::VARCHAR, file_row_number::VARCHAR, (id // ${rowsOfFile})::VARCHAR, (id // ${rowsOfFile} + 1)::VARCHAR, filename, ${where ?? 'true'}
          FROM read_parquet('${folder}/part-*.parquet', file_row_number = true, filename = true)
          WHERE NOT EXISTS (FROM gone WHERE pos = file_row_number AND file = id // ${rowsOfFile}) ORDER BY id`,
      )
      const all = new Map(live.getRows().map((row) => [String(row[0]), row]))
      expect(rows.filter((row) => row.join('|') !== all.get(row[0]!)?.slice(0, 9).map(String).join('|'))).toEqual([])
      const read = new Set(rows.map(([id]) => id))
      expect(read.size).toBe(rows.length)
      expect([...all.values()].filter((row) => row[9] === true && !read.has(String(row[0])))).toEqual([])
      if (where === null) expect(await countOf(table)).toBe(all.size)
    }),
    { numRuns: 15, seed: 11 },
  )
})

describe('what was deleted is shown', () => {
  const columns = [0, 7]
  const rows = async (table: ScanTable): Promise<(readonly [number, number])[]> =>
    rowsOf(await drain(table.open({ columns }))).map(([id, snapshot]) => [Number(id), Number(snapshot)] as const)

  test('with the snapshot that deleted it, in some snapshots only, but for what was gone before', async () => {
    const source = openByteSource(await deleteFile('feed.parquet', [3, 5, 2500, 5999], [4, 5, 6, 7]))
    const table = await tableOf(
      [
        { files: [{ source, format: 'parquet', only: { from: 5, to: 6 } }] },
        { positions: [9, 8], positionSnapshots: [6, 5] },
        { all: 6, except: { positions: Array.from({ length: rowsOfFile - 2 }, (_, row) => row) } },
        { positions: [] },
      ],
      { shows: 'deleted' },
    )
    expect(table.rowCount).toBeUndefined()
    expect(await rows(table)).toEqual([
      [5, 5],
      [2500, 6],
      [6008, 5],
      [6009, 6],
      [17_998, 6],
      [17_999, 6],
    ])
  })
})

describe('files that hold rows of several snapshots', () => {
  const ids = Array.from({ length: 5000 }, (_, id) => id)
  let path: string
  const snapshotOf = (id: number): number => 3 + Math.floor(id / 1000)

  beforeAll(async () => {
    path = join(folder, 'mixed.parquet')
    await native.run(
      `COPY (SELECT i AS id, 3 + i // 1000 AS _ducklake_internal_snapshot_id, 90000 - i AS _ducklake_internal_row_id FROM range(5000) t(i))
        TO '${path}' (FORMAT parquet, ROW_GROUP_SIZE 2048, FIELD_IDS {id: 1, _ducklake_internal_snapshot_id: 2147483539, _ducklake_internal_row_id: 2147483540})`,
    )
  })

  async function mixed(only: ListedFiles['only'], more: Partial<FileFacts> = {}): Promise<ScanTable> {
    const facts = [{ path, rows: 5000, snapshot: 3, lastSnapshot: 7, ...more }]
    const own = mapping.filter(({ name }) => name === 'id' || name.startsWith('$'))
    return scans.table({
      format: 'listed',
      id: 'mixed',
      mapping: own,
      files: listOf(facts, own, openByteSource, only === undefined ? {} : { only }),
    })
  }

  test.each<[ListedFiles['only']]>([
    [{ to: 3 }],
    [{ to: 5 }],
    [{ to: 7 }],
    [{ from: 5 }],
    [{ from: 4, to: 6 }],
    [undefined],
  ])('%j', async (only) => {
    const table = await mixed(only)
    const expected = ids.filter((id) => snapshotOf(id) >= (only?.from ?? 0) && snapshotOf(id) <= (only?.to ?? 99))
    const rows = rowsOf(await drain(table.open({ columns: [0, 1, 4] })))
    expect(rows).toEqual(expected.map((id) => [String(id), String(90_000 - id), String(snapshotOf(id))]))
    expect(await countOf(table)).toBe(expected.length)
  })

  test('with deleted rows', async () => {
    const table = await mixed({ to: 4 }, { deletes: { positions: [0, 1999, 2000] } })
    expect(await idsOf(table)).toEqual(ids.slice(1, 1999))
  })

  test('a file that does not say which is an error that names it', async () => {
    const table = await mixed({ to: 4 }, { path: files[0]!, rows: rowsOfFile })
    await expect(idsOf(table)).rejects.toMatchObject({
      code: 'CORRUPT_FILE',
      message: expect.stringContaining('part-0.parquet'),
    })
  })
})

test('a file that is none of deleted rows is an error that names it, and so is one that is missing', async () => {
  const files = [{ source: openByteSource(join(folder, 'mixed.parquet')), format: 'parquet' as const }]
  await native.run(`COPY (SELECT 'x' AS file_path, 'y' AS pos) TO '${join(folder, 'odd.parquet')}' (FORMAT parquet)`)
  const odd = [{ source: openByteSource(join(folder, 'odd.parquet')), format: 'parquet' as const }]
  await expect(idsOf(await tableOf([{ files: odd }]))).rejects.toMatchObject({
    code: 'CORRUPT_FILE',
    message: expect.stringContaining('odd.parquet'),
  })
  const missing = [{ ...files[0]!, source: openByteSource(join(folder, 'none.parquet')) }]
  await expect(idsOf(await tableOf([{ files: missing }]))).rejects.toMatchObject({ code: 'NOT_FOUND' })
})
