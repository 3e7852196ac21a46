import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { DuckDBInstance } from '@duckdb/node-api'
import { root, say } from '../../.ci/shell.mjs'
import { lineitem } from '../files.mjs'
import { median } from '../figures.mjs'

const codecs = /** @type {const} */ (['snappy', 'zstd'])

/**
 * Rows like lineitem from a table to a Parquet file: a session of ours (`ours`), native DuckDB with one thread (`native1`) and with all (`native`), and what of
 * ours is encoding (`encode`): columns to bytes, in one thread, nothing read or stored.
 * @param {import('../suite.js').SuiteOptions} options
 * @returns {Promise<import('../suite.js').SuiteResult>}
 */
export const runSuite = async ({ rows, rounds, build }) => {
  await build()
  const { connect } = await import(join(root, 'dist/index.js'))
  const folder = await mkdtemp(join(tmpdir(), 'lakefront-bench-'))
  const fileOf = (/** @type {string} */ system) => join(folder, `${system}.parquet`)
  const session = await connect()
  const instance = await DuckDBInstance.create(':memory:')
  const native = await instance.connect()
  try {
    say(`making ${rows} rows`)
    await session.sql(`CREATE TABLE lineitem AS ${lineitem(rows)}`).collect()
    await native.run(`CREATE TABLE lineitem AS ${lineitem(rows)}`)
    const encode = await openEncoder(session)
    const copy = async (
      /** @type {string} */ system,
      /** @type {string} */ compression,
      /** @type {string} */ threads,
    ) => {
      await native.run(`SET threads = ${threads}`)
      await native.run(`COPY lineitem TO '${fileOf(system)}' (COMPRESSION ${compression})`)
    }
    /** @type {Record<string, (compression: string) => Promise<unknown>>} */
    const systems = {
      ours: (compression) =>
        session.sql('FROM lineitem').write.mode('overwrite').parquet(fileOf('ours'), { compression }),
      encode,
      native1: (compression) => copy('native1', compression, '1'),
      native: (compression) => copy('native', compression, String(availableParallelism())),
    }
    /** @type {Record<string, number>} */
    const figures = {}
    /** @type {Record<string, Record<string, number>>} */
    const milliseconds = {}
    /** @type {Record<string, number>} */
    const files = {}
    for (const compression of codecs) {
      say(compression)
      const { times, processor } = await takeTurns(systems, rounds, compression)
      await checkEqual(native, fileOf('ours'))
      const of = (/** @type {string} */ system) => median(times[system] ?? [])
      const rounded = (/** @type {number} */ value) => Number(value.toPrecision(3))
      for (const other of ['native1', 'native'])
        figures[`write.${compression}/${other}`] = rounded(of('ours') / of(other))
      figures[`write.${compression}.cpu/native1`] = rounded(
        median(processor['ours'] ?? []) / median(processor['native1'] ?? []),
      )
      figures[`write.${compression}.encode/native1`] = rounded(of('encode') / of('native1'))
      for (const system of ['ours', 'native1']) files[`${system}.${compression}`] = (await stat(fileOf(system))).size
      figures[`write.${compression}.bytes/native1`] = rounded(
        (files[`ours.${compression}`] ?? NaN) / (files[`native1.${compression}`] ?? NaN),
      )
      milliseconds[compression] = Object.fromEntries(
        Object.keys(systems).map((system) => [system, Math.round(of(system))]),
      )
    }
    return { figures, milliseconds, files }
  } finally {
    await session.close()
    native.closeSync()
    await rm(folder, { recursive: true })
  }
}

/**
 * Encodes the columns of the table, which are at hand.
 * @param {any} session @returns {Promise<(compression: string) => Promise<unknown>>}
 */
const openEncoder = async (session) => {
  const { build } = await import('rolldown')
  const dir = join(root, '.cache/bench/write')
  await build({
    cwd: root,
    input: { ours: 'bench/write/ours.ts' },
    platform: 'node',
    logLevel: 'silent',
    external: [/^apache-arrow$/],
    output: { dir, entryFileNames: '[name].mjs' },
  })
  const ours = await import(pathToFileURL(join(dir, 'ours.mjs')).href)
  const { schema, batches } = ours.batchesFromArrow(await session.sql('FROM lineitem').toArrow())
  const wasm = createRequire(import.meta.url).resolve('parquet-wasm/esm/parquet_wasm_bg.wasm')
  const encoder = ours.parquetEncoder(ours.encodeHere(ours.streamEncoder(() => readFile(wasm))))
  return async (compression) => {
    const writer = encoder.open(schema.fields, { compression, emit: () => {} })
    for (const batch of batches) await writer.write(batch)
    return writer.finish()
  }
}

/**
 * @param {Record<string, (compression: string) => Promise<unknown>>} systems @param {number} rounds @param {string} compression
 */
const takeTurns = async (systems, rounds, compression) => {
  const empty = () =>
    /** @type {Record<string, number[]>} */ (Object.fromEntries(Object.keys(systems).map((name) => [name, []])))
  const [times, processor] = [empty(), empty()]
  for (let round = -1; round < rounds; round++) {
    for (const [name, run] of Object.entries(systems)) {
      const [started, used] = [performance.now(), process.cpuUsage()]
      await run(compression)
      const { user, system } = process.cpuUsage(used)
      // The first turn is for the compiler.
      if (round < 0) continue
      times[name]?.push(performance.now() - started)
      processor[name]?.push((user + system) / 1000)
    }
  }
  return { times, processor }
}

/** Every value, as one hash. @param {import('@duckdb/node-api').DuckDBConnection} native @param {string} file */
const checkEqual = async (native, file) => {
  const hashOf = (/** @type {string} */ from) => `SELECT count(*), bit_xor(hash(rows)) FROM ${from} AS rows`
  const [wanted, found] = [
    (await native.runAndReadAll(hashOf('lineitem'))).getRows(),
    (await native.runAndReadAll(hashOf(`read_parquet('${file}')`))).getRows(),
  ]
  if (String(wanted) !== String(found)) throw new Error(`The written file holds ${found}, the table ${wanted}.`)
}
