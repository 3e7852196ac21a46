/**
 * What is done to a lake while it is crashed and raced, and what has to be in it then: the same steps in a lake and in a plain model.
 *
 * @typedef {Map<number, number>} Rows value by id
 * @typedef {{ t: Rows, u: Rows }} Model
 */

/** @param {number} first @param {number} count @param {number} value */
const rowsFrom = (first, count, value) => Array.from({ length: count }, (_, index) => ({ id: first + index, v: value }))

/** @param {Rows} rows @param {readonly { id: number, v: number }[]} added */
const put = (rows, added) => added.forEach(({ id, v }) => rows.set(id, v))

/** @param {Rows} rows @param {(id: number) => boolean} isGone */
const take = (rows, isGone) => [...rows.keys()].filter(isGone).forEach((id) => rows.delete(id))

/** Each a commit; `n` counts them. @type {readonly { name: string, run: (lake: any, n: number) => Promise<any>, model: (model: Model, n: number) => void }[]} */
const kinds = [
  {
    name: 'insert',
    run: (lake, n) => lake.table('t').insert(rowsFrom(n * 100, 20, n)),
    model: ({ t }, n) => put(t, rowsFrom(n * 100, 20, n)),
  },
  {
    name: 'delete',
    run: (lake, n) => lake.table('t').delete(`id % 7 = ${n % 7}`),
    model: ({ t }, n) => take(t, (id) => id % 7 === n % 7),
  },
  {
    name: 'update',
    run: (lake, n) => lake.sqlUpdate('t', n),
    model: ({ t }, n) => [...t].filter(([id]) => id % 5 === n % 5).forEach(([id, v]) => t.set(id, v + 1000)),
  },
  {
    name: 'transaction',
    run: (lake, n) =>
      lake.transaction(async (/** @type {any} */ tx) => {
        await tx.table('u').insert(rowsFrom(n * 100, 15, -n))
        await tx.table('t').delete(`id % 11 = ${n % 11}`)
      }),
    model: ({ t, u }, n) => {
      put(u, rowsFrom(n * 100, 15, -n))
      take(t, (id) => id % 11 === n % 11)
    },
  },
  {
    name: 'merge',
    run: (lake, n) => lake.table('u').upsert(rowsFrom((n - 1) * 100 + 5, 20, n), { key: 'id' }),
    model: ({ u }, n) => put(u, rowsFrom((n - 1) * 100 + 5, 20, n)),
  },
  { name: 'compact', run: (lake) => lake.compact(), model: () => {} },
  { name: 'tidy', run: (lake) => lake.tidy(), model: () => {} },
]

export const kindCount = kinds.length

/** @param {number} n */
export const kindOf = (n) => /** @type {(typeof kinds)[number]} */ (kinds[n % kinds.length])

/** What the two tables hold after the first `count` commits. @param {number} count @returns {string} */
export const modelAfter = (count) => {
  const model = { t: new Map(), u: new Map() }
  for (let n = 0; n < count; n++) kindOf(n).model(model, n)
  return stateText(model)
}

/** @param {{ t: Iterable<readonly [number, number]>, u: Iterable<readonly [number, number]> }} state */
const stateText = ({ t, u }) =>
  [t, u]
    .map((rows) =>
      [...rows]
        .sort(([a], [b]) => a - b)
        .map((row) => row.join(':'))
        .join(),
    )
    .join(' | ')

/**
 * Opens the lake, makes its tables when they are not there, and gives what the commits need.
 * @param {any} lakefront the package @param {any} db @param {string} url
 */
export const openOperated = async ({ col }, db, url) => {
  const lake = await db.openLake(url, { create: true })
  await lake.createTable('t', { id: 'bigint', v: 'bigint' }, { ifNotExists: true })
  await lake.createTable('u', { id: 'bigint', v: 'bigint' }, { ifNotExists: true })
  const operated = {
    lake,
    table: (/** @type {string} */ name) => lake.table(name),
    transaction: (/** @type {any} */ work) => lake.transaction(work),
    compact: () => lake.compact(),
    tidy: async () => {
      const olderThan = new Date(Date.now() + 1000)
      await lake.expireSnapshots({ olderThan })
      return lake.vacuum({ olderThan })
    },
    sqlUpdate: (/** @type {string} */ name, /** @type {number} */ n) =>
      lake.table(name).update({ set: { v: col('v').add(1000) }, where: `id % 5 = ${n % 5}` }),
  }
  /** @param {string} name */
  const rowsOf = async (name) =>
    (await lake.table(name).collect()).map((/** @type {any} */ row) => [Number(row.id), Number(row.v)])
  return {
    lake,
    /** @param {number} n */
    commit: (n) => kindOf(n).run(operated, n),
    state: async () => stateText({ t: await rowsOf('t'), u: await rowsOf('u') }),
    /** What `check()` finds wrong, as text. @returns {Promise<string[]>} */
    problems: () => problemsOf(lake),
  }
}

/** What `check()` finds wrong: orphans of what was killed are none. @param {any} lake @returns {Promise<string[]>} */
export const problemsOf = async (lake) => {
  if (typeof lake.check !== 'function') return []
  const { findings } = await lake.check()
  return findings
    .filter((/** @type {any} */ { severity }) => severity === 'error')
    .map((/** @type {any} */ finding) => JSON.stringify(finding))
}
