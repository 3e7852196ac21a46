import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Session } from '../connect/session.ts'
import { nodeHost } from '../engine/duckdb-wasm/node-host.ts'
import { openEngine } from '../engine/open-engine.ts'
import { isLakefrontError } from '../errors.ts'
import { col } from '../expr/col.ts'
import type { Lake } from '../frame/lake.ts'
import { breathe } from '../scan/breathe.ts'
import { lakesBeside } from './engine-with-lakes.ts'

const wasm = new URL('../../dist/wasm/', import.meta.url)
const root = mkdtempSync(join(tmpdir(), 'lakefront-readers-'))
const sessions: Session[] = []
let lakes = 0

beforeAll(async () => {
  for (let at = 0; at < 3; at++)
    sessions.push(new Session(await openEngine(nodeHost(wasm), { decodeWorkers: 0 }, {}, lakesBeside)))
})
afterAll(async () => {
  for (const session of sessions) await session.close()
  rmSync(root, { recursive: true })
})

type Step =
  | { readonly kind: 'insert' | 'delete' | 'update' | 'compact'; readonly n: number }
  | { readonly kind: 'expire'; readonly n: number }
  | { readonly kind: 'vacuum' }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('insert', 'delete', 'update', 'compact'), n: fc.nat(6) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('expire' as const), n: fc.nat(6) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'vacuum' as const }) },
)

/** Snapshots that are there, and the rows each had when it was made. */
type History = Map<number, string>

const rowsAt = async (lake: Lake, version: number): Promise<string> =>
  (await lake.table('t', { version }).orderBy('id').collect()).map(({ id, v }) => `${id}:${v}`).join()

const newest = async (lake: Lake): Promise<number> => {
  const [row] = await (await lake.snapshots()).orderBy(col('version').desc()).limit(1).collect()
  return Number(row!.version)
}

async function change(lake: Lake, own: Step, history: History): Promise<void> {
  const table = lake.table('t')
  const pinned = [...history.keys()]
  switch (own.kind) {
    case 'insert':
      return void (await table.insert(Array.from({ length: 3 }, (_, at) => ({ id: own.n * 10 + at, v: own.n }))))
    case 'delete':
      return void (await table.delete(`id % 7 = ${own.n}`))
    case 'update':
      return void (await table.update({ set: { v: col('v').add(1) }, where: `id % 5 = ${own.n}` }))
    case 'compact':
      return void (await lake.compact({ deletedShare: 0.1 }))
    case 'expire': {
      const gone = pinned.slice(0, -1).filter((_, at) => (at + own.n) % 3 === 0)
      for (const version of gone) history.delete(version)
      if (gone.length > 0) await lake.expireSnapshots({ versions: gone })
      return
    }
    case 'vacuum':
      return void (await lake.vacuum({ olderThan: new Date(Date.now() + 1000) }))
  }
}

/** Reads snapshots that are there until it is told to stop, and says what was not as when they were made. */
async function readAll(lake: Lake, history: History, state: { isOver: boolean }): Promise<readonly string[]> {
  const wrong: string[] = []
  for (let at = 0; !state.isOver; at++) {
    const versions = [...history.keys()]
    const version = versions[(at * 7) % versions.length]!
    const expected = history.get(version)!
    const found = await rowsAt(lake, version).catch((error: unknown) => String(error))
    // Expired while it was read: then anything may be missing, but nothing be false.
    if (found !== expected && history.has(version)) wrong.push(`version ${version}: ${found}, not ${expected}`)
    // Timers that are due again before their work is done keep all else waiting.
    await breathe()
  }
  return wrong
}

describe.each([['a disk'], ['memory']])('readers of snapshots in a lake on %s', (place) => {
  it('see what was there when they were made, whatever else goes on', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 14 }), async (steps) => {
        const name = `readers${++lakes}`
        const url = place === 'memory' ? `memory:${name}` : join(root, name)
        const used = place === 'memory' ? [sessions[0]!, sessions[0]!, sessions[0]!] : sessions
        const opened: Lake[] = []
        for (const [at, session] of used.entries())
          opened.push(await session.openLake(url, { create: at === 0, name: `${name}_${at}` }))
        const [writer, ...readers] = opened as [Lake, ...Lake[]]
        await writer.createTable('t', { id: 'integer', v: 'integer' })
        await writer.table('t').insert([{ id: 1, v: 0 }])
        const history: History = new Map([[2, '1:0']])
        const state = { isOver: false }
        const reading = readers.map((lake) => readAll(lake, history, state))
        try {
          for (const own of steps) {
            await change(writer, own, history)
            const version = await newest(writer)
            history.set(version, await rowsAt(writer, version))
          }
        } finally {
          state.isOver = true
        }
        expect((await Promise.all(reading)).flat()).toEqual([])
        for (const [version, rows] of history) expect(await rowsAt(readers[0]!, version)).toBe(rows)
        const { findings } = await writer.check()
        expect(findings.filter(({ severity }) => severity === 'error')).toEqual([])
        for (const lake of opened) await lake.close()
      }),
      { numRuns: 3, seed: 6, endOnFailure: true },
    )
  })
})

describe('a reader of a snapshot that expires', () => {
  it('reads it to its end until a vacuum removes the files, and is told then that they are gone', async () => {
    const url = join(root, 'expired')
    const [writer, reader] = [
      await sessions[0]!.openLake(url, { create: true, name: 'expiring' }),
      await sessions[1]!.openLake(url, { create: true, name: 'expiring' }),
    ]
    await writer.createTable('t', { id: 'integer' })
    for (let id = 0; id < 5; id++) await writer.table('t').insert([{ id }])
    const old = reader.table('t', { version: 6 })
    const read = async (between: () => Promise<unknown>): Promise<number> => {
      let rows = 0
      for await (const batch of old.stream()) {
        if (rows === 0) await between()
        rows += batch.numRows
      }
      return rows
    }
    await writer.table('t').overwrite([{ id: 9 }])
    expect(await read(async () => writer.expireSnapshots({ versions: [1, 2, 3, 4, 5, 6] }))).toBe(5)
    await expect(old.collect()).rejects.toMatchObject({ code: 'SNAPSHOT_NOT_FOUND' })
    await writer.vacuum({ olderThan: new Date(Date.now() + 1000) })
    await expect(old.collect()).rejects.toSatisfy((error) => isLakefrontError(error, 'SNAPSHOT_NOT_FOUND'))
    expect(await reader.table('t').collect()).toEqual([{ id: 9 }])
  })
})
