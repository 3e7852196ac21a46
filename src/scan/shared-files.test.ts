import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nativeConnection, nativeRows, nativeSchema, provider, schemaOf, tableRows } from './fixtures/native.ts'

/** A folder with other projects' test files, `parquet/` and `parquet-bad/`; they are no part of the repository. */
const data = process.env['LAKEFRONT_DATA']

/** Files that are not read as native DuckDB reads them, and what happens; the list stands in docs/parquet-files.md too. */
const others: Readonly<Record<string, string>> = {
  'large_string_map.brotli.parquet': 'UNSUPPORTED',
  'int96_from_spark.parquet': 'native DuckDB overflows in the last row, 290000-12-30, and prints another date',
}

const named = (folder: string): string[] =>
  data === undefined || !existsSync(join(data, folder)) ? [] : readdirSync(join(data, folder)).sort()

describe.skipIf(named('parquet').length === 0)('test files of other projects', () => {
  let native: DuckDBConnection
  const scans = provider()

  beforeAll(async () => {
    native = await nativeConnection()
  })
  afterAll(() => {
    scans.close()
    native.closeSync()
  })

  const ours = async (path: string): Promise<{ schema: string[]; rows: string[][] }> => {
    const table = await scans.table({ id: path, format: 'parquet', files: [path] })
    return { schema: schemaOf(table), rows: await tableRows(table) }
  }

  test.each(named('parquet'))('%s', async (name) => {
    const path = join(data!, 'parquet', name)
    if (others[name] === 'UNSUPPORTED') {
      await expect(ours(path)).rejects.toMatchObject({ code: 'UNSUPPORTED' })
      return
    }
    const { schema, rows } = await ours(path)
    expect(schema).toEqual(await nativeSchema(native, path))
    const expected = await nativeRows(native, path)
    if (others[name] === undefined) expect(rows).toEqual(expected)
    else expect(rows).not.toEqual(expected)
  })

  test.each(named('parquet-bad'))('%s: an error with a code, or what native DuckDB reads', async (name) => {
    const path = join(data!, 'parquet-bad', name)
    const found = await ours(path).catch((error: unknown) => error)
    if (found instanceof Error)
      expect(found).toMatchObject({ code: expect.stringMatching(/^(CORRUPT_FILE|UNSUPPORTED)$/) })
    else expect((found as { rows: string[][] }).rows).toEqual(await nativeRows(native, path))
  })
})
