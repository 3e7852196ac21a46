import { col, connect } from 'lakefront'
import { count } from 'lakefront/functions'

const [path = ''] = process.argv.slice(2)

await using db = await connect()
const [{ answer } = { answer: undefined }] = await db.sql('SELECT 6 * 7 AS answer').collect()
const byKind = await db.read
  .parquet(path)
  .filter(col('id').gt(10))
  .groupBy('kind')
  .agg(count().as('n'))
  .orderBy('kind')
  .collect()
const fromText = await db.sql(`SELECT max(name) AS last FROM '${path}'`).collect()
console.log(
  JSON.stringify({ answer, byKind, fromText }, (_, value) => (typeof value === 'bigint' ? Number(value) : value)),
)
