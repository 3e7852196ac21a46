import { col } from 'lakefront'
import type { Session } from 'lakefront'
import * as F from 'lakefront/functions'

// More than fifteen hours late, the worst first.
export default (db: Session) =>
  db.read
    .parquet('flights-3m.parquet')
    .filter(col('delay').gt(900))
    .select(
      'date',
      'origin',
      'destination',
      'distance',
      'delay',
      F.round(col('delay').div(60), 1).as('hours'),
    )
    .orderBy(col('delay').desc(), 'date')
