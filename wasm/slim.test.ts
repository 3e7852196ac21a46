import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { DuckDBInstance } from '@duckdb/node-api'
import { beforeAll, describe, expect, it } from 'vitest'
import { buildEngineFile, officialFile, slimFile } from './build.mjs'
import { equalFailures, equalQueries } from './equal-queries.ts'
import manifest from './manifest.json' with { type: 'json' }
import { readExports } from './module.mjs'
import type { OpenedEngineFile } from './open-engine-file.ts'
import { openEngineFile } from './open-engine-file.ts'

const sha256 = async (file: URL): Promise<string> =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex')

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

beforeAll(() => buildEngineFile())

describe('the slim engine file', () => {
  it('is the one of the manifest', async () => {
    expect(await sha256(slimFile)).toBe(manifest.output.sha256)
    expect(await sha256(officialFile)).toBe(manifest.input.sha256)
  })

  it('fits the 25 MiB that common static hosts allow for a file', () => {
    expect(manifest.output.bytes).toBeLessThan(25 * 2 ** 20)
  })

  it('exports every C function the engine names that the official file exports', async () => {
    const folder = new URL('../src/engine/duckdb-wasm/', import.meta.url)
    const sources = await Promise.all(
      (await readdir(folder)).map(async (name) =>
        name.endsWith('.ts') ? readFile(new URL(name, folder), 'utf8') : '',
      ),
    )
    const official = new Set(readExports(await readFile(officialFile)).map(({ name }) => name))
    const slim = new Set(readExports(await readFile(slimFile)).map(({ name }) => name))
    const named = new Set(sources.flatMap((text) => text.match(/\bduckdb_[a-z0-9_]+\b/g) ?? []))
    expect([...named].filter((name) => official.has(name) && !slim.has(name))).toEqual([])
    expect([...slim].filter((name) => !official.has(name))).toEqual([])
    expect([...slim].filter((name) => name.startsWith('duckdb_')).length).toBeGreaterThan(500)
  })
})

describe('the build', () => {
  it('refuses an official file that is not the one of the manifest', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lakefront-'))
    const manifestFile = pathToFileURL(join(folder, 'manifest.json'))
    const other = { ...manifest, input: { ...manifest.input, sha256: '00ff' } }
    await writeFile(manifestFile, JSON.stringify(other))
    await expect(buildEngineFile({ manifestFile })).rejects.toThrow(
      `says input.sha256 is "00ff", but here it is "${manifest.input.sha256}"`,
    )
    await rm(folder, { recursive: true })
  })
})

describe('the slim engine file beside the official one', () => {
  let slim: OpenedEngineFile
  let official: OpenedEngineFile

  beforeAll(async () => {
    slim = await openEngineFile(slimFile)
    official = await openEngineFile(officialFile)
    for (const { bindings, query } of [slim, official]) {
      query('SET autoinstall_known_extensions = false; SET autoload_known_extensions = false; SET threads = 1')
      const people = 'name,born,height\n"Müller, Ana",1990-01-31,1.7\nBo,2001-12-01,\n"say ""hi""",1950-06-15,2.05\n'
      bindings.registerFileBuffer('people.csv', bytesOf(people))
      bindings.registerFileBuffer('copy.csv', new Uint8Array(0))
      bindings.registerFileBuffer('odd.txt', bytesOf("1;'a;b'\nx;lost\n3;c\n"))
    }
  })

  it.each(equalQueries)('answers the same: %s', (sql) => {
    expect(Buffer.from(slim.query(sql)).equals(Buffer.from(official.query(sql)))).toBe(true)
  })

  it.each(equalFailures)('refuses the same: %s', (sql) => {
    expect(slim.failure(sql)).toBe(official.failure(sql))
  })

  it('works after all these failures', () => {
    slim.query('RESET memory_limit')
    expect(slim.query('SELECT 42 AS a')).toEqual(official.query('SELECT 42 AS a'))
    expect(slim.query('SELECT 42 AS a')).not.toEqual(official.query('SELECT 43 AS a'))
  })

  it('keeps a catalog file that the other one and native DuckDB read', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lakefront-'))
    const path = join(folder, 'native.db')
    // The Node bindings write the log beside a registered file to the real disk.
    const name = join(folder, 'catalog.db')
    const native = async (...statements: string[]): Promise<unknown> => {
      const instance = await DuckDBInstance.create(path)
      const connection = await instance.connect()
      for (const statement of statements) await connection.run(statement)
      const rows = (await connection.runAndReadAll('SELECT i, s FROM t ORDER BY i')).getRowsJson()
      connection.closeSync()
      instance.closeSync()
      return rows
    }
    let file: Uint8Array
    const session = ({ bindings, query }: OpenedEngineFile, ...statements: string[]): Uint8Array => {
      bindings.registerFileBuffer(name, file.slice())
      query(`ATTACH '${name}' AS catalog`)
      const rows = statements.map(query).at(-1)!
      query('CHECKPOINT catalog')
      query('DETACH catalog')
      file = Uint8Array.from(bindings.copyFileToBuffer(name))
      bindings.dropFile(name)
      return rows
    }
    const count = 'SELECT count(*) AS n FROM catalog.t'

    await native('CREATE TABLE t (i INTEGER, s VARCHAR)')
    file = await readFile(path)
    session(slim, 'BEGIN', "INSERT INTO catalog.t SELECT i, 's' || i FROM range(10000) u(i)", 'COMMIT')
    expect(session(official, count)).toEqual(official.query('SELECT 10000::BIGINT AS n'))
    session(official, 'BEGIN', 'DELETE FROM catalog.t WHERE i >= 2', 'COMMIT')
    session(slim, 'BEGIN', 'DELETE FROM catalog.t', 'ROLLBACK')
    expect(session(slim, count)).toEqual(official.query('SELECT 2::BIGINT AS n'))
    await writeFile(path, file)
    expect(await native()).toEqual([
      [0, 's0'],
      [1, 's1'],
    ])
    await rm(folder, { recursive: true })
  })
})
