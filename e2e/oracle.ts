import { fileURLToPath } from 'node:url'
import { DuckDBInstance } from '@duckdb/node-api'

/** Folder of the sample files that the demo serves. */
export const sampleFolder: string = fileURLToPath(new URL('../node_modules/vega-datasets/data/', import.meta.url))

/** Native DuckDB, for answers to compare with and files to try. */
export interface Oracle {
  /** Rows of `sql`, each value as DuckDB prints it. The sample file is known by its bare name. */
  rows(sql: string): Promise<string[][]>
  /** Runs statements for what they do. */
  run(sql: string): Promise<void>
  close(): void
}

export const openOracle = async (): Promise<Oracle> => {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
  const connection = await instance.connect()
  await connection.run(`SET file_search_path = '${sampleFolder.replaceAll("'", "''")}'`)
  return {
    async rows(sql) {
      const text = sql.replace(/;?\s*$/, '')
      const reader = await connection.runAndReadAll(`SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (\n${text}\n)`)
      return reader.getRows().map((row) => row.map((value) => (value === null ? 'NULL' : String(value))))
    },
    async run(sql) {
      await connection.run(sql)
    },
    close() {
      connection.closeSync()
      instance.closeSync()
    },
  }
}
