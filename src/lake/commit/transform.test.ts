import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DuckdbNativeEngine } from '../../engine/duckdb-native/duckdb-native-engine.ts'
import type { ColumnBatch } from '../../types/column-data.ts'
import { rowsFromBatch } from '../../types/rows.ts'
import { murmur3 } from '../../types/murmur3.ts'
import { bucketsOf } from './bucket.ts'
import { parsePartitionKey, partitionFolder, transformSql } from './transform.ts'

const lake = fileURLToPath(new URL('../../../../shared/data/ducklake/partitions', import.meta.url))

let engine: DuckdbNativeEngine
beforeAll(async () => {
  engine = await DuckdbNativeEngine.open()
})
afterAll(() => engine.close())

async function batches(sql: string): Promise<ColumnBatch[]> {
  const stream = await engine.execute({ sql })
  const all: ColumnBatch[] = []
  for (let batch = await stream.next(); batch !== undefined; batch = await stream.next()) all.push(batch)
  await stream.close()
  return all
}

describe('how a table is partitioned', () => {
  it('is read from text', () => {
    expect(
      ['kind', 'month(at)', ' YEAR( "at ""time" ) ', 'bucket(16, id)', 'identity(x)', '"a(b)"'].map(parsePartitionKey),
    ).toEqual([
      { column: 'kind', transform: 'identity' },
      { column: 'at', transform: 'month' },
      { column: 'at "time', transform: 'year' },
      { column: 'id', transform: 'bucket(16)' },
      { column: 'x', transform: 'identity' },
      { column: 'a(b)', transform: 'identity' },
    ])
    for (const text of [
      '',
      'month(at',
      'bucket(0, id)',
      'bucket(id)',
      'month(3, at)',
      'week(at)',
      'a, b',
      'bucket(4,)',
    ])
      expect(() => parsePartitionKey(text), text).toThrow(/cannot be partitioned by/)
  })

  it('names folders and values as the reference implementation did', async () => {
    await batches(`ATTACH '${lake}/catalog.ducklake' AS parts (READ_ONLY)`)
    const files = (
      await batches(
        `SELECT f.path, f.partition_id, list(v.partition_value ORDER BY v.partition_key_index) AS parts FROM parts.ducklake_data_file f JOIN parts.ducklake_file_partition_value v USING (data_file_id) GROUP BY ALL`,
      )
    ).flatMap(rowsFromBatch)
    expect(files.length).toBeGreaterThan(15)
    for (const { path, partition_id: id, parts } of files) {
      const keys = (id === 2n ? ['region', 'year(event_time)', 'month(event_time)'] : ['bucket(4, id)']).map(
        parsePartitionKey,
      )
      const values = parts as (string | null)[]
      expect(String(path).startsWith(partitionFolder(keys, values)), String(path)).toBe(true)
      const file = `${lake}/data/main/t/${String(path)}`
      readFileSync(file)
      const own = await batches(
        `SELECT DISTINCT id, ${keys.map((key, at) => `${transformSql(key.transform, `"${key.column}"`, { kind: 'timestamp' })} AS k${at}`).join(', ')} FROM read_parquet('${file}', hive_partitioning=false)`,
      )
      for (const batch of own) {
        const found =
          id === 2n
            ? rowsFromBatch(batch).map((row) => [row['k0'], row['k1'], row['k2']])
            : bucketsOf(batch.columns[0]!, { kind: 'integer' }, { text: batch.columns[1]!, buckets: 4 }).map(
                (bucket) => [bucket],
              )
        for (const row of found) expect(row).toEqual(values)
      }
    }
  })

  it('tells a prefix that is there twice from the first by the column', () => {
    const keys = ['year(a)', 'year(b)', 'label'].map(parsePartitionKey)
    expect(partitionFolder(keys, ['2024', null, "it's (é)"])).toBe(
      'year=2024/year_b=__HIVE_DEFAULT_PARTITION__/label=it%27s%20%28%C3%A9%29/',
    )
  })

  it('takes years of instants in UTC, and of infinity none', async () => {
    const [batch] = await batches(
      `SELECT ${transformSql('year', 'x', { kind: 'timestamptz' })} AS y, ${transformSql('hour', 'x', { kind: 'timestamptz' })} AS h FROM (VALUES ('2023-12-31 23:30:00+00'::TIMESTAMPTZ), (NULL)) t(x)`,
    )
    expect(rowsFromBatch(batch!)).toEqual([
      { y: '2023', h: '23' },
      { y: null, h: null },
    ])
  })
})

describe('murmur3', () => {
  it('is the known function', () => {
    const text = (value: string): number => murmur3(new TextEncoder().encode(value))
    expect(text('')).toBe(0)
    expect(text('test')).toBe(0xba6bd213)
    expect(text('Hello, world!')).toBe(0xc0363e43)
    expect(text('The quick brown fox jumps over the lazy dog')).toBe(0x2e4ff723)
  })

  it('hashes stored values widened to 64 bits, and the rest as text', async () => {
    const [batch] = await batches(
      `SELECT 34::INTEGER AS i, 34::BIGINT AS b, 34::SMALLINT AS s, 34.00::DECIMAL(9,2) AS d, 3400::BIGINT AS unscaled, DATE '1970-02-04' AS day, 1.0::FLOAT AS f, 1.0::DOUBLE AS g, -0.0::DOUBLE AS z, 0.0::DOUBLE AS p, 34::UINTEGER AS u, '34' AS text, true AS t, 1::BIGINT AS one, NULL::INTEGER AS n`,
    )
    const bucket = (name: string): string | null => {
      const at = batch!.schema.fields.findIndex((field) => field.name === name)
      const text = batch!.columns[batch!.schema.fields.findIndex((field) => field.name === 'text')]!
      return bucketsOf(batch!.columns[at]!, batch!.schema.fields[at]!.type, { text, buckets: 1_000_003 })[0]!
    }
    expect(new Set(['i', 'b', 's', 'day'].map(bucket)).size).toBe(1)
    expect(bucket('i')).toBe(String((2017239379 & 0x7fffffff) % 1_000_003))
    expect(bucket('d')).toBe(bucket('unscaled'))
    expect(bucket('f')).toBe(bucket('g'))
    expect(bucket('z')).toBe(bucket('p'))
    expect(bucket('u')).toBe(bucket('text'))
    expect(bucket('t')).toBe(bucket('one'))
    expect(bucket('n')).toBeNull()
  })
})
