import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { connect as connectOf } from '../connect.ts'
import { failure } from '../storage/conformance.ts'
import type { Session } from './session.ts'

let connect: typeof connectOf
let reader: Session
let folder: string

beforeAll(async () => {
  // The built package: it has the file that encodes Parquet.
  connect = ((await import(new URL('../../dist/index.js', import.meta.url).href)) as { connect: typeof connectOf })
    .connect
  reader = await connect()
  folder = mkdtempSync(join(tmpdir(), 'lakefront-engines-'))
})

afterAll(async () => {
  await reader.close()
  rmSync(folder, { recursive: true })
})

const engines: readonly (readonly [string, () => Promise<Session>])[] = [
  ['sqlite', () => connect('sqlite::memory:')],
  ['pglite', () => connect('pglite:')],
  ['duckdb-native', () => connect({ engine: 'duckdb-native' })],
  ['duckdb-wasm in this thread', () => connect({ worker: false })],
]

describe.each(engines)('%s writes files where it is', (name, open) => {
  let db: Session
  beforeAll(async () => {
    db = await open()
    const rows = Array.from({ length: 3000 }, (_, id) => ({ id, label: id % 3 === 0 ? null : `é ${id}`, even: id % 2 }))
    await db.createDataFrame(rows).write.saveAsTable('source')
  })
  afterAll(() => db.close())

  test('in every format', async () => {
    const frame = db.table('source').orderBy('id')
    const expected = (await frame.collect()).map((row) => [Number(row['id']), row['label']])
    for (const format of ['parquet', 'avro', 'json'] as const) {
      const path = join(folder, `${name}.${format}`)
      expect(await frame.write[format](path)).toMatchObject({ rows: 3000, files: [{ path, rows: 3000 }] })
      const rows = await reader.read[format](path).orderBy('id').collect()
      expect(rows.map((row) => [Number(row['id']), row['label']])).toEqual(expected)
    }
    await frame.limit(2).write.csv(join(folder, `${name}.csv`))
    expect(readFileSync(join(folder, `${name}.csv`), 'utf8')).toBe('id,label,even\n0,,0\n1,é 1,1\n')
  })

  test('by partitions, in every mode', async () => {
    const path = `${join(folder, name)}/`
    const write = db.table('source').write.partitionBy('even')
    expect((await write.parquet(path)).files.map(({ partition }) => Number(partition['even'])).sort()).toEqual([0, 1])
    expect(await failure(write.parquet(path))).toMatchObject({ code: 'PRECONDITION_FAILED' })
    await write.mode('append').parquet(path)
    expect(await reader.read.parquet(path).count()).toBe(6000)
    await write.mode('overwrite').parquet(path)
    expect(await reader.read.parquet(path).filter('even = 1').count()).toBe(1500)
  })

  test('and tables', async () => {
    const frame = db.table('source').filter('id < 10')
    await frame.write.saveAsTable('few')
    expect(await failure(frame.write.saveAsTable('few'))).toMatchObject({ code: 'PRECONDITION_FAILED' })
    await frame.write.mode('append').saveAsTable('few')
    expect(await db.table('few').count()).toBe(20)
    await db.table('few').filter('id = 1').write.mode('overwrite').saveAsTable('few')
    expect(await db.table('few').count()).toBe(2)
    await frame.write.mode('ignore').saveAsTable('few')
    expect(await db.table('few').count()).toBe(2)
  })

  test('in a transaction', async () => {
    const path = join(folder, `${name} in a transaction.csv`)
    await db.transaction(async (tx) => {
      await tx.sql('DELETE FROM source WHERE id >= 5').collect()
      expect((await tx.table('source').write.csv(path)).rows).toBe(5)
    })
  })
})

test.each(engines.filter(([name]) => name.startsWith('duckdb')))('%s reads files where it is', async (name, open) => {
  const db = await open()
  try {
    const path = join(folder, `it's "read" ${name}.`)
    await db.sql("SELECT '01' AS zip, 7 AS n").write.parquet(`${path}parquet`)
    await db.sql("SELECT '01' AS zip, 7 AS n").write.csv(`${path}csv`)
    expect(await db.read.parquet(`${path}parquet`).collect()).toEqual([{ zip: '01', n: 7 }])
    expect(await db.read.csv(`${path}csv`).filter('n = 7').collect()).toEqual([{ zip: '01', n: 7n }])
    expect(await db.read.csv(`${path}csv`, { schema: { zip: 'varchar' } }).collect()).toEqual([{ zip: '01' }])
  } finally {
    await db.close()
  }
})
