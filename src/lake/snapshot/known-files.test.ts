import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Session } from '../../connect/session.ts'
import { nodeHost } from '../../engine/duckdb-wasm/node-host.ts'
import type { Engine } from '../../engine/engine.ts'
import { openEngine } from '../../engine/open-engine.ts'
import type { Lake } from '../../frame/lake.ts'
import { memoryStorage } from '../../storage/memory-storage.ts'
import type { ListedFiles } from '../../scan/listed-files.ts'
import type { LakeTables, MappedField } from '../../scan/source.ts'
import type { ColumnData } from '../../types/column-data.ts'
import type { LogicalType } from '../../types/logical-type.ts'
import { valueReader } from '../../types/value-reader.ts'
import { createDuckdbCatalog } from '../catalog/duckdb-catalog.ts'
import { lakesBeside } from '../engine-with-lakes.ts'
import { KnownFiles } from './known-files.ts'

const wasm = new URL('../../../dist/wasm/', import.meta.url)
const later = new Date(Date.now() + 86_400_000)

let engine: Engine
let session: Session
let tables: LakeTables
beforeAll(async () => {
  engine = await openEngine(nodeHost(wasm), { decodeWorkers: 0 }, {}, (parts) => {
    const beside = lakesBeside(parts)
    tables = beside.lakes
    return beside
  })
  session = new Session(engine)
})
afterAll(() => session.close())

/** What a lake that is open lists of a table, all of it. */
async function listed(lake: string, version?: number): Promise<unknown> {
  await engine.lake!('snapshots', { lake })
  const source = {
    format: 'lake',
    id: lake,
    lake,
    schema: 'main',
    table: 't',
    ...(version !== undefined && { version }),
  }
  const { files, rows } = await tables(source as Parameters<LakeTables>[0], {})
  return { mapping: files.mapping, files: await factsOf(files.files, files.mapping), inlined: rows !== undefined }
}

async function factsOf(files: ListedFiles, mapping: readonly MappedField[]): Promise<unknown> {
  const bounds = await Promise.all(mapping.map(({ name }) => files.bounds?.(name, {})))
  const numbers = { ...files, deleted: files.deleted ?? new Float64Array(files.count) }
  const names = ['rows', 'sizes', 'footerSizes', 'rowIds', 'snapshots', 'lastSnapshots', 'deleted'] as const
  return {
    only: files.only,
    each: Array.from({ length: files.count }, (_, file) => ({
      path: files.open(file).label,
      ...Object.fromEntries(names.map((name) => [name, numbers[name]![file]])),
      deletes: files.deletes?.(file).files?.map(({ source, only }) => [source.label, only]) ?? [],
      bounds: mapping.map(({ type }, column) => {
        const { min, max, nulls, nans, buckets } = bounds[column] ?? {}
        const value = (own: ColumnData | undefined): unknown => own && valueOf(type, own, file)
        return [value(min), value(max), nulls?.[file], nans?.[file], buckets?.of[file], buckets?.count]
      }),
    })),
  }
}

function valueOf(type: LogicalType, column: ColumnData, row: number): unknown {
  return String(valueReader(type, column)(row))
}

/** What is found in a lake that is opened for it, as `fresh`. */
async function opened<T>(url: string, work: () => Promise<T>): Promise<T> {
  const lake = await session.openLake(url, { name: 'fresh' })
  try {
    return await work()
  } finally {
    await lake.close()
  }
}

const table = (lake: Lake): ReturnType<Lake['table']> => lake.table('t')

async function versionsOf(lake: Lake): Promise<readonly number[]> {
  return (await (await lake.snapshots()).collect()).map(({ version }) => Number(version))
}

type Step = (lake: Lake, dice: number, newest: number) => Promise<unknown>
let added = 0
const insert: Step = (lake, dice) =>
  table(lake).insert(
    session.sql(`SELECT i AS id, 'n' || i AS name, i / 8 AS value FROM range(${dice}, ${dice + 7}) t(i)`),
  )
const steps: Readonly<Record<string, Step>> = {
  insert,
  insertTwice: async (lake, dice) => [await insert(lake, dice, 0), await insert(lake, dice + 90, 0)],
  inTransaction: (lake, dice) =>
    lake.transaction(async (tx) => {
      await tx.table('t').insert(session.sql(`SELECT ${dice}::BIGINT AS id, 'x' AS name, 0.5::DOUBLE AS value`))
      await tx.table('t').delete(`id % 7 = ${dice % 7}`)
      await tx.table('t').insert(session.sql(`SELECT ${dice + 1}::BIGINT AS id, 'y' AS name, 1.5::DOUBLE AS value`))
    }),
  delete: (lake, dice) => table(lake).delete(`id % 5 = ${dice % 5}`),
  update: (lake, dice) =>
    table(lake).update({
      set: { name: `u${dice}` },
      where: `id % 9 = ${dice % 9}`,
    }),
  addColumn: (lake) => table(lake).addColumn(`c${added++}`, 'integer', { default: 3 }),
  promote: async (lake) => {
    await table(lake).addColumn(`p${added}`, 'float')
    await table(lake).update({ set: { [`p${added}`]: 0.1 } })
    await table(lake).alterType(`p${added++}`, 'double')
  },
  partition: (lake, dice) => table(lake).setPartitioning(dice % 2 === 0 ? ['bucket(3, id)'] : []),
  compact: (lake, dice) => lake.compact({ deletedShare: dice % 2 === 0 ? 0.01 : 0.9 }),
  expire: async (lake, dice, newest) => {
    const gone = (await versionsOf(lake)).filter((version) => version < newest && version % 2 === dice % 2)
    if (gone.length > 0) await lake.expireSnapshots({ versions: gone })
    await lake.vacuum({ olderThan: later })
  },
}

