import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DuckdbNativeEngine } from '../../engine/duckdb-native/duckdb-native-engine.ts'
import { rowsFromBatch } from '../../types/rows.ts'
import { parseType } from '../../types/type-names.ts'
import {
  type FileColumnStatistics,
  type TableColumnStatistics,
  compareStatistics,
  mergedColumnStatistics,
  statisticText,
} from './statistics.ts'

let engine: DuckdbNativeEngine
let folder: string
beforeAll(async () => {
  engine = await DuckdbNativeEngine.open()
  folder = await mkdtemp(join(tmpdir(), 'statistics-'))
})
afterAll(async () => {
  await engine.close()
  await rm(folder, { recursive: true })
})

async function rows(sql: string): Promise<Record<string, unknown>[]> {
  const stream = await engine.execute({ sql })
  const all: Record<string, unknown>[] = []
  for (let batch = await stream.next(); batch !== undefined; batch = await stream.next())
    all.push(...rowsFromBatch(batch))
  await stream.close()
  return all
}

/** Random values of each type, as SQL over `r`, a random number from 0 to 1. */
const types: Readonly<Record<string, string>> = {
  boolean: 'r > 0.5',
  tinyint: '(r * 255 - 128)::TINYINT',
  smallint: '(r * 65535 - 32768)::SMALLINT',
  integer: '(r * 4e9 - 2e9)::INTEGER',
  bigint: '((r - 0.5) * 1.8e19)::HUGEINT::BIGINT',
  utinyint: '(r * 255)::UTINYINT',
  usmallint: '(r * 65535)::USMALLINT',
  uinteger: '(r * 4294967295)::UINTEGER',
  ubigint: '(r * 1.8e19)::HUGEINT::UBIGINT',
  float: '((r - 0.5) * 10 ^ (r * 60 - 30))::FLOAT',
  double: '(r - 0.5) * 10 ^ (r * 600 - 300)',
  'decimal(4,1)': '(r * 1900 - 950)::DECIMAL(4,1)',
  'decimal(9,9)': '(r - 0.5)::DECIMAL(9,9)',
  'decimal(18,3)': '((r - 0.5) * 1e14)::DECIMAL(18,3)',
  'decimal(38,2)': '((r - 0.5) * 1e34)::DECIMAL(38,2)',
  date: `DATE '2000-01-01' + ((r - 0.5) * 1000000)::INTEGER`,
  time: `TIME '00:00:00' + to_microseconds((r * 86399999999)::BIGINT)`,
  timestamp: 'make_timestamp(((r - 0.5) * 4e15)::BIGINT)',
  timestamp_s: 'make_timestamp(((r - 0.5) * 4e15)::BIGINT)::TIMESTAMP_S',
  timestamp_ms: 'make_timestamp(((r - 0.5) * 4e15)::BIGINT)::TIMESTAMP_MS',
  timestamp_ns: 'make_timestamp(((r - 0.5) * 4e15)::BIGINT)::TIMESTAMP_NS',
  timestamptz: 'make_timestamp(((r - 0.5) * 4e15)::BIGINT)::TIMESTAMPTZ',
  varchar: `repeat(chr((32 + r * 55000)::INTEGER), (r * 5)::INTEGER) || chr(128512 + (r * 50)::INTEGER)`,
  uuid: 'md5(r::VARCHAR)::UUID',
  blob: `unhex(substr(md5(r::VARCHAR), 1, 2 + 2 * (r * 3)::INTEGER))`,
}

/** What native DuckDB says of a Parquet file it writes, and what we say of the least and greatest value of the same rows. */
async function ofFile(
  name: string,
  sql: string,
): Promise<{ theirs: FileColumnStatistics; ours: FileColumnStatistics }> {
  const type = parseType(name)
  const path = join(folder, `${name.replaceAll(/\W/g, '_')}.parquet`)
  const [copied] = await rows(`COPY (${sql}) TO '${path}' (FORMAT parquet, RETURN_STATS)`)
  const statistics = copied!['column_statistics'] as Map<string, Map<string, string>>
  const column = statistics.get('"x"')!
  const [own] = await rows(
    `SELECT min(x) AS lo, max(x) AS hi, count(x) AS n, count(*) - count(x) AS nulls FROM (${sql}) WHERE x IS NULL OR ${/float|double/.test(name) ? 'NOT isnan(x)' : 'true'}`,
  )
  const common = { column: 1, bytes: 1, containsNan: /float|double/.test(name) ? false : null }
  return {
    theirs: {
      ...common,
      valueCount: Number(column.get('num_values')) - Number(column.get('null_count')),
      nullCount: Number(column.get('null_count')),
      min: column.get('min') ?? null,
      max: column.get('max') ?? null,
    },
    ours: {
      ...common,
      valueCount: Number(own!['n']),
      nullCount: Number(own!['nulls']),
      min: statisticText(own!['lo'], type),
      max: statisticText(own!['hi'], type),
    },
  }
}

