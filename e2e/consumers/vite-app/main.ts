import { col, connect } from 'lakefront'
import { count } from 'lakefront/functions'

const show = (state: string, value: unknown): void => {
  document.body.textContent = JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? Number(part) : part))
  document.documentElement.dataset['state'] = state
}

try {
  await using db = await connect()
  const answer = await db.sql('SELECT 6 * 7 AS answer').collect()
  const byKind = await db.read
    .parquet(new URL('rows.parquet', location.href).href)
    .filter(col('id').gt(10))
    .groupBy('kind')
    .agg(count().as('n'))
    .orderBy('kind')
    .collect()
  show('done', { answer, byKind })
} catch (error) {
  show('error', String(error))
}
