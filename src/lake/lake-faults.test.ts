import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Session } from '../connect/session.ts'
import { nodeHost } from '../engine/duckdb-wasm/node-host.ts'
import type { MakeBeside } from '../engine/engine.ts'
import { openEngine } from '../engine/open-engine.ts'
import { LakefrontError } from '../errors.ts'
import { col } from '../expr/col.ts'
import type { Lake } from '../frame/lake.ts'
import type { Storage } from '../storage/storage.ts'
import { lakesBeside } from './engine-with-lakes.ts'

const wasm = new URL('../../dist/wasm/', import.meta.url)

/** What happens to a write of the lake's store; `write` is the driver's own. */
type Meddle = (key: string, write: () => ReturnType<Storage['write']>) => ReturnType<Storage['write']>

let session: Session
let lake: Lake
let meddle: Meddle | undefined
let files: () => Promise<readonly string[]>

const isCatalog = (key: string): boolean => key.endsWith('.ducklake')

/** The driver itself, whose writes somebody meddles with on their way. */
function meddled(inner: Storage): Storage {
  return new Proxy(inner, {
    get: (target, name) => {
      if (name === 'write') {
        return (...given: Parameters<Storage['write']>) => {
          const write = (): ReturnType<Storage['write']> => target.write(...given)
          return meddle === undefined ? write() : meddle(given[0], write)
        }
      }
      const value = Reflect.get(target, name, target) as unknown
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

const beside: MakeBeside = (parts) => {
  const storage = new Proxy(parts.storage, {
    get: (target, name) => {
      if (name === 'place') return (url: string) => meddled(target.place(url))
      const value = Reflect.get(target, name, target) as unknown
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
  const root = parts.storage.place('memory:')
  files = async () => {
    const keys: string[] = []
    for await (const { key } of root.list()) if (key.endsWith('.parquet')) keys.push(key)
    return keys
  }
  return lakesBeside({ ...parts, storage })
}

beforeEach(async () => {
  meddle = undefined
  session = new Session(await openEngine(nodeHost(wasm), { decodeWorkers: 0 }, {}, beside))
  lake = await session.openLake('memory:lake', { create: true })
  await lake.createTable('t', { id: 'integer' })
  await lake.table('t').insert([{ id: 1 }, { id: 2 }])
})
afterEach(() => session.close())

const ids = async (): Promise<unknown[]> => (await lake.table('t').orderBy('id').collect()).map(({ id }) => id)

describe('the answer to a commit is lost', () => {
  const silence = (): Error => new LakefrontError('WRITE_STATE_UNKNOWN', 'No answer.')

  it('when it happened, it is found, and all of it is there', async () => {
    meddle = async (key, write) => {
      const written = await write()
      if (isCatalog(key)) throw silence()
      return written
    }
    expect(await lake.table('t').insert([{ id: 3 }])).toMatchObject({ rowsInserted: 1, attempts: 1 })
    await lake.table('t').update({ set: { id: col('id').add(10) }, where: col('id').ge(2) })
    meddle = undefined
    expect(await ids()).toEqual([1, 12, 13])
    expect(await (await lake.snapshots()).count()).toBe(5)
  })

  it('when it did not happen, nothing is taken away, and verify() says so', async () => {
    meddle = async (key, write) => {
      if (isCatalog(key)) throw silence()
      return write()
    }
    const before = await files()
    const error = await lake
      .table('t')
      .insert([{ id: 3 }])
      .catch((cause: unknown) => cause as LakefrontError)
    meddle = undefined
    expect(error).toMatchObject({ code: 'COMMIT_STATE_UNKNOWN' })
    const commitId = (error as LakefrontError).details['commitId'] as string
    expect(await lake.verify(commitId)).toEqual({ committed: false })
    expect(await ids()).toEqual([1, 2])
    expect(await files()).toHaveLength(before.length + 1)
  })

  it('when it happens later, after it was given up, its rows are there', async () => {
    const late: (() => ReturnType<Storage['write']>)[] = []
    meddle = async (key, write) => {
      if (!isCatalog(key)) return write()
      late.push(write)
      throw silence()
    }
    const error = await lake
      .table('t')
      .delete(col('id').eq(2))
      .catch((cause: unknown) => cause as LakefrontError)
    expect(error).toMatchObject({ code: 'COMMIT_STATE_UNKNOWN' })
    meddle = undefined
    await late[0]!()
    const commitId = (error as LakefrontError).details['commitId'] as string
    expect(await lake.verify(commitId)).toEqual({ committed: true, snapshot: 3 })
    expect(await ids()).toEqual([1])
  })
})

describe('while files are written', () => {
  /** Does something before the next data file is stored. */
  const before = (work: () => Promise<unknown>): void => {
    let isDone = false
    meddle = async (key, write) => {
      if (!isDone && key.endsWith('.parquet')) {
        isDone = true
        await work()
      }
      return write()
    }
  }

  it('others insert: rows that overwrite the table do not take theirs with them', async () => {
    before(() => lake.table('t').insert([{ id: 3 }]))
    const own = lake.table('t').select(col('id').add(10).as('id'))
    await expect(lake.table('t').overwrite(own)).rejects.toMatchObject({ code: 'COMMIT_CONFLICT' })
    expect(await ids()).toEqual([1, 2, 3])
  })

  it('others alter the table: rows of what it was do not come in by an overwrite', async () => {
    before(() => lake.table('t').addColumn('s', 'varchar', { default: 'new' }))
    await expect(lake.table('t').overwrite([{ id: 9 }])).rejects.toMatchObject({ code: 'COMMIT_CONFLICT' })
    expect(await lake.table('t').orderBy('id').collect()).toEqual([
      { id: 1, s: 'new' },
      { id: 2, s: 'new' },
    ])
  })

  it('a rollback is overtaken: what came in since is not lost', async () => {
    await lake.table('t').insert([{ id: 3 }])
    before(() => lake.table('t').insert([{ id: 4 }]))
    await expect(lake.table('t').rollback(2)).rejects.toMatchObject({ code: 'COMMIT_CONFLICT' })
    expect(await ids()).toEqual([1, 2, 3, 4])
  })
})
