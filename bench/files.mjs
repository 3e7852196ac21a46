import { mkdir, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { root, say } from '../.ci/shell.mjs'

/** Bump when the rows change: files of an older edition are made anew. */
const edition = 1

/**
 * Rows like TPC-H's lineitem, from hashes of the row number: the same on every machine. Low-cardinality flags follow the
 * dates as they do there, prices are high entropy, comments are long and hardly repeat.
 * @param {number} rows
 */
export const lineitem = (rows) => `
  SELECT
    i // 4 AS l_orderkey,
    (h % 200_000)::BIGINT AS l_partkey,
    ((h >> 9) % 10_000)::BIGINT AS l_suppkey,
    (i % 4 + 1)::INTEGER AS l_linenumber,
    (1 + (h >> 3) % 50)::DECIMAL(15, 2) AS l_quantity,
    ((90_000 + (h >> 7) % 10_000_000) / 100)::DECIMAL(15, 2) AS l_extendedprice,
    (((h >> 13) % 11) / 100)::DECIMAL(15, 2) AS l_discount,
    (((h >> 17) % 9) / 100)::DECIMAL(15, 2) AS l_tax,
    CASE WHEN shipped + 15 > DATE '1995-06-17' THEN 'N' WHEN (h >> 21) % 2 = 0 THEN 'A' ELSE 'R' END AS l_returnflag,
    CASE WHEN shipped > DATE '1995-06-17' THEN 'O' ELSE 'F' END AS l_linestatus,
    shipped AS l_shipdate,
    shipped + ((h >> 27) % 60)::INTEGER - 30 AS l_commitdate,
    shipped + (1 + (h >> 33) % 30)::INTEGER AS l_receiptdate,
    left(md5(i::VARCHAR) || md5((i + 1)::VARCHAR), 30 + ((h >> 40) % 15)::INTEGER) AS l_comment
  FROM (
    SELECT i, hash(i) AS h, DATE '1992-01-02' + ((hash(i) >> 23) % 2526)::INTEGER AS shipped
    FROM range(${rows}) numbers(i)
  )`

/**
 * A table of 200 columns of integers, decimals and short strings, of which queries use few.
 * @param {number} rows
 */
const wide = (rows) => `
  SELECT i AS id, ${Array.from({ length: 199 }, (_, index) => {
    const number = `(hash(i * 200 + ${index}) % 10_000)`
    const types = [`${number}::INTEGER`, `(${number} / 100)::DECIMAL(9, 2)`, `'v' || (${number} % 500)`]
    return `${types[index % 3]} AS c${index + 1}`
  }).join(', ')}
  FROM range(${rows}) numbers(i)`

/**
 * Many rows of three narrow columns.
 * @param {number} rows
 */
const tall = (rows) => `
  SELECT i AS id, (hash(i) % 1000)::INTEGER AS kind, ((hash(i) >> 20) % 1_000_000)::INTEGER AS amount
  FROM range(${rows}) numbers(i)`

const flights = join(root, 'node_modules/vega-datasets/data/flights-3m.parquet')

/** What is made, by the name that queries use. Wide and tall files hold about as many values as the one like lineitem. @param {number} rows */
const recipes = (rows) => ({
  'lineitem.snappy': { select: lineitem(rows), codec: 'snappy', stem: `lineitem-snappy-${rows}` },
  'lineitem.zstd': { select: lineitem(rows), codec: 'zstd', stem: `lineitem-zstd-${rows}` },
  wide: { select: wide(Math.ceil(rows / 20)), codec: 'snappy', stem: `wide-${rows}` },
  tall: { select: tall(rows * 5), codec: 'snappy', stem: `tall-${rows}` },
})

/** Bytes by name. @param {Record<string, { bytes: number }>} files */
export const sizesOf = (files) => Object.fromEntries(Object.entries(files).map(([name, { bytes }]) => [name, bytes]))

/**
 * The files queries read, made by native DuckDB when they are not there yet.
 * @param {{ rows?: number, names?: readonly string[], folder?: string }} [options] rows of the lineitem-like table; the files that are needed
 * @returns {Promise<Record<string, { path: string, bytes: number }>>}
 */
export const benchFiles = async ({ rows = 6_000_000, names = [], folder = join(root, '.cache/bench') } = {}) => {
  await mkdir(folder, { recursive: true })
  /** @type {Record<string, string>} */
  const paths = { flights }
  for (const [file, { select, codec, stem }] of Object.entries(recipes(rows))) {
    if (!names.includes(file)) continue
    const path = join(folder, `${stem}-v${edition}.parquet`)
    paths[file] = path
    if (await stat(path).catch(() => undefined)) continue
    say(`making ${file}`)
    const instance = await DuckDBInstance.create(':memory:')
    const connection = await instance.connect()
    const name = path.replaceAll("'", "''")
    await connection.run(`COPY (${select}) TO '${name}.part' (FORMAT parquet, COMPRESSION ${codec})`)
    connection.closeSync()
    instance.closeSync()
    await rename(`${path}.part`, path)
  }
  const entries = Object.entries(paths).map(async ([name, path]) => [name, { path, bytes: (await stat(path)).size }])
  return Object.fromEntries(await Promise.all(entries))
}
