import { col, sql } from 'lakefront'
import type { Session } from 'lakefront'
import * as F from 'lakefront/functions'

// How delays are distributed, in steps of 15 minutes.
export default (db: Session) =>
  db.read
    .parquet('flights-3m.parquet')
    .filter(col('delay').between(-30, 179))
    .withColumn(
      'from_minutes',
      F.floor(col('delay').div(15)).mul(15).cast('integer'),
    )
    .groupBy('from_minutes')
    .agg(
      F.count().as('flights'),
      sql`bar(count(*), 0, 1500000, 40)`.as('picture'),
    )
    .orderBy('from_minutes')
