import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { memorySource } from '../../storage/memory.ts'
import { checkColumn, fuzzed } from '../fixtures/fuzz.ts'
import { openAvro } from './container.ts'
import { readAvro } from './read-avro.ts'

const folder = join(import.meta.dirname, 'fixtures/foreign')
const seeds = readdirSync(folder)
  .filter((name) => name.endsWith('.avro'))
  .map((name) => ({ name, bytes: new Uint8Array(readFileSync(join(folder, name))) }))

async function read(bytes: Uint8Array): Promise<number> {
  const file = await openAvro(memorySource(bytes, 'fuzz.avro'))
  const wanted = file.fields.map((_, index) => index)
  let rows = 0
  for await (const { length, columns } of readAvro(file, wanted, { readsAhead: false })) {
    rows += length
    columns.forEach(checkColumn)
  }
  return rows
}

test('12,000 damaged files end in rows or in an error that says what is wrong', async () => {
  // Large files, and those whose libraries are slow to start, come less often.
  const small = seeds.filter(({ bytes }) => bytes.length <= 10_000)
  const outcomes = await fuzzed([...seeds, ...small, ...small, ...small], { turns: 12_000, seed: 20_240_229, read })
  expect(outcomes.get('CORRUPT_FILE')).toBeGreaterThan(5000)
  expect(outcomes.get('rows')).toBeGreaterThan(300)
})
