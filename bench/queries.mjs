/**
 * @typedef {object} Query
 * @property {string} name stable: figures are named by it
 * @property {string} file which of the bench's files it reads: `{file}` in its text is replaced by its name in braces
 * @property {boolean} [chosen] the file is one that the user chose from disk, not at an address (pages only)
 * @property {string} sql every column comes out as text or as an integer below 2^53, so that systems compare as text
 */

const q1 = `
  SELECT l_returnflag, l_linestatus,
    sum(l_quantity)::VARCHAR AS sum_qty,
    sum(l_extendedprice)::VARCHAR AS sum_base_price,
    sum(l_extendedprice * (1 - l_discount))::VARCHAR AS sum_disc_price,
    sum(l_extendedprice * (1 - l_discount) * (1 + l_tax))::VARCHAR AS sum_charge,
    round(avg(l_quantity), 4)::VARCHAR AS avg_qty,
    round(avg(l_extendedprice), 4)::VARCHAR AS avg_price,
    round(avg(l_discount), 4)::VARCHAR AS avg_disc,
    count(*)::INTEGER AS count_order
  FROM {file} WHERE l_shipdate <= DATE '1998-09-02'
  GROUP BY l_returnflag, l_linestatus ORDER BY l_returnflag, l_linestatus`

const q6 = `
  SELECT sum(l_extendedprice * l_discount)::VARCHAR AS revenue FROM {file}
  WHERE l_shipdate >= DATE '1994-01-01' AND l_shipdate < DATE '1995-01-01'
    AND l_discount BETWEEN 0.05 AND 0.07 AND l_quantity < 24`

/** @type {readonly Query[]} */
const written = [
  { name: 'q1', file: 'lineitem.snappy', sql: q1 },
  { name: 'q1.zstd', file: 'lineitem.zstd', sql: q1 },
  { name: 'q1.file', file: 'lineitem.snappy', sql: q1, chosen: true },
  { name: 'q6', file: 'lineitem.snappy', sql: q6 },
  { name: 'q6.zstd', file: 'lineitem.zstd', sql: q6 },
  { name: 'count', file: 'lineitem.snappy', sql: 'SELECT count(*)::INTEGER AS n FROM {file}' },
  { name: 'strings', file: 'lineitem.snappy', sql: 'SELECT min(l_comment) AS low, max(l_comment) AS high FROM {file}' },
  {
    name: 'groups',
    file: 'lineitem.snappy',
    sql: `SELECT l_returnflag, count(*)::INTEGER AS n, sum(l_quantity)::VARCHAR AS quantity FROM {file}
      GROUP BY l_returnflag ORDER BY l_returnflag`,
  },
  {
    name: 'lookup',
    file: 'lineitem.snappy',
    sql: `SELECT l_linenumber, l_extendedprice::VARCHAR AS price, l_comment FROM {file}
      WHERE l_orderkey = 987654 ORDER BY l_linenumber`,
  },
  {
    name: 'wide',
    file: 'wide',
    sql: `SELECT c150, count(*)::INTEGER AS n, sum(c1)::VARCHAR AS whole, sum(c101)::VARCHAR AS decimals FROM {file}
      GROUP BY c150 ORDER BY c150`,
  },
  {
    name: 'tall',
    file: 'tall',
    sql: `SELECT kind, count(*)::INTEGER AS n, sum(amount)::VARCHAR AS amount FROM {file}
      WHERE amount >= 500000 GROUP BY kind ORDER BY n DESC, kind LIMIT 10`,
  },
  {
    name: 'flights.top',
    file: 'flights',
    sql: `SELECT origin, count(*)::INTEGER AS n, sum(delay)::INTEGER AS minutes FROM {file}
      WHERE delay > 60 GROUP BY origin ORDER BY n DESC, origin LIMIT 10`,
  },
  {
    name: 'flights.limit',
    file: 'flights',
    sql: `SELECT "date"::VARCHAR AS at, delay::INTEGER AS delay, distance::INTEGER AS distance, origin, destination
      FROM {file} LIMIT 10`,
  },
]

/** @type {readonly Query[]} */
export const queries = written.map((query) => ({ ...query, sql: query.sql.replaceAll('{file}', `{${query.file}}`) }))

/**
 * The queries a list of names asks for; `q1` also asks for `q1.zstd` and `q1.file`, `q1.` for `q1` alone.
 * @param {string | undefined} names separated by commas
 */
export const chosenQueries = (names) => {
  if (names === undefined) return queries
  const wanted = names.split(',').map((name) => name.trim())
  for (const name of wanted) {
    if (queries.some((query) => isOf(query, name))) continue
    throw new Error(`No query is named "${name}". Queries: ${queries.map((query) => query.name).join(', ')}.`)
  }
  return queries.filter((query) => wanted.some((name) => isOf(query, name)))
}

/** @param {Query} query @param {string} name */
const isOf = (query, name) =>
  query.name === name.replace(/\.$/, '') || query.name.startsWith(name.endsWith('.') ? '\0' : `${name}.`)
