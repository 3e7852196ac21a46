import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { DuckDBConnection } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Session } from '../connect/session.ts'
import { nodeHost } from '../engine/duckdb-wasm/node-host.ts'
import { openEngine } from '../engine/open-engine.ts'
import type { Lake } from '../frame/lake.ts'
import { nativeConnection } from '../scan/fixtures/native.ts'
import { account } from '../storage/fixtures/s3-account.ts'
import { S3Store } from '../storage/fixtures/s3-store.ts'
import { openPlace } from '../storage/open-place.ts'
import type { Storage } from '../storage/storage.ts'
import { openDuckdbCatalog } from './catalog/duckdb-catalog.ts'
import { lakesBeside } from './engine-with-lakes.ts'

const wasm = new URL('../../dist/wasm/', import.meta.url)
const root = mkdtempSync(join(tmpdir(), 'lakefront-outside-'))
const catalog = 'catalog.ducklake'

let session: Session
let store: S3Store
let native: DuckDBConnection
let count = 0
/** Catalogs of two lines of one lake: of the same length, and written equally often. */
let lines: readonly [string, string]
/** The data file of the first. */
let firstFile: string

beforeAll(async () => {
  store = await S3Store.start()
  const storage = { s3: { endpoint: store.endpoint, credentials: account } }
  session = new Session(await openEngine(nodeHost(wasm), { decodeWorkers: 0, storage }, {}, lakesBeside))
  native = await nativeConnection()
  const first = await open(join(root, 'one'), { create: true })
  await first.createTable('t', { id: 'integer' })
  cpSync(join(root, 'one'), join(root, 'two'), { recursive: true })
  const second = await open(join(root, 'two'))
  await first.table('t').insert([{ id: 1 }])
  await second.table('t').insert([{ id: 2 }])
  ;[firstFile = ''] = readdirSync(join(root, 'one', 'data', 'main', 't'))
  // Each has the files of both.
  for (const [from, to] of [['one', 'two'] as const, ['two', 'one'] as const])
    cpSync(join(root, from, 'data'), join(root, to, 'data'), { recursive: true })
  await first.close()
  await second.close()
  lines = [join(root, 'one'), join(root, 'two')]
})

afterAll(async () => {
  native.closeSync()
  await session.close()
  await store.close()
  rmSync(root, { recursive: true })
})

const open = (folder: string, options: { create?: boolean } = {}): Promise<Lake> =>
  session.openLake(folder, { name: `lake${++count}`, ...options })

/** A copy of the first line, opened. */
async function opened(): Promise<{ readonly folder: string; readonly lake: Lake }> {
  const folder = join(root, `copy-${++count}`)
  cpSync(lines[0], folder, { recursive: true })
  return { folder, lake: await open(folder) }
}

/** Writes into the file, which keeps its place, its length and its time. */
function overwrite(path: string, bytes: Uint8Array): void {
  const { atimeNs, mtimeNs } = statSync(path, { bigint: true })
  writeFileSync(path, bytes, { flag: 'r+' })
  utimesSync(path, Number(atimeNs) / 1e9, Number(mtimeNs) / 1e9)
}

const ids = async (lake: Lake): Promise<readonly unknown[]> =>
  (await lake.table('t').orderBy('id').collect()).map(({ id }) => id)

describe('a catalog that is another one, of the same length and time', () => {
  it('on disk is what the next statement reads, and the next commit keeps', async () => {
    const [one, two] = lines.map((line) => readFileSync(join(line, catalog)))
    expect(one!.length).toBe(two!.length)
    expect(one!.subarray(0, 12_288).equals(two!.subarray(0, 12_288))).toBe(true)
    const { folder, lake } = await opened()
    const path = join(folder, catalog)
    // A time that can be set again to the nanosecond.
    utimesSync(path, 1_700_000_000, 1_700_000_000)
    expect(await ids(lake)).toEqual([1])
    const before = statSync(path, { bigint: true })
    overwrite(path, readFileSync(join(lines[1], catalog)))
    const after = statSync(path, { bigint: true })
    expect([after.size, after.mtimeNs, after.ino]).toEqual([before.size, before.mtimeNs, before.ino])
    expect(await ids(lake)).toEqual([2])
    await lake.table('t').insert([{ id: 3 }])
    expect(await ids(lake)).toEqual([2, 3])
    expect((await lake.check()).findings).toEqual([])
    await lake.close()
  })

  it('on disk is not overwritten by a commit that began before', async () => {
    const { folder, lake } = await opened()
    const path = join(folder, catalog)
    utimesSync(path, 1_700_000_000, 1_700_000_000)
    await ids(lake)
    const commit = lake.transaction(async (tx) => {
      await tx.table('t').insert([{ id: 3 }])
      overwrite(path, readFileSync(join(lines[1], catalog)))
    })
    await expect(commit).rejects.toMatchObject({ code: 'COMMIT_CONFLICT' })
    expect(await ids(lake)).toEqual([2])
    await lake.close()
  })

  it('in a store is what the next statement reads, and the next commit keeps', async () => {
    const put = (key: string, bytes: Uint8Array): void => {
      const etag = `"${createHash('md5').update(bytes).digest('hex')}"`
      store.objects.set(key, { bytes, etag, generation: 1, modified: 1_700_000_000_000 })
    }
    for (const name of readdirSync(join(lines[0], 'data'), { recursive: true, encoding: 'utf8' }))
      if (name.endsWith('.parquet')) put(`lake/data/${name}`, readFileSync(join(lines[0], 'data', name)))
    put(`lake/${catalog}`, readFileSync(join(lines[0], catalog)))
    const lake = await open('s3://bucket/lake')
    expect(await ids(lake)).toEqual([1])
    put(`lake/${catalog}`, readFileSync(join(lines[1], catalog)))
    expect(await ids(lake)).toEqual([2])
    await lake.table('t').insert([{ id: 3 }])
    put(`lake/${catalog}`, readFileSync(join(lines[0], catalog)))
    await lake.table('t').insert([{ id: 4 }])
    expect(await ids(lake)).toEqual([1, 4])
    await lake.close()
  })
})

