import { col } from 'lakefront'
import type { Session } from 'lakefront'

// The three latest flights from each of the busiest airports.
// DataFrames and values go into SQL text safely: nothing to
// quote, nothing to inject.
export default (db: Session) => {
  const late = db.read
    .parquet('flights-3m.parquet')
    .filter(col('delay').gt(120))
  return db.sql`
    WITH ranked AS (
      SELECT origin, date, destination, delay,
             row_number() OVER (
               PARTITION BY origin ORDER BY delay DESC, date
             ) AS place,
             count(*) OVER (PARTITION BY origin) AS flights
      FROM ${late}
    )
    SELECT origin, place, date, destination, delay
    FROM ranked
    WHERE place <= ${3} AND flights > ${1000}
    ORDER BY flights DESC, origin, place`
}
