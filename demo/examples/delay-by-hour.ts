import { sql } from 'lakefront'
import type { Session } from 'lakefront'
import * as F from 'lakefront/functions'

// Delays pile up during the day; the bar is plain text.
export default (db: Session) =>
  db.read
    .parquet('flights-3m.parquet')
    .withColumn('hour', F.hour('date'))
    .filter(F.hour('date').between(5, 23))
    .groupBy('hour')
    .agg(
      F.count().as('flights'),
      F.round(F.avg('delay'), 2).as('mean_delay'),
      sql`bar(avg(delay), 0, 50, 40)`.as('picture'),
    )
    .orderBy('hour')