it('a catalog that is changed while it is read is read again', async () => {
  const { folder, lake } = await opened()
  await lake.close()
  const storage = openPlace(`${folder}/`)
  let reads = 0
  const changing: Storage = Object.create(storage, {
    read: {
      value: async (key: string, options: object = {}) => {
        const read = await storage.read(key, options)
        if (Object.keys(options).length === 0 && ++reads < 3)
          overwrite(join(folder, catalog), readFileSync(join(lines[reads % 2]!, catalog)))
        return read
      },
    },
    label: { value: storage.label },
  })
  await using engine = await openEngine(nodeHost(wasm))
  await using opening = await openDuckdbCatalog({
    storage: changing,
    key: catalog,
    openDatabase: (bytes) => engine.openDatabase!(bytes),
  })
  expect(reads).toBe(3)
  const [row] = await opening.read('SELECT path FROM {M}.ducklake_data_file')
  const now = await openPlace(`${lines[0]}/`).read(catalog)
  expect(readFileSync(join(folder, catalog)).equals(now.bytes)).toBe(true)
  expect(row!['path']).toBe(firstFile)
})

/** A process that has the catalog open in DuckDB, and runs statements there; the first one is answered once it is open. */
class Elsewhere implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #answers: AsyncIterator<string>

  constructor(folder: string) {
    const program = `
      import { createInterface } from 'node:readline'
      import { DuckDBInstance } from '@duckdb/node-api'
      const connection = await (await DuckDBInstance.create(':memory:')).connect()
      await connection.run("ATTACH '${join(folder, catalog)}' AS own")
      for await (const line of createInterface({ input: process.stdin })) {
        await connection.run(line)
        console.log('done')
      }`
    this.#child = spawn(process.execPath, ['--input-type=module', '-e', program])
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  async run(sql: string): Promise<void> {
    this.#child.stdin.write(`${sql}\n`)
    if ((await this.#answers.next()).value !== 'done') throw new Error(`DuckDB did not run ${sql}.`)
  }

  /** Ends it at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill('SIGKILL')
    await once(this.#child, 'exit')
  }
}

describe('a catalog that DuckDB has open', () => {
  const change = `INSERT INTO own.ducklake_metadata VALUES ('mark', 'kept', NULL, NULL)`
  const changed = async (folder: string): Promise<unknown> => {
    await native.run(`ATTACH '${join(folder, catalog)}' AS seen (READ_ONLY)`)
    const rows = await native.runAndReadAll(`SELECT value FROM seen.ducklake_metadata WHERE key = 'mark'`)
    await native.run('DETACH seen')
    return rows.getRows()
  }

  it('takes no commit, which would take the place of what DuckDB changes', async () => {
    const { folder, lake } = await opened()
    const sweep = (): ReturnType<Lake['vacuum']> => lake.vacuum({ olderThan: new Date(Date.now() + 3_600_000) })
    // The file of the other line.
    expect((await sweep()).orphans).toHaveLength(1)
    await using elsewhere = new Elsewhere(folder)
    await elsewhere.run('SELECT 1')
    const insert = (): Promise<unknown> => lake.table('t').insert([{ id: 5 }])
    // Elsewhere the system does not tell, as long as nothing was changed.
    if (process.platform === 'linux')
      await expect(insert()).rejects.toMatchObject({
        code: 'COMMIT_CONFLICT',
        message: expect.stringMatching(/open for writing in another program.*DETACH/),
      })
    await elsewhere.run(change)
    await expect(insert()).rejects.toMatchObject({ code: 'COMMIT_CONFLICT' })
    await elsewhere.run('DETACH own')
    await insert()
    expect(await ids(lake)).toEqual([1, 5])
    expect(await changed(folder)).toEqual([['kept']])
    expect((await sweep()).orphans).toEqual([])
    await lake.close()
  })

  it('takes none either when DuckDB died with changes that are not in the file', async () => {
    const { folder, lake } = await opened()
    {
      await using elsewhere = new Elsewhere(folder)
      await elsewhere.run(change)
    }
    const insert = (): Promise<unknown> => lake.table('t').insert([{ id: 5 }])
    await expect(insert()).rejects.toMatchObject({
      code: 'COMMIT_CONFLICT',
      message: expect.stringMatching(/catalog\.ducklake\.wal.*after a crash: ATTACH it again/),
    })
    await using elsewhere = new Elsewhere(folder)
    await elsewhere.run('DETACH own')
    await insert()
    expect(await changed(folder)).toEqual([['kept']])
    await lake.close()
  })
})