describe.each(Object.entries(types))('statistics of %s', (name, expression) => {
  it('are said as DuckDB says them, and merge to what DuckDB finds in all rows', async () => {
    const type = parseType(name)
    await rows('SELECT setseed(0.25)')
    await rows(
      `CREATE OR REPLACE TEMP TABLE values_of AS SELECT part, CASE WHEN random() < 0.2 THEN NULL ELSE ${expression} END AS x
       FROM (SELECT i % 12 AS part, random() AS r FROM range(300) t(i))`,
    )
    let merged: TableColumnStatistics | undefined
    for (let part = 0; part < 12; part++) {
      const where =
        part === 5
          ? 'SELECT x FROM values_of WHERE part = 5 AND x IS NULL'
          : `SELECT x FROM values_of WHERE part = ${part}`
      const { theirs, ours } = await ofFile(name, where)
      if (name === 'decimal(9,9)') expect(ours.min?.replace('0.', '.')).toBe(theirs.min?.replace('0.', '.'))
      else expect(ours).toEqual(theirs)
      merged = mergedColumnStatistics(merged, [ours], type)
    }
    const [whole] = await rows('SELECT min(x) AS lo, max(x) AS hi FROM values_of WHERE part <> 5')
    expect(merged).toMatchObject({
      min: statisticText(whole!['lo'], type),
      max: statisticText(whole!['hi'], type),
      containsNull: true,
    })
  })
})

describe('merging', () => {
  const file = (part: Partial<FileColumnStatistics>): FileColumnStatistics => ({
    column: 1,
    bytes: 1,
    valueCount: 1,
    nullCount: 0,
    min: '1',
    max: '1',
    containsNan: null,
    ...part,
  })

  it('gives a column up whose file says nothing of its values', () => {
    expect(
      mergedColumnStatistics(undefined, [file({}), file({ min: null, max: null })], { kind: 'integer' }),
    ).toBeUndefined()
  })

  it('keeps the bounds over files without values, and of NaN alone', () => {
    const none = file({ valueCount: 0, nullCount: 3, min: null, max: null })
    expect(mergedColumnStatistics(undefined, [none], { kind: 'integer' })).toMatchObject({
      min: null,
      max: null,
      containsNull: true,
    })
    expect(mergedColumnStatistics(undefined, [none, file({ min: '-2', max: '9' })], { kind: 'integer' })).toMatchObject(
      { min: '-2', max: '9' },
    )
    const nan = file({ valueCount: 2, min: null, max: null, containsNan: true })
    const number = file({ min: '0.5', max: 'inf', containsNan: false })
    expect(mergedColumnStatistics(undefined, [nan, number], { kind: 'double' })).toMatchObject({
      min: '0.5',
      max: 'inf',
      containsNan: true,
    })
  })

  it('compares by the type, not by the text', () => {
    expect(compareStatistics('9', '10', { kind: 'integer' })).toBeLessThan(0)
    expect(compareStatistics('9', '10', { kind: 'varchar' })).toBeGreaterThan(0)
    expect(compareStatistics('0044-03-15 (BC)', '0001-01-01', { kind: 'date' })).toBeLessThan(0)
    expect(compareStatistics('infinity', '9999-12-31', { kind: 'date' })).toBeGreaterThan(0)
    expect(compareStatistics('\u{1f600}', '\uffff', { kind: 'varchar' })).toBeGreaterThan(0)
    expect(compareStatistics('-1.50', '-1.5', { kind: 'decimal', precision: 9, scale: 2 })).toBe(0)
    expect(compareStatistics('abc', '1', { kind: 'integer' })).toBeUndefined()
  })

  it('keeps no text with a NUL sign, and no hugeint, which files hold as a double', () => {
    expect(statisticText('a\0b', { kind: 'varchar' })).toBeNull()
    expect(statisticText(5n, { kind: 'hugeint' })).toBeNull()
    expect(statisticText(new Uint8Array([1, 171]), { kind: 'blob' })).toBe('01AB')
  })
})
