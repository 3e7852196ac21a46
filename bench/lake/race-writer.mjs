import { problemsOf } from './operations.mjs'

/** Rows that all writers want: each takes the first that is left. */
export const stockRows = 400

/** A commit of a writer that happened. @typedef {{ writer: number, n: number, kind: 'append' | 'claim', snapshot: number, attempts: number, reruns: number, roundTrips: number, milliseconds: number }} RaceCommit */

/** Makes the tables that writers race in. @param {any} db @param {string} url */
export const prepareRace = async (db, url) => {
  const lake = await db.openLake(url, { create: true })
  await lake.createTable('log', { writer: 'integer', n: 'integer', k: 'integer' })
  await lake.createTable('stock', { id: 'integer' })
  await lake.createTable('claimed', { id: 'integer', writer: 'integer' })
  // In a few files, so that deletes meet in one of them.
  for (let first = 0; first < stockRows; first += stockRows / 4)
    await lake.table('stock').insert(Array.from({ length: stockRows / 4 }, (_, index) => ({ id: first + index })))
  const { snapshot } = await lake.table('claimed').insert([])
  await lake.close()
  return snapshot
}

/**
 * One writer: four of five commits append ten rows, the fifth takes the first row that is left of one table and notes it in another, which
 * everybody else wants to do too.
 * @param {any} lakefront @param {any} db @param {{ url: string, writer: number, commits: number }} options
 * @returns {Promise<RaceCommit[]>}
 */
export const runWriter = async ({ col }, db, { url, writer, commits }) => {
  const lake = await db.openLake(url)
  /** @type {RaceCommit[]} */
  const done = []
  for (let n = 0; n < commits; n++) {
    const began = performance.now()
    const kind = n % 5 === 4 ? 'claim' : 'append'
    const options = { retries: 200, message: `${writer}:${n}` }
    let runs = 0
    /** @param {any} tx */
    const claim = async (tx) => {
      runs++
      const [first] = await tx.table('stock').orderBy('id').limit(1).collect()
      await tx.table('stock').delete(col('id').eq(first.id))
      await tx.table('claimed').insert([{ id: first.id, writer }])
    }
    const { snapshot, attempts, roundTrips } = await (kind === 'append'
      ? lake.table('log').insert(
          Array.from({ length: 10 }, (_, k) => ({ writer, n, k })),
          options,
        )
      : lake.transaction(claim, { ...options, reruns: 200 }))
    const milliseconds = performance.now() - began
    done.push({ writer, n, kind, snapshot, attempts, reruns: Math.max(0, runs - 1), roundTrips, milliseconds })
  }
  await lake.close()
  return done
}

/**
 * Whether what is in the lake is what the commits did, one after the other in the order of their snapshots.
 * @param {any} db @param {string} url @param {{ first: number, commits: readonly RaceCommit[] }} raced `first`: the snapshot that the race began on
 * @returns {Promise<string[]>} what is wrong
 */
export const checkRace = async (db, url, { first, commits }) => {
  const lake = await db.openLake(url, { readOnly: true })
  /** @type {string[]} */
  const wrong = []
  const order = [...commits].sort((a, b) => a.snapshot - b.snapshot)
  order.forEach(({ snapshot, writer, n }, index) => {
    if (snapshot !== first + 1 + index)
      wrong.push(`commit ${n} of writer ${writer} is snapshot ${snapshot}, not ${first + 1 + index}`)
  })
  const history = await (await lake.snapshots()).collect()
  const messages = new Map(history.map((/** @type {any} */ { version, message }) => [Number(version), message]))
  if (messages.size !== first + 1 + order.length)
    wrong.push(`${messages.size} snapshots, not ${first + 1 + order.length}`)
  for (const { snapshot, writer, n } of order)
    if (messages.get(snapshot) !== `${writer}:${n}`)
      wrong.push(`snapshot ${snapshot} is of ${messages.get(snapshot)}, not ${writer}:${n}`)
  const appended = await lake.table('log').withRowIds().collect()
  /** @type {Map<string, { rows: Set<number>, snapshots: Set<number> }>} */
  const rows = new Map()
  for (const { writer, n, k, snapshot_id } of appended) {
    const key = `${writer}:${n}`
    const seen = rows.get(key) ?? { rows: new Set(), snapshots: new Set() }
    rows.set(key, seen)
    if (seen.rows.has(k)) wrong.push(`row ${k} of ${key} is there twice`)
    seen.rows.add(k)
    seen.snapshots.add(Number(snapshot_id))
  }
  const ids = new Set(appended.map((/** @type {any} */ { rowid }) => rowid))
  if (ids.size !== appended.length) wrong.push('row ids are not unique')
  for (const { kind, writer, n, snapshot } of order) {
    if (kind !== 'append') continue
    const seen = rows.get(`${writer}:${n}`)
    rows.delete(`${writer}:${n}`)
    if (seen?.rows.size !== 10 || [...seen.snapshots].join() !== String(snapshot))
      wrong.push(
        `append ${writer}:${n} of snapshot ${snapshot} is there as ${seen?.rows.size ?? 0} rows of ${[...(seen?.snapshots ?? [])].join()}`,
      )
  }
  if (rows.size > 0) wrong.push(`there are rows of ${[...rows.keys()].join()}, which nobody committed`)
  const claimed = await lake.table('claimed').withRowIds().orderBy('snapshot_id').collect()
  const claims = order.filter(({ kind }) => kind === 'claim')
  if (claimed.length !== claims.length) wrong.push(`${claimed.length} rows are claimed, not ${claims.length}`)
  // One after the other, each took what was the first then.
  claimed.forEach((/** @type {any} */ { id, writer, snapshot_id }, /** @type {number} */ index) => {
    const claim = claims[index]
    if (id !== index || writer !== claim?.writer || Number(snapshot_id) !== claim?.snapshot)
      wrong.push(
        `claim ${index} is of row ${id} by writer ${writer} in snapshot ${snapshot_id}, not by ${claim?.writer} in ${claim?.snapshot}`,
      )
  })
  const left = (await lake.table('stock').orderBy('id').collect()).map((/** @type {any} */ { id }) => id)
  if (
    left.length !== stockRows - claims.length ||
    left.some((/** @type {number} */ id, /** @type {number} */ index) => id !== claims.length + index)
  )
    wrong.push(`${left.length} rows of the stock are left, from ${left[0]} on, not ${stockRows - claims.length}`)
  const middle = order[order.length >> 1]?.snapshot ?? first
  for (const version of new Set([first, middle, first + order.length])) {
    const [at] = await db
      .sql(
        `SELECT (SELECT count(*) FROM lake.stock AT (VERSION => ${version})) + (SELECT count(*) FROM lake.claimed AT (VERSION => ${version})) AS n`,
      )
      .collect()
    if (Number(at.n) !== stockRows)
      wrong.push(`at version ${version} ${at.n} rows are in stock or claimed, not ${stockRows}`)
  }
  wrong.push(...(await problemsOf(lake)))
  await lake.close()
  return wrong
}
