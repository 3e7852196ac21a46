import { rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { root, say } from '../.ci/shell.mjs'
import { runPython } from './python.mjs'

/**
 * @typedef {object} RemoteQuery
 * @property {string} name figures are named by it
 * @property {string} file
 * @property {string} sql every column comes out as text or as a small integer
 * @property {readonly string[]} [columns] what the query needs of each row group
 */

/** @type {readonly RemoteQuery[]} */
export const remoteQueries = [
  {
    name: 'remote',
    file: 'lineitem.snappy',
    sql: `SELECT l_returnflag, l_linestatus, sum(l_quantity)::VARCHAR AS quantity,
        sum(l_extendedprice * (1 - l_discount))::VARCHAR AS price
      FROM {lineitem.snappy} WHERE l_shipdate <= DATE '1998-09-02'
      GROUP BY l_returnflag, l_linestatus ORDER BY l_returnflag, l_linestatus`,
    columns: ['l_returnflag', 'l_linestatus', 'l_quantity', 'l_extendedprice', 'l_discount', 'l_shipdate'],
  },
  {
    name: 'point',
    file: 'lineitem.indexed',
    sql: `SELECT l_linenumber, l_extendedprice::VARCHAR AS price, l_comment FROM {lineitem.indexed}
      WHERE l_orderkey = KEY ORDER BY l_linenumber`,
  },
  {
    name: 'limit10',
    file: 'lineitem.snappy',
    sql: `SELECT l_orderkey::INTEGER AS l_orderkey, l_extendedprice::VARCHAR AS price, l_comment
      FROM {lineitem.snappy} LIMIT 10`,
    columns: ['l_orderkey', 'l_extendedprice', 'l_comment'],
  },
  { name: 'count', file: 'lineitem.snappy', sql: 'SELECT count(*)::INTEGER AS n FROM {lineitem.snappy}' },
]

const script = `
import sys, pyarrow.parquet as parquet
source, target = sys.argv[1:]
parquet.write_table(parquet.read_table(source), target, compression='snappy', write_page_index=True)
`

/**
 * The same rows by a writer that adds a page index, sorted by l_orderkey as they are.
 * @param {string} source
 */
export const indexedFile = async (source) => {
  const path = join(root, '.cache/bench', source.replace(/^.*lineitem-snappy/, 'lineitem-indexed'))
  if (!(await stat(path).catch(() => undefined))) {
    say('making lineitem with a page index')
    await runPython('python', ['-c', script, source, `${path}.part`])
    await rename(`${path}.part`, path)
  }
  return { path, bytes: (await stat(path)).size }
}

/**
 * Compressed bytes of columns by the footer, as native DuckDB reads it: of all row groups, and of the largest one.
 * @param {string} path @param {readonly string[]} columns
 */
export const neededBytes = async (path, columns) => {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  const names = columns.map((name) => `'${name}'`).join(', ')
  const reader = await connection.runAndReadAll(`
    SELECT sum(total_compressed_size)::INTEGER AS bytes FROM parquet_metadata('${path.replaceAll("'", "''")}')
    WHERE path_in_schema IN (${names}) GROUP BY row_group_id`)
  const groups = reader.getRowObjectsJS().map(({ bytes }) => Number(bytes))
  connection.closeSync()
  instance.closeSync()
  return { all: groups.reduce((total, bytes) => total + bytes, 0), group: Math.max(...groups) }
}
