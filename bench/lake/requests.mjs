import { median } from '../figures.mjs'
import { loadTestStores } from './test-stores.mjs'

/**
 * Requests of commits to a store beyond those for data files, counted by the store: of the first commit of a session, which tries out what the store keeps, and of
 * those after it.
 * @param {import('./part.js').PartOptions} options
 */
export const requestsOfCommits = async ({ connect, rounds }) => {
  const { S3Store, account } = await loadTestStores()
  const store = await S3Store.start()
  const storage = { s3: { endpoint: store.endpoint, region: 'us-east-1', credentials: account } }
  const db = await connect({ storage })
  try {
    const made = await db.openLake('s3://bucket/lake', { create: true })
    await made.createTable('t', { id: 'bigint', name: 'varchar' })
    await made.close()
    const lake = await db.openLake('s3://bucket/lake')
    const counts = []
    for (let commit = 0; commit <= rounds; commit++) {
      const before = store.requests.length
      const report = await lake.table('t').insert(db.sql(`SELECT i AS id, 'row ' || i AS name FROM range(1000) t(i)`))
      const requests = store.requests.slice(before)
      const isData = (/** @type {any} */ { key }) => key.startsWith('lake/data/')
      if (!requests.some(isData) || report.attempts !== 1) throw new Error('The commit stored nothing, or lost a race.')
      counts.push(requests.filter((/** @type {any} */ request) => !isData(request)).length)
    }
    const [first = NaN, ...others] = counts
    return { 'commit.s3.first': first, 'commit.s3': median(others), 'commit.s3.most': Math.max(...others) }
  } finally {
    await db.close()
    await store.close()
  }
}
