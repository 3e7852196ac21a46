import type { Session } from 'lakefront'

// Every flight: rows stream in, the grid takes the first million.
export default (db: Session) =>
  db.read.parquet('flights-3m.parquet')
