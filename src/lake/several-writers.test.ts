import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Session } from '../connect/session.ts'
import { nodeHost } from '../engine/duckdb-wasm/node-host.ts'
import { openEngine } from '../engine/open-engine.ts'
import { isLakefrontError } from '../errors.ts'
import { col } from '../expr/col.ts'
import type { Lake } from '../frame/lake.ts'
import { lakesBeside } from './engine-with-lakes.ts'

const wasm = new URL('../../dist/wasm/', import.meta.url)
const writers = 3
const commits = 5

let folder: string
let sessions: Session[]
let lakes: Lake[]
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'writers-'))
  sessions = []
  lakes = []
  for (let at = 0; at < writers; at++) {
    const session = new Session(await openEngine(nodeHost(wasm), { decodeWorkers: 0 }, {}, lakesBeside))
    sessions.push(session)
    lakes.push(await session.openLake(folder, { create: true }))
  }
  await lakes[0]!.createTable('counter', { id: 'integer', n: 'integer' })
  await lakes[0]!.createTable('log', { writer: 'integer', n: 'integer' })
  await lakes[0]!.createTable('events', { writer: 'integer', at: 'integer' })
  await lakes[0]!.table('counter').insert([{ id: 1, n: 0 }])
})
afterAll(async () => {
  for (const session of sessions) await session.close()
  await rm(folder, { recursive: true })
})

const everyWriter = (work: (lake: Lake, writer: number) => Promise<void>): Promise<void[]> =>
  Promise.all(lakes.map((lake, writer) => work(lake, writer)))

describe('several sessions on one lake', () => {
  it('append without conflicts, and lose no row', async () => {
    let attempts = 0
    await everyWriter(async (lake, writer) => {
      for (let at = 0; at < commits; at++) {
        const report = await lake.table('events').insert([{ writer, at }], { retries: 100 })
        attempts += report.attempts
      }
    })
    expect(attempts).toBeGreaterThanOrEqual(writers * commits)
    for (const lake of lakes) {
      const rows = await lake.table('events').orderBy('writer', 'at').collect()
      expect(rows).toEqual(
        Array.from({ length: writers * commits }, (_, at) => ({ writer: Math.floor(at / commits), at: at % commits })),
      )
    }
    const ids = await lakes[0]!.table('events').withRowIds().select('rowid').collect()
    expect(new Set(ids.map(({ rowid }) => rowid)).size).toBe(writers * commits)
  })

  it(
    'count to as many as they committed: no change is lost, and none is seen before it is',
    { timeout: 600_000 },
    async () => {
      let conflicts = 0
      await everyWriter(async (lake, writer) => {
        for (let done = 0; done < commits;) {
          try {
            await lake.transaction(
              async (tx) => {
                const [{ n }] = (await tx.table('counter').collect()) as [{ n: number }]
                await tx.table('counter').update({ set: { n: n + 1 }, where: col('id').eq(1) })
                await tx.table('log').insert([{ writer, n: n + 1 }])
              },
              { retries: 100, author: `writer ${writer}` },
            )
            done++
          } catch (error) {
            if (!isLakefrontError(error, 'COMMIT_CONFLICT')) throw error
            conflicts++
          }
        }
      })
      const total = writers * commits
      const [last] = lakes
      expect(await last!.table('counter').collect()).toEqual([{ id: 1, n: total }])
      const log = await last!.table('log').orderBy('n').select('n').collect()
      expect(log.map(({ n }) => n as number)).toEqual(Array.from({ length: total }, (_, at) => at + 1))
      expect(conflicts).toBeGreaterThan(0)
      const snapshots = await (await last!.snapshots()).filter(col('author').isNotNull()).orderBy('version').collect()
      expect(snapshots).toHaveLength(total)
      for (const [at, { version }] of snapshots.entries()) {
        const then = { version: Number(version) }
        expect(await last!.table('counter', then).collect()).toEqual([{ id: 1, n: at + 1 }])
        expect(await last!.table('log', then).count()).toBe(at + 1)
      }
    },
  )

  it('let one pass whose transaction was overtaken: it is run again once, and others commit after it', async () => {
    const [one, two] = lakes as [Lake, Lake]
    const { rowsInserted } = await one.table('counter').insert([{ id: 2, n: 0 }])
    expect(rowsInserted).toBe(1)
    const add = (lake: Lake, amount: number, meanwhile: () => Promise<unknown>): ReturnType<Lake['transaction']> =>
      lake.transaction(
        async (tx) => {
          const [{ n }] = (await tx.table('counter').filter(col('id').eq(2)).collect()) as [{ n: number }]
          await meanwhile()
          await tx.table('counter').update({ set: { n: n + amount }, where: col('id').eq(2) })
        },
        { reruns: 1 },
      )
    let runs = 0
    let other: ReturnType<Lake['transaction']> | undefined
    const first = await add(one, 10, async () => {
      if (++runs === 1) return two.table('counter').update({ set: { n: 100 }, where: col('id').eq(2) })
      other = add(two, 1000, async () => undefined)
      return new Promise((resolve) => setTimeout(resolve, 300))
    })
    expect(runs).toBe(2)
    expect((await other!).snapshot).toBe(first.snapshot + 1)
    expect(await lakes[2]!.table('counter').filter(col('id').eq(2)).collect()).toEqual([{ id: 2, n: 1110 }])
  })

  it('leave no file that nothing names', async () => {
    const named = new Set<string>()
    for (const table of ['counter', 'log', 'events']) {
      for (const snapshot of await (await lakes[0]!.snapshots()).collect()) {
        const version = Number(snapshot.version)
        if (version < 3) continue
        for (const { path } of await (await lakes[0]!.table(table, { version }).files()).collect())
          named.add(path.split('/').at(-1)!)
      }
    }
    const stored = await readdir(join(folder, 'data'), { recursive: true })
    const data = stored
      .filter((name) => name.endsWith('.parquet') && !name.includes('-delete'))
      .map((name) => name.split(/[/\\]/).at(-1)!)
    expect(new Set(data)).toEqual(named)
  })
})
