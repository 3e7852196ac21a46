import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  nativeConnection,
  nativeRows,
  nativeSchema,
  provider,
  schemaOf,
  tableRows,
} from '../../scan/fixtures/native.ts'
import { formatValue } from '../../types/format-value.ts'
import { typeName } from '../../types/type-names.ts'
import { everyType } from './fixtures/every-type.ts'
import { batchOf, writeFile } from './fixtures/write-file.ts'

let connection: DuckDBConnection
const folder = mkdtempSync(join(tmpdir(), 'lakefront-write-'))
const path = join(folder, 'written.parquet')

beforeAll(async () => {
  connection = await nativeConnection()
})

afterAll(() => {
  connection.closeSync()
  rmSync(folder, { recursive: true })
})

const { fields, batch } = batchOf(everyType.map(({ name, type, values }) => [name, type, values]))

/** What a reader is to see, row by row. */
const expectedRows =
  batch.columns[0]!.length === 0
    ? []
    : [0, 1, 2, 3].map((row) =>
        everyType.map(({ type, values, stored }) => stored?.texts?.[row] ?? formatValue(values[row] ?? null, type)),
      )
const expectedSchema = everyType.map(({ name, type, stored }) => `${name} ${stored?.type ?? typeName(type)}`)

describe('every type', () => {
  test.each(['none', 'snappy', 'gzip', 'zstd', 'lz4', 'brotli'] as const)(
    'is read back from %s',
    async (compression) => {
      const { file, summary } = await writeFile(fields, [batch, batch], { compression, rowGroupRows: 5 })
      writeFileSync(path, file)
      expect(await nativeSchema(connection, path)).toEqual(expectedSchema)
      expect(await nativeRows(connection, path)).toEqual([...expectedRows, ...expectedRows])
      expect(summary).toMatchObject({ rows: 8, bytes: file.length })
      const table = await provider().table({ id: path, format: 'parquet', files: [path] })
      expect(await tableRows(table)).toEqual([...expectedRows, ...expectedRows])
      expect(schemaOf(table)).toEqual(expectedSchema)
    },
  )
})
