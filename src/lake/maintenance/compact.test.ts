import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nodeHost } from '../../engine/duckdb-wasm/node-host.ts'
import type { Engine } from '../../engine/engine.ts'
import { openEngine } from '../../engine/open-engine.ts'
import { rowsFromBatch } from '../../types/rows.ts'
import type { Row } from '../../types/rows.ts'
import { parseType } from '../../types/type-names.ts'
import { lakesBeside } from '../engine-with-lakes.ts'
import { identityColumns } from '../own-columns.ts'
import type { LakeOperation } from '../write/write-request.ts'

/** Lakes that the reference wrote. */
const root = fileURLToPath(new URL('../../../../shared/data/ducklake/', import.meta.url))
const wasm = new URL('../../../dist/wasm/', import.meta.url)
const references = existsSync(root) ? readdirSync(root) : []
const later = '2100-01-01T00:00:00Z'
const virtual = [
  { name: 'lf_row_id', virtual: 'rowId' },
  { name: 'lf_snapshot', virtual: 'snapshot' },
] as const

let engine: Engine
beforeAll(async () => {
  engine = await openEngine(nodeHost(wasm), { decodeWorkers: 0 }, {}, lakesBeside)
})
afterAll(() => engine.close())

async function rowsOf(sql: string, sources: readonly string[] = []): Promise<Row[]> {
  const stream = await engine.execute({ sql, sources })
  const rows: Row[] = []
  for (let batch = await stream.next(); batch !== undefined; batch = await stream.next())
    rows.push(...rowsFromBatch(batch))
  await stream.close()
  return rows
}

/** Every row of every table in every snapshot, with its id and the snapshot it came with, as text. */
async function everything(): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {}
  const snapshots = rowsFromBatch(await engine.lake!('snapshots', { lake: 'lake' }))
  for (const { version } of snapshots) {
    const tables = rowsFromBatch(await engine.lake!('tables', { lake: 'lake', version: Number(version) }))
    for (const { schema, name, kind } of tables) {
      if (kind !== 'table') continue
      const id = `${String(version)} ${String(schema)}.${String(name)}`
      const named = { lake: 'lake', schema: String(schema), table: String(name), version: Number(version) }
      await engine.register({ id, format: 'lake', ...named, virtual })
      const rows = await rowsOf(
        `SELECT CAST(lf_row_id AS BIGINT) AS id, CAST(t AS VARCHAR) AS text FROM lf_scan('${id.replaceAll("'", "''")}') t ORDER BY ALL`,
        [id],
      )
      found[id] = rows.map((row) => String(row['text']))
      await engine.unregister(id)
    }
  }
  return found
}

async function withLake(url: string, work: () => Promise<void>): Promise<void> {
  await engine.lake!('open', { url, name: 'lake', create: true, readOnly: false })
  try {
    await work()
  } finally {
    await engine.lake!('close', { lake: 'lake' })
  }
}

function write(...operations: readonly LakeOperation[]): Promise<unknown> {
  return engine.lake!('write', { lake: 'lake', operations })
}

const name = { schema: 'main', name: 't' }

async function errors(): Promise<readonly string[]> {
  const { findings } = await engine.lake!('check', { lake: 'lake' })
  return findings.filter(({ severity }) => severity === 'error').map(({ message }) => message)
}

async function sound(): Promise<void> {
  expect(await errors()).toEqual([])
}

