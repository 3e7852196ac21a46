import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Session } from '../../connect/session.ts'
import { nodeHost } from '../../engine/duckdb-wasm/node-host.ts'
import { openEngine } from '../../engine/open-engine.ts'
import type { Lake } from '../../frame/lake.ts'
import { lakesBeside } from '../engine-with-lakes.ts'

const wasm = new URL('../../../dist/wasm/', import.meta.url)
const root = mkdtempSync(join(tmpdir(), 'lakefront-changed-'))

let session: Session
let lake: Lake

beforeAll(async () => {
  session = new Session(await openEngine(nodeHost(wasm), { decodeWorkers: 0 }, {}, lakesBeside))
  lake = await session.openLake(root, { create: true })
})
afterAll(async () => {
  await session.close()
  rmSync(root, { recursive: true })
})

/** A data file of a table with these values. */
async function fileOf(name: string, values: readonly number[]): Promise<string> {
  await lake.createTable(name, { v: 'integer' })
  await lake.table(name).insert(values.map((v) => ({ v })))
  const folder = join(root, 'data', 'main', name)
  return join(folder, readdirSync(folder)[0]!)
}

describe('a data file that is another one', () => {
  let good: Buffer
  let path: string

  beforeAll(async () => {
    path = await fileOf('kept', [10, 15, 20])
    good = readFileSync(path)
  })

  /** What check() finds in a session that read the file before, when it has the bytes of another one; and what `read` sees then. */
  async function found(bytes: Uint8Array, read?: () => Promise<void>): Promise<readonly string[]> {
    await lake.table('kept').collect()
    writeFileSync(path, bytes)
    const { findings } = await lake.check()
    await read?.()
    writeFileSync(path, good)
    return findings.map(({ kind }) => kind)
  }

  /** What a session reads that never read the file. */
  async function values(): Promise<unknown> {
    await using other = new Session(await openEngine(nodeHost(wasm), { decodeWorkers: 0 }, {}, lakesBeside))
    const rows = await (await other.openLake(root)).table('kept').orderBy('v').collect()
    return rows.map(({ v }) => v)
  }

  it('is found by check() where it has values that the catalog rules out', async () => {
    const other = readFileSync(await fileOf('outside', [10, 15, 21]))
    expect(other.length).toBe(good.length)
    expect(await found(other)).toEqual(['statistics', 'statistics'])
  })

  it('is found where its length, its rows or its footer are not those in the catalog', async () => {
    const longer = readFileSync(await fileOf('longer', [10, 15, 20, 12]))
    expect(longer.length).not.toBe(good.length)
    expect(await found(longer)).toEqual(['size'])
    const fewer = readFileSync(await fileOf('fewer', [10, 20]))
    const filled = Buffer.concat([fewer.subarray(0, 4), Buffer.alloc(good.length - fewer.length), fewer.subarray(4)])
    const kinds = await found(filled, () => expect(values()).rejects.toMatchObject({ code: 'SOURCE_CHANGED' }))
    expect(kinds).toContain('row-count')
    expect(await found(new Uint8Array(good.length))).toEqual(['footer'])
  })

  it('is not found where all that the catalog says of it holds: the format has no more', async () => {
    const other = readFileSync(await fileOf('within', [10, 16, 20]))
    expect(other.length).toBe(good.length)
    expect(await found(other, async () => expect(await values()).toEqual([10, 16, 20]))).toEqual([])
  })
})
