import { LakefrontError } from '../errors.ts'

/** The error of reading a file on a database that reads none, with the ways out. */
export function refuseFiles(engine: string): LakefrontError {
  return new LakefrontError(
    'UNSUPPORTED',
    `${engine} reads no Parquet files. Read them in a session of connect() and bring the rows over: pg.createDataFrame(await db.read.parquet(file).collect()); or load them into a table first.`,
    { details: { operation: 'read.parquet' } },
  )
}
