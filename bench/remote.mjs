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
    name: 'point.fine',
    file: 'lineitem.fine',
    sql: `SELECT l_linenumber, l_extendedprice::VARCHAR AS price, l_comment FROM {lineitem.fine}
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
source, target, kind = sys.argv[1:]
options = {} if kind == 'indexed' else {'data_page_size': 65536, 'use_dictionary': ['l_returnflag', 'l_linestatus', 'l_shipmode', 'l_shipinstruct']}
parquet.write_table(parquet.read_table(source), target, compression='snappy', write_page_index=True, **options)
`

/**
 * The same rows, sorted by l_orderkey as they are, by a writer that adds a page index: `indexed` as pyarrow writes by default, `fine` with pages of 64 KB
 * and dictionaries only where they are small.
 * @param {string} source @param {'indexed' | 'fine'} kind
 */
export const indexedFile = async (source, kind) => {
  const path = join(root, '.cache/bench', source.replace(/^.*lineitem-snappy/, `lineitem-${kind}`))
  if (!(await stat(path).catch(() => undefined))) {
    say(`making lineitem with a page index (${kind})`)
    await runPython('python', ['-c', script, source, `${path}.part`, kind])
    await rename(`${path}.part`, path)
  }
  return { path, bytes: (await stat(path)).size }
}

/**
 * Compressed bytes of columns by the footer, as native DuckDB reads it: of all row groups, and of the largest one; and the bytes of the
 * footer itself, without which nobody knows where a column is.
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
  const [footer] = (
    await connection.runAndReadAll(
      `SELECT footer_size::INTEGER + 8 FROM parquet_file_metadata('${path.replaceAll("'", "''")}')`,
    )
  ).getRows()
  connection.closeSync()
  instance.closeSync()
  return {
    footer: Number(footer?.[0]),
    all: groups.reduce((total, bytes) => total + bytes, 0),
    group: Math.max(...groups),
  }
}
