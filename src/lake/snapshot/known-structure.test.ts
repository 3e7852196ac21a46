import { copyFile, cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Session } from '../../connect/session.ts'
import { nodeHost } from '../../engine/duckdb-wasm/node-host.ts'
import type { Database, MakeBeside } from '../../engine/engine.ts'
import { openEngine } from '../../engine/open-engine.ts'
import type { Lake } from '../../frame/lake.ts'
import { lakesBeside } from '../engine-with-lakes.ts'

const wasm = new URL('../../../dist/wasm/', import.meta.url)

/** Statements that were run on catalogs. */
const statements: string[] = []
/** What happens before a copy of a catalog is opened the next time. */
let beforeOpen: (() => Promise<void>) | undefined
const counted =
  (open: (bytes?: Uint8Array) => Promise<Database>) =>
  async (bytes?: Uint8Array): Promise<Database> => {
    const happens = beforeOpen
    beforeOpen = undefined
    await happens?.()
    const database = await open(bytes)
    const { query } = database
    return Object.assign(database, {
      query: (...given: Parameters<typeof query>) => {
        statements.push(given[0].sql)
        return query.apply(database, given)
      },
    })
  }
const counting: MakeBeside = (parts) => lakesBeside({ ...parts, openDatabase: counted(parts.openDatabase) })

let folder: string
let sessions: Session[]
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'structure-'))
  const open = async (beside: MakeBeside): Promise<Session> =>
    new Session(await openEngine(nodeHost(wasm), { decodeWorkers: 0 }, {}, beside))
  sessions = [await open(counting), await open(lakesBeside)]
})
afterAll(async () => {
  for (const session of sessions) await session.close()
  await rm(folder, { recursive: true })
})

const onBoth = async (name: string): Promise<readonly [Lake, Lake]> => {
  const place = join(folder, name)
  const first = await sessions[0]!.openLake(place, { name, create: true })
  return [first, await sessions[1]!.openLake(place, { name })]
}

describe('what a session knows of the tables of a lake', () => {
  it('is not looked up again by its next commit', async () => {
    const [lake] = await onBoth('alone')
    await lake.createTable('t', { id: 'integer', name: 'varchar' })
    await lake.table('t').insert([{ id: 1, name: 'one' }])
    await lake.table('t').insert([{ id: 2, name: 'two' }])
    statements.length = 0
    await lake.table('t').insert([{ id: 3, name: 'three' }])
    expect(statements.filter((sql) => /ducklake_(?:column|schema|table|partition_\w+|sort_\w+) /.test(sql))).toEqual([])
    expect(statements.length).toBeLessThanOrEqual(16)
    expect(await lake.table('t').count()).toBe(3)
  })

  it('is not what it was once another session changed them', async () => {
    const [mine, theirs] = await onBoth('changed')
    await mine.createTable('t', { id: 'integer' })
    await mine.table('t').insert([{ id: 1 }])
    await theirs.table('t').addColumn('kind', 'varchar', { default: 'old' })
    await mine.table('t').insert([{ id: 2, kind: 'new' }])
    await theirs.table('t').setPartitioning(['kind'])
    await mine.table('t').insert([{ id: 3, kind: 'part' }])
    await theirs.renameTable('t', 'u')
    await mine.transaction(async (tx) => {
      expect(await tx.table('u').count()).toBe(3)
    })
    await expect(mine.table('t').insert([{ id: 4 }])).rejects.toMatchObject({ code: 'TABLE_NOT_FOUND' })
    await theirs.createTable('t', { other: 'double' })
    await mine.table('t').insert([{ other: 0.5 }])
    expect(await mine.table('u').orderBy('id').collect()).toEqual([
      { id: 1, kind: 'old' },
      { id: 2, kind: 'new' },
      { id: 3, kind: 'part' },
    ])
    expect(await theirs.table('t').collect()).toEqual([{ other: 0.5 }])
    const files = await (await theirs.table('u').files()).select('partition').collect()
    expect(files.map(({ partition }) => partition)).toEqual(
      [[], [], ['part']].map((list) => (list.length ? list : null)),
    )
    expect((await theirs.check()).findings.filter(({ severity }) => severity === 'error')).toEqual([])
  })

  it('is not that of another lake that is put in its place', async () => {
    const [mine] = await onBoth('replaced')
    const other = await sessions[1]!.openLake(join(folder, 'other'), { name: 'other', create: true })
    await mine.createTable('t', { id: 'integer' })
    await other.createTable('t', { name: 'varchar' })
    await mine.table('t').insert([{ id: 1 }])
    await other.table('t').insert([{ name: 'one' }])
    await cp(join(folder, 'other'), join(folder, 'replaced'), { recursive: true })
    await mine.table('t').insert([{ name: 'two' }])
    expect(await mine.table('t').orderBy('name').collect()).toEqual([{ name: 'one' }, { name: 'two' }])
  })
})

describe('what was made on a catalog in whose place a copy from before was put', () => {
  const ids = async (lake: Lake): Promise<unknown[]> =>
    (await lake.table('t').orderBy('id').collect()).map(({ id }) => id)
  const fill = async (lake: Lake, first: number): Promise<void> => {
    await lake.table('t').insert([{ id: first }, { id: first + 1 }])
    await lake.table('t').insert([{ id: first + 2 }, { id: first + 3 }])
  }
  const refused = { code: 'COMMIT_CONFLICT', message: expect.stringContaining('put in its place') }

  it.each<[string, (lake: Lake) => Promise<unknown>, unknown]>([
    ['deletes', (lake) => lake.table('t').delete('id = 2'), refused],
    ['overwrites', (lake) => lake.table('t').overwrite([{ id: 0 }]), refused],
    ['inserts', (lake) => lake.table('t').insert([{ id: 0 }]), refused],
    ['is a transaction', (lake) => lake.transaction((tx) => tx.table('t').delete('id = 2')), refused],
    ['compacts', (lake) => lake.compact(), { tables: [{ conflicts: 1 }] }],
  ])('takes no row from it, though it has the same ids: it %s', async (name, work, end) => {
    const [mine, theirs] = await onBoth(name)
    const [file, copy] = ['catalog.ducklake', 'copy'].map((own) => join(folder, name, own)) as [string, string]
    await mine.createTable('t', { id: 'integer' })
    await copyFile(file, copy)
    await fill(mine, 1)
    beforeOpen = async () => {
      await copyFile(copy, file)
      await fill(theirs, 11)
    }
    expect(await work(mine).catch((error: unknown) => error)).toMatchObject(end as object)
    expect(await ids(theirs)).toEqual([11, 12, 13, 14])
    expect(await ids(mine)).toEqual([11, 12, 13, 14])
  })
})
