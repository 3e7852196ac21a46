import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { parquetReadObjects } from 'hyparquet'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nativeConnection } from '../../scan/fixtures/native.ts'
import type { LogicalType } from '../../types/logical-type.ts'
import { everyType } from './fixtures/every-type.ts'
import { hasPyarrow, readWithPyarrow } from './fixtures/pyarrow.ts'
import { batchOf, writeFile } from './fixtures/write-file.ts'
import type { FileField, ParquetWriteOptions } from './parquet-writer.ts'

let connection: DuckDBConnection
const folder = mkdtempSync(join(tmpdir(), 'lakefront-foreign-'))
const [ours, native] = [join(folder, 'ours.parquet'), join(folder, 'native.parquet')]
const { fields, batch } = batchOf(everyType.map(({ name, type, values }) => [name, type, values]))
const withIds = fields.map((field, index) => ({ ...field, id: 100 + index }))

beforeAll(async () => {
  connection = await nativeConnection()
})

afterAll(() => {
  connection.closeSync()
  rmSync(folder, { recursive: true })
})

/** Writes every type; and what native DuckDB reads of it, in the same types, with DuckDB's own writer. */
async function writeBoth(options: ParquetWriteOptions): Promise<void> {
  writeFileSync(ours, (await writeFile(withIds, [batch, batch], { rowGroupRows: 5, ...options })).file)
  await connection.run(
    `COPY (SELECT * REPLACE (timestamp_ms::TIMESTAMP_MS AS timestamp_ms) FROM '${ours}') TO '${native}' (COMPRESSION uncompressed)`,
  )
}

/** The types pyarrow reads, by the types that were written. */
const arrowTypes: Record<string, string> = {
  nothing: 'null',
  boolean: 'bool',
  tinyint: 'int8',
  smallint: 'int16',
  integer: 'int32',
  bigint: 'int64',
  utinyint: 'uint8',
  usmallint: 'uint16',
  uinteger: 'uint32',
  ubigint: 'uint64',
  hugeint: 'decimal128(38, 0)',
  uhugeint: 'decimal128(38, 0)',
  float: 'float',
  double: 'double',
  decimal4: 'decimal128(4, 1)',
  decimal9: 'decimal128(9, 0)',
  decimal18: 'decimal128(18, 18)',
  decimal19: 'decimal128(19, 2)',
  decimal38: 'decimal128(38, 10)',
  varchar: 'string',
  json: 'extension<arrow.json>',
  blob: 'binary',
  bit: 'string',
  uuid: 'extension<arrow.uuid>',
  date: 'date32[day]',
  time: 'time64[us]',
  time_ns: 'time64[ns]',
  timetz: 'time64[us]',
  timestamp: 'timestamp[us]',
  timestamp_s: 'timestamp[us]',
  timestamp_ms: 'timestamp[ms]',
  timestamp_ns: 'timestamp[ns]',
  timestamptz: 'timestamp[us, tz=UTC]',
  interval: 'fixed_size_binary[12]',
  enum: 'string',
  list: 'list<element: int32>',
  lists: 'list<element: list<element: string>>',
  array: 'list<element: double>',
  struct: 'struct<a: int32, b: list<element: decimal128(20, 2)>>',
  map: "map<string, struct<c: date32[day]> ('map')>",
  structs: 'list<element: struct<d: extension<arrow.uuid>>>',
}

/** DuckDB would not find NaN in a row group that has bounds. */
const withNaN = ['float', 'double', 'array.list.element']

describe.skipIf(!hasPyarrow())('pyarrow', () => {
  test.each([
    ['none', 'UNCOMPRESSED'],
    ['snappy', 'SNAPPY'],
    ['gzip', 'GZIP'],
    ['zstd', 'ZSTD'],
    ['lz4', 'LZ4'],
    ['brotli', 'BROTLI'],
  ] as const)('reads %s as it reads what DuckDB wrote', async (compression, named) => {
    await writeBoth({ compression, metadata: { purpose: 'test' } })
    const [own, other] = readWithPyarrow([ours, native])
    expect(Object.fromEntries(own!.columns.map(({ name, type }) => [name, type]))).toEqual(arrowTypes)
    expect(own!.columns.map(({ name, values }) => [name, values])).toEqual(
      other!.columns.map(({ name, values }) => [name, values]),
    )
    expect(own!.columns.slice(1).map(({ type }) => type)).toEqual(other!.columns.slice(1).map(({ type }) => type))
    expect(own!.metadata).toEqual({ purpose: 'test' })
    expect(own!.chunks).toHaveLength(2 * 43)
    for (const { path, hasBounds, hasIndex, compression: found } of own!.chunks.slice(0, 43)) {
      const isOrdered = !['nothing', 'interval', 'structs.list.element.d'].includes(path)
      const isBounded = isOrdered && !withNaN.includes(path)
      expect([path, hasBounds, hasIndex, found]).toEqual([path, isBounded, [isOrdered, true], named])
    }
  })

  test('finds the field ids', async () => {
    const [struct, map] = fields.filter(({ name }) => name === 'struct' || name === 'map') as [FileField, FileField]
    const wanted: FileField[] = [
      { ...struct, id: 1, fields: [fieldOf(struct, 0, 2), { ...fieldOf(struct, 1, 3), fields: [element(4)] }] },
      { ...map, id: 5, fields: [key(6), { ...value(7), fields: [{ name: 'c', type: { kind: 'date' }, id: 8 }] }] },
    ]
    const columns = wanted.map(({ name }) => batch.columns[fields.findIndex((field) => field.name === name)]!)
    const schema = { fields: wanted.map(({ name, type }) => ({ name, type, nullable: true })) }
    writeFileSync(ours, (await writeFile(wanted, [{ schema, length: 4, columns }])).file)
    expect(readWithPyarrow([ours])[0]!.columns.map(({ ids }) => ids)).toEqual([
      [1, [2], [3, [4]]],
      [5, [6], [7, [8]]],
    ])
  })
})

describe('hyparquet', () => {
  test.each(['none', 'snappy'] as const)('reads %s as it reads what DuckDB wrote', async (compression) => {
    await writeBoth({ compression })
    // It knows no intervals.
    const columns = everyType.map(({ name }) => name).filter((name) => name !== 'interval')
    const [own, other] = await Promise.all(
      [ours, native].map((path) => parquetReadObjects({ file: new Uint8Array(readFileSync(path)).buffer, columns })),
    )
    expect(own).toEqual(other)
    expect(own![0]).toMatchObject({
      integer: -2147483648,
      bigint: -(2n ** 63n),
      varchar: '',
      lists: [['a', null], null, []],
    })
  })
})

function fieldOf({ type }: FileField, index: number, id: number): FileField {
  const { name, type: own } = (type as LogicalType & { kind: 'struct' }).fields[index]!
  return { name, type: own, id }
}

const element = (id: number): FileField => ({ name: 'element', type: { kind: 'decimal', precision: 20, scale: 2 }, id })
const key = (id: number): FileField => ({ name: 'key', type: { kind: 'varchar' }, id })
const value = (id: number): FileField => ({
  name: 'value',
  type: { kind: 'struct', fields: [{ name: 'c', type: { kind: 'date' }, nullable: true }] },
  id,
})
