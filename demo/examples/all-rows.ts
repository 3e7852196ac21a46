import type { Session } from 'lakefront'

// Every flight; the grid takes the first million rows.
export default (db: Session) =>
  db.read.parquet('flights-3m.parquet')