describe.skipIf(references.length === 0)('lakes of the reference', () => {
  test.each(references)(
    '%s has the same rows in all snapshots, in fewer files, before and after vacuum',
    async (lake) => {
      const folder = mkdtempSync(join(tmpdir(), 'lakefront-compact-'))
      cpSync(join(root, lake), folder, { recursive: true })
      try {
        await withLake(folder, async () => {
          const before = await everything()
          const known = await errors()
          const planned = await engine.lake!('compact', { lake: 'lake', deletedShare: 0.0001, dryRun: true })
          const report = await engine.lake!('compact', { lake: 'lake', deletedShare: 0.0001 })
          expect(report.tables.map(({ table, filesBefore, conflicts }) => [table, filesBefore, conflicts])).toEqual(
            planned.tables.map(({ table, filesBefore }) => [table, filesBefore, 0]),
          )
          expect(await errors()).toEqual(known)
          const after = await everything()
          expect(Object.fromEntries(Object.keys(before).map((key) => [key, after[key]]))).toEqual(before)
          const again = await engine.lake!('compact', { lake: 'lake', deletedShare: 0.0001 })
          expect(again.tables.flatMap(({ rowsDropped }) => (rowsDropped > 0 ? [rowsDropped] : []))).toEqual([])
          await engine.lake!('vacuum', { lake: 'lake', olderThan: later })
          expect(await everything()).toMatchObject(before)
        })
      } finally {
        rmSync(folder, { recursive: true })
      }
    },
  )
})

