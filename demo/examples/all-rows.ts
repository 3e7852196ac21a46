import type { DataFrame, Session } from 'lakefront'

// Every flight: rows stream in, the grid takes the first million.
export default (db: Session): DataFrame =>
  db.read.parquet('flights-3m.parquet')
