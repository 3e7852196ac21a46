import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { memorySource } from '../../storage/memory.ts'
import { openAvro } from './container.ts'
import type { AvroOpenOptions } from './container.ts'
import { canonicalRows } from './fixtures/canonical.ts'
import { readAvro } from './read-avro.ts'

const folder = join(import.meta.dirname, 'fixtures/foreign')

async function rowsOf(name: string, options: AvroOpenOptions): Promise<unknown[]> {
  const source = memorySource(new Uint8Array(readFileSync(join(folder, name))), name)
  const file = await openAvro(source, options)
  const wanted = file.fields.map((_, index) => index)
  const rows: unknown[] = []
  for await (const { columns } of readAvro(file, wanted, { readsAhead: true }))
    rows.push(...canonicalRows(file.fields, columns))
  return rows
}

const files = readdirSync(folder).filter((name) => name.endsWith('.avro'))

test.each(files)('%s is read as fastavro reads it', async (name) => {
  const expected = name.replace(/\.avro$/, '.json').replace(/^types-.*/, 'types.json')
  const golden = JSON.parse(readFileSync(join(folder, expected), 'utf8')) as { rows: unknown[]; readerSchema?: object }
  const options = golden.readerSchema === undefined ? {} : { readerSchema: JSON.stringify(golden.readerSchema) }
  const rows = await rowsOf(name, options)
  expect(rows).toHaveLength(golden.rows.length)
  expect(rows).toEqual(golden.rows)
})

test('there are files of every codec', () => {
  expect(files.filter((name) => name.startsWith('types-'))).toHaveLength(6)
  expect(files.length).toBeGreaterThanOrEqual(29)
})