describe('a lake of ours', () => {
  test('small files become one, and every snapshot keeps its rows', async () => {
    await withLake('memory:compact-small', async () => {
      await write({
        kind: 'createTable',
        table: name,
        columns: [
          { name: 'id', type: parseType('bigint') },
          { name: 'part', type: parseType('varchar') },
          { name: 's', type: parseType('STRUCT(a INTEGER, b VARCHAR[])') },
        ],
        partitionBy: ['part'],
        sortBy: [],
        ifNotExists: false,
      })
      for (let batch = 0; batch < 6; batch++)
        await write({
          kind: 'insert',
          table: name,
          rows: {
            sql: `SELECT i AS id, 'p' || (i % 2) AS part, {a: i::INTEGER, b: ['x', NULL]} AS s FROM range(${batch * 10}, ${batch * 10 + 10}) t(i)`,
          },
        })
      const before = await everything()
      const { tables } = await engine.lake!('compact', { lake: 'lake' })
      expect(tables).toMatchObject([{ table: 't', filesBefore: 12, filesAfter: 2, rowsDropped: 0, conflicts: 0 }])
      const after = await everything()
      expect(after).toMatchObject(before)
      await sound()
      await write({
        kind: 'insert',
        table: name,
        rows: { sql: `SELECT 100::BIGINT AS id, 'p0' AS part, NULL::STRUCT(a INTEGER, b VARCHAR[]) AS s` },
      })
      expect((await engine.lake!('compact', { lake: 'lake' })).tables).toMatchObject([
        { filesBefore: 2, filesAfter: 1 },
      ])
      expect(await everything()).toMatchObject(after)
      await engine.lake!('expire', { lake: 'lake', olderThan: later })
      const vacuumed = await engine.lake!('vacuum', { lake: 'lake', olderThan: later })
      expect(vacuumed.scheduled.length).toBe(14)
      expect(Object.values(await everything())[0]).toHaveLength(61)
      await sound()
      expect((await engine.lake!('compact', { lake: 'lake' })).tables).toEqual([])
    })
  })

  test('appends of others go with it, and an overwrite comes in before it or after it', async () => {
    await withLake('memory:compact-race', async () => {
      await write({
        kind: 'createTable',
        table: name,
        columns: [{ name: 'id', type: parseType('bigint') }],
        partitionBy: [],
        sortBy: [],
        ifNotExists: false,
      })
      const insert = (from: number): Promise<unknown> =>
        write({ kind: 'insert', table: name, rows: { sql: `SELECT i AS id FROM range(${from}, ${from + 5}) t(i)` } })
      await insert(0)
      await insert(5)
      const [{ tables }] = await Promise.all([engine.lake!('compact', { lake: 'lake' }), insert(10), insert(15)])
      expect(tables).toMatchObject([{ filesAfter: 1, conflicts: 0 }])
      expect(tables[0]!.filesBefore).toBeGreaterThanOrEqual(2)
      expect(Object.values(await everything())[0]).toHaveLength(20)
      await sound()
      const overwrite = (): Promise<unknown> =>
        write({ kind: 'insert', table: name, rows: { sql: 'SELECT 1::BIGINT AS id' }, overwrite: 'all' })
      await Promise.all([engine.lake!('compact', { lake: 'lake' }), overwrite()])
      expect(Object.values(await everything())[0]).toHaveLength(1)
      await sound()
    })
  })

  test('whatever is done in whatever order, each snapshot that is left has the rows it had', async () => {
    const step = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({ kind: fc.constant('insert' as const), rows: fc.integer({ min: 1, max: 30 }) }),
      },
      {
        weight: 3,
        arbitrary: fc.record({ kind: fc.constant('delete' as const), every: fc.integer({ min: 2, max: 5 }) }),
      },
      { weight: 1, arbitrary: fc.constant({ kind: 'addColumn' as const }) },
      {
        weight: 2,
        arbitrary: fc.record({ kind: fc.constant('compact' as const), deletedShare: fc.constantFrom(0.01, 0.5) }),
      },
      {
        weight: 2,
        arbitrary: fc.record({ kind: fc.constant('expire' as const), of: fc.integer({ min: 2, max: 4 }) }),
      },
      { weight: 2, arbitrary: fc.constant({ kind: 'vacuum' as const }) },
    )
    let run = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 10 }), async (steps) => {
        await withLake(`memory:compact-random-${run++}`, async () => {
          await write({
            kind: 'createTable',
            table: name,
            columns: [{ name: 'id', type: parseType('bigint') }],
            partitionBy: ['bucket(2, id)'],
            sortBy: [],
            ifNotExists: false,
          })
          let recorded: Record<string, string[]> = {}
          let [next, added] = [0, 0]
          for (const each of steps) {
            const newest = Math.max(...Object.keys(await everything()).map((key) => Number(key.split(' ')[0])))
            if (each.kind === 'insert') {
              const more = Array.from({ length: added }, (_, at) => `, 'a' AS c${at}`).join('')
              const sql = `SELECT i AS id${more} FROM range(${next}, ${next + each.rows}) t(i)`
              next += each.rows
              await write({ kind: 'insert', table: name, rows: { sql } })
            } else if (each.kind === 'delete') {
              const fields = ['fileIndex', 'rowNumber', 'rowId'] as const
              const places = identityColumns.slice(0, 3).join()
              const own = fields.map((field, at) => ({ name: identityColumns[at]!, virtual: field }))
              await engine.register({
                id: 'gone',
                format: 'lake',
                lake: 'lake',
                schema: 'main',
                table: 't',
                version: newest,
                virtual: own,
              })
              const sql = `SELECT ${places}, false AS ${identityColumns[3]}, * EXCLUDE (${places}) FROM lf_scan('gone') WHERE id % ${each.every} = 0`
              await write({ kind: 'replace', table: name, snapshot: newest, rows: { sql, sources: ['gone'] } })
              await engine.unregister('gone')
            } else if (each.kind === 'addColumn') {
              const column = { name: `c${added++}`, type: parseType('varchar') }
              await write({ kind: 'addColumn', table: name, into: [], column })
            } else if (each.kind === 'compact') {
              await engine.lake!('compact', { lake: 'lake', deletedShare: each.deletedShare })
            } else if (each.kind === 'expire') {
              const versions = [...new Set(Object.keys(recorded).map((key) => Number(key.split(' ')[0])))]
              const gone = versions.filter((version, at) => at % each.of === 0 && version < newest)
              if (gone.length > 0) await engine.lake!('expire', { lake: 'lake', versions: gone })
            } else {
              await engine.lake!('vacuum', { lake: 'lake', olderThan: later })
            }
            const found = await everything()
            for (const [key, rows] of Object.entries(found)) expect(rows, key).toEqual(recorded[key] ?? rows)
            recorded = found
          }
          await sound()
        })
      }),
      { numRuns: 2, seed: 9 },
    )
  })
})
