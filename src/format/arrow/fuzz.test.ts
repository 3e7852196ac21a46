import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isLakefrontError } from '../../errors.ts'
import { failure } from '../../storage/conformance.ts'
import { memorySource } from '../../storage/memory.ts'
import { ipcFromBatches } from '../../types/arrow.ts'
import { batchFromRows } from '../../types/batch-from-rows.ts'
import { checkColumn, fuzzed } from '../fixtures/fuzz.ts'
import { decompressLz4 } from './lz4-frame.ts'
import { openArrow, readArrow } from './read-arrow.ts'

const folder = join(import.meta.dirname, 'fixtures')
const batch = batchFromRows(
  [
    { a: 1, b: 'x', c: [1, 2], d: { e: true } },
    { a: null, b: null, c: null, d: null },
  ],
  { a: 'integer', b: 'varchar', c: 'double[]', d: 'STRUCT(e BOOLEAN)' },
)
const seeds = [
  ...readdirSync(folder).map((name) => ({ name, bytes: new Uint8Array(readFileSync(join(folder, name))) })),
  ...(['file', 'stream'] as const).map((format) => ({
    name: `ours as a ${format}`,
    bytes: ipcFromBatches(batch.schema, [batch, batch], { format }),
  })),
]

async function read(bytes: Uint8Array): Promise<number> {
  const file = await openArrow(memorySource(bytes, 'fuzz.arrow'))
  let rows = 0
  for await (const { length, columns } of readArrow(
    file,
    file.fields.map((_, index) => index),
    { readsAhead: true },
  )) {
    rows += length
    columns.forEach(checkColumn)
  }
  return rows
}

test('the seeds are read', async () => {
  for (const { name, bytes } of seeds) expect(await read(bytes), name).toBeGreaterThan(3)
})

test('12,000 damaged files and streams end in rows or in an error that says what is wrong', async () => {
  const outcomes = await fuzzed(seeds, { turns: 12_000, seed: 18, read })
  expect(outcomes.get('CORRUPT_FILE')).toBeGreaterThan(3000)
  expect(outcomes.get('rows')).toBeGreaterThan(300)
})

test('a bomb: a few bytes that say they are a gigabyte', () => {
  const frame = Uint8Array.of(0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82, 2, 0, 0, 0, 0x1f, 0x61, 0, 0, 0, 0)
  expect(() => decompressLz4(frame, 100_000_000)).toThrow(RangeError)
})

test('ten thousand columns', async () => {
  const wide = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`column ${index}`, index]))
  const rows = batchFromRows([wide, wide])
  expect(await read(ipcFromBatches(rows.schema, [rows], { format: 'file' }))).toBe(2)
})

test('a length that lies', async () => {
  const bytes = ipcFromBatches(batch.schema, [batch], { format: 'stream' }).slice()
  new DataView(bytes.buffer).setInt32(4, 0x7fff_fff0, true)
  expect(isLakefrontError(await failure(read(bytes)), 'CORRUPT_FILE')).toBe(true)
})
