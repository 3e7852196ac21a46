import { col } from 'lakefront'
import type { Session } from 'lakefront'
import * as F from 'lakefront/functions'

// Joined with a small table made from rows.
export default (db: Session) => {
  const airports = db.createDataFrame([
    { origin: 'ATL', city: 'Atlanta', state: 'GA' },
    { origin: 'BOS', city: 'Boston', state: 'MA' },
    { origin: 'DEN', city: 'Denver', state: 'CO' },
    { origin: 'JFK', city: 'New York', state: 'NY' },
    { origin: 'LAX', city: 'Los Angeles', state: 'CA' },
    { origin: 'ORD', city: 'Chicago', state: 'IL' },
    { origin: 'SEA', city: 'Seattle', state: 'WA' },
    { origin: 'SFO', city: 'San Francisco', state: 'CA' },
  ])
  return db.read
    .parquet('flights-3m.parquet')
    .join(airports, 'origin')
    .groupBy('city', 'state')
    .agg(
      F.count().as('flights'),
      F.round(F.avg('distance')).as('mean_miles'),
      F.round(F.avg('delay'), 1).as('mean_delay'),
    )
    .orderBy(col('mean_miles').desc())
}
