import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { expect, test } from 'vitest'
import { memorySource } from '../../storage/memory.ts'
import { valueReader } from '../../types/value-reader.ts'
import { parquetDecoder } from './decode.ts'
import { decompressedPages } from './decompressed-pages.ts'
import { readFooter } from './footer.ts'
import { inspectPages } from './pages.ts'
import { loadZstd } from './zstd.ts'

const wasm = createRequire(import.meta.url).resolve('parquet-wasm/esm/parquet_wasm_bg.wasm')

test.each(['V1', 'V2'])('pages of %s decompress to what is stored without compression', async (version) => {
  const zstd = (await loadZstd())!
  const folder = mkdtempSync(join(tmpdir(), 'lakefront-zstd-'))
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  const path = join(folder, 'rows.parquet')
  await connection.run(
    `COPY (SELECT i, md5(i::VARCHAR) AS many, 'v' || (i % 9) AS few, CASE WHEN i % 3 > 0 THEN [i, NULL] END AS list FROM range(5000) t(i))
     TO '${path}' (FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION ${version})`,
  )
  const expected = (await connection.runAndReadAll(`SELECT many FROM '${path}'`)).getRows().flat()
  connection.closeSync()
  const file = new Uint8Array(readFileSync(path))
  rmSync(folder, { recursive: true })
  const footer = await readFooter(memorySource(file))
  const [rowGroup] = footer.rowGroups
  for (const chunk of rowGroup!.chunks) {
    const bytes = file.subarray(chunk.start, chunk.end)
    const pages = inspectPages(bytes, chunk)
    const plain = decompressedPages(bytes.subarray(0, pages.length), chunk, zstd)
    expect(plain.chunk.codec).toBe('uncompressed')
    expect(plain.bytes.length).toBeGreaterThan(bytes.length)
    expect(inspectPages(plain.bytes, plain.chunk)).toEqual({ ...pages, length: plain.bytes.length })
  }
  const column = footer.columns[1]!
  const chunk = rowGroup!.chunks[column.firstLeaf]!
  const request = { column, rowGroup: rowGroup!, bytes: [file.slice(chunk.start, chunk.end)] }
  const decoder = parquetDecoder(async () => readFileSync(wasm))
  const [batch] = await decoder.decode(request)
  const read = valueReader(column.field.type, batch!)
  expect(Array.from({ length: batch!.length }, (_, row) => read(row))).toEqual(expected)
  request.bytes[0]!.fill(0, chunk.dataStart - chunk.start + 1000, chunk.dataStart - chunk.start + 1200)
  await expect(decoder.decode(request)).rejects.toMatchObject({
    code: 'CORRUPT_FILE',
    message: expect.stringContaining('"many"'),
  })
})