test(
  'what is kept from version to version is what a lake that was just opened reads, now and of the past',
  { timeout: 600_000 },
  async () => {
    let run = 0
    const step = fc.tuple(fc.constantFrom(...Object.keys(steps)), fc.nat(60), fc.boolean(), fc.nat(20))
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 12 }), async (chosen) => {
        const url = `memory:known-files-${run++}`
        const lake = await session.openLake(url, { create: true, name: 'writer' })
        await lake.createTable('t', { id: 'bigint', name: 'varchar', value: 'double' })
        await session.openLake(url, { name: 'kept' })
        try {
          for (const [name, dice, isSeenBetween, past] of chosen) {
            const versions = await versionsOf(lake)
            await steps[name]!(lake, dice, Math.max(...versions))
            if (!isSeenBetween) continue
            const left = (await versionsOf(lake)).filter((version) => version > 0)
            const version = left[past % left.length]!
            const fresh = await opened(url, async () => ({
              now: await listed('fresh'),
              past: await listed('fresh', version),
            }))
            const label = `${name} ${dice}`
            expect(await listed('kept', version), label).toEqual(fresh.past)
            expect(await listed('kept'), label).toEqual(fresh.now)
            expect(await listed('writer'), label).toEqual(fresh.now)
          }
        } finally {
          await lake.close()
          await session.lake('kept').close()
        }
      }),
      {
        numRuns: Number(process.env['LAKE_SEQUENCES'] ?? 6),
        seed: Number(process.env['LAKE_SEED'] ?? 4),
        endOnFailure: true,
      },
    )
  },
)

test('nothing is kept of a catalog in whose place another one was put, though it has the same ids', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lakefront-known-files-'))
  const [file, copy] = [join(folder, 'catalog.ducklake'), join(folder, 'copy')]
  const lake = await session.openLake(folder, { create: true, name: 'first' })
  await lake.createTable('t', { id: 'bigint', name: 'varchar', value: 'double' })
  await insert(lake, 1, 0)
  await copyFile(file, copy)
  await insert(lake, 20, 0)
  const before = await listed('first')
  await lake.close()
  const kept = await session.openLake(folder, { name: 'kept' })
  try {
    expect(await listed('kept')).toEqual(before)
    await copyFile(copy, file)
    await opened(folder, () => insert(session.lake('fresh'), 40, 0))
    const fresh = await opened(folder, () => listed('fresh'))
    expect(fresh).not.toEqual(before)
    expect(await listed('kept')).toEqual(fresh)
  } finally {
    await kept.close()
    await rm(folder, { recursive: true })
  }
})

test('of the next version only the rows of new files are read', async () => {
  const openDatabase = (bytes?: Uint8Array): ReturnType<NonNullable<Engine['openDatabase']>> =>
    engine.openDatabase!(bytes)
  await using catalog = await createDuckdbCatalog({ storage: memoryStorage(), key: 'c.ducklake', openDatabase })
  const known = new KnownFiles()
  const add = (first: number, end: number): Promise<unknown> =>
    catalog.publish((transaction) =>
      transaction.run(
        `INSERT INTO {M}.ducklake_data_file (data_file_id, path) SELECT i, 'f' || i FROM range(${first}, ${end}) t(i)`,
      ),
    )
  const read = (): Promise<readonly [number, readonly string[]]> =>
    catalog.reading(async (reader) => {
      let count = 0
      const counting = {
        ...reader,
        readColumns: async (...asked: Parameters<typeof reader.readColumns>) => {
          const batches = await reader.readColumns(...asked)
          count += batches.reduce((sum, { length }) => sum + length, 0)
          return batches
        },
      }
      const table = 'FROM {M}.ducklake_data_file'
      const rows = await known.allRows(counting, {
        table: '1',
        kind: 'paths',
        isKept: true,
        idsSql: `SELECT data_file_id::DOUBLE AS id ${table}`,
        sql: (low, high) =>
          `SELECT data_file_id::DOUBLE AS id, path ${table} WHERE data_file_id BETWEEN ${low} AND ${high} ORDER BY data_file_id DESC`,
        values: [],
      })
      return [count, Array.from(rows!.ids, (_, at) => rows!.texts('path')(at))]
    })
  const paths = (count: number): readonly string[] => Array.from({ length: count }, (_, at) => `f${at}`)
  await add(0, 300)
  expect(await read()).toEqual([300, paths(300)])
  await add(300, 303)
  expect(await read()).toEqual([303 + 3, paths(303)])
  expect(await read()).toEqual([303, paths(303)])
})
