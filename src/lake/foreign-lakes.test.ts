import { cpSync, readdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Session } from '../connect/session.ts'
import { nodeHost } from '../engine/duckdb-wasm/node-host.ts'
import { openEngine } from '../engine/open-engine.ts'
import { col } from '../expr/col.ts'
import { lit } from '../expr/lit.ts'
import { lakesBeside } from './engine-with-lakes.ts'
import { judged, noLakeJudges } from './fixtures/lake-judges.ts'

const given = fileURLToPath(new URL('../../../shared/data/ducklake', import.meta.url))
const wasm = new URL('../../dist/wasm/', import.meta.url)

let session: Session
let folder: string
beforeAll(async () => {
  session = new Session(await openEngine(nodeHost(wasm), { decodeWorkers: 0 }, {}, lakesBeside))
  folder = await mkdtemp(join(tmpdir(), 'foreign-'))
  cpSync(given, folder, { recursive: true })
})
afterAll(async () => {
  await session.close()
  await rm(folder, { recursive: true })
})

type Row = Record<string, unknown>

const texts = (rows: readonly Row[]): string[] =>
  rows
    .map((row) => JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)))
    .toSorted()

describe('lakes that the reference implementation wrote', () => {
  const written = readdirSync(given).filter((name) => !name.includes('.'))

  it.each(written)('%s: rows change and go, whether files, partial files or the catalog hold them', async (name) => {
    const lake = await session.openLake(join(folder, name), { name: `foreign_${name}` })
    try {
      let changed = 0
      for (const { schema, name: table, kind } of await (await lake.tables()).collect()) {
        const t = lake.table(table, { schema })
        if (kind !== 'table' || !(await t.columns()).includes('id')) continue
        const before = (await t.collect()) as Row[]
        const column = Object.keys(before[0] ?? {}).find((own) => own !== 'id')
        const isOf = (row: Row, rest: number): boolean => row['id'] !== null && Number(row['id']) % 3 === rest
        const key = col('id').cast('bigint').mod(3)
        await t.delete(key.eq(0))
        const first = before.filter((row) => !isOf(row, 0))
        expect(texts((await t.collect()) as Row[])).toEqual(texts(first))
        await t.delete(key.eq(0).or(col('id').eq(7)))
        const second = first.filter((row) => Number(row['id']) !== 7)
        if (column !== undefined) {
          await t.update({ set: { [column]: null }, where: key.eq(1) })
          const third = second.map((row) => (isOf(row, 1) ? { ...row, [column]: null } : row))
          expect(texts((await t.collect()) as Row[])).toEqual(texts(third))
          await t.insert(t.limit(2))
          expect(await t.count()).toBe(third.length + Math.min(2, third.length))
        }
        changed++
      }
      if (changed === 0 || noLakeJudges !== undefined) return
      const [read] = await judged('reference', [join(folder, name)])
      const newest = Math.max(...Object.keys(read!).map(Number))
      for (const { schema, name: table, kind } of await (await lake.tables()).collect()) {
        if (kind !== 'table') continue
        const theirs = read![newest]![`${schema}.${table}`]!
        expect(theirs.fails, table).toBeUndefined()
        expect(theirs.rows?.length ?? theirs.count, table).toBe(await lake.table(table, { schema }).count())
      }
    } finally {
      await lake.close()
    }
  })

  it('inlined: a file whose last rows go is not in the table any more, where the catalog holds some of their deletes', async () => {
    cpSync(join(given, 'inlined'), join(folder, 'emptied'), { recursive: true })
    const lake = await session.openLake(join(folder, 'emptied'), { name: 'emptied' })
    try {
      for (const { schema, name, kind } of await (await lake.tables()).collect()) {
        if (kind !== 'table') continue
        const t = lake.table(name, { schema })
        await t.delete(lit(true))
        expect(await (await t.files()).collect()).toEqual([])
      }
    } finally {
      await lake.close()
    }
  })
})
