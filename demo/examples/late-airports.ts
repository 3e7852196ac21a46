import { col, when } from 'lakefront'
import type { Session } from 'lakefront'
import * as F from 'lakefront/functions'

// Where is a flight most often more than 15 minutes late?
export default (db: Session) =>
  db.read
    .parquet('flights-3m.parquet')
    .withColumn(
      'late',
      when(col('delay').gt(15), 100).otherwise(0),
    )
    .groupBy('origin')
    .agg(
      F.count().as('flights'),
      F.round(F.avg('late'), 1).as('late_percent'),
      F.round(F.avg('delay'), 1).as('mean_delay'),
      F.max('delay').as('worst_delay'),
    )
    .filter(col('flights').ge(30_000))
    .orderBy(col('late_percent').desc())
    .limit(15)
