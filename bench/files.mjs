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
const lineitem = (rows) => `
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

const flights = join(root, 'node_modules/vega-datasets/data/flights-3m.parquet')

/**
 * The files queries read, made by native DuckDB when they are not there yet.
 * @param {{ rows?: number, folder?: string }} [options] rows of the lineitem-like table
 * @returns {Promise<Record<string, { path: string, bytes: number }>>}
 */
export const benchFiles = async ({ rows = 6_000_000, folder = join(root, '.cache/bench') } = {}) => {
  await mkdir(folder, { recursive: true })
  const made = await Promise.all(
    ['snappy', 'zstd'].map((codec) => ({ codec, path: join(folder, `lineitem-${codec}-${rows}-v${edition}.parquet`) })),
  )
  for (const { codec, path } of made) {
    if (await stat(path).catch(() => undefined)) continue
    say(`making ${rows} rows of lineitem with ${codec}`)
    const instance = await DuckDBInstance.create(':memory:')
    const connection = await instance.connect()
    const name = path.replaceAll("'", "''")
    await connection.run(`COPY (${lineitem(rows)}) TO '${name}.part' (FORMAT parquet, COMPRESSION ${codec})`)
    connection.closeSync()
    instance.closeSync()
    await rename(`${path}.part`, path)
  }
  const paths = { flights, ...Object.fromEntries(made.map(({ codec, path }) => [`lineitem.${codec}`, path])) }
  const entries = Object.entries(paths).map(async ([name, path]) => [name, { path, bytes: (await stat(path)).size }])
  return Object.fromEntries(await Promise.all(entries))
}
