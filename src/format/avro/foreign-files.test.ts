import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { memorySource } from '../../storage/memory.ts'
import type { Field } from '../../types/logical-type.ts'
import { objectReader, valueReader } from '../../types/value-reader.ts'
import { openAvro } from './container.ts'
import type { AvroOpenOptions } from './container.ts'
import { readAvro } from './read-avro.ts'

const folder = join(import.meta.dirname, 'fixtures/foreign')

/** Rows as `golden.py` writes them: integers and everything temporal as text, bytes as hexadecimal digits. */
async function rowsOf(name: string, options: AvroOpenOptions): Promise<{ fields: readonly Field[]; rows: unknown[] }> {
  const source = memorySource(new Uint8Array(readFileSync(join(folder, name))), name)
  const file = await openAvro(source, options)
  const wanted = file.fields.map((_, index) => index)
  const rows: unknown[] = []
  for await (const { length, columns } of readAvro(file, wanted, { readsAhead: true })) {
    const read = objectReader(
      file.fields,
      columns.map((column, index) => valueReader(file.fields[index]!.type, column)),
    )
    for (let row = 0; row < length; row++) rows.push(canonical(read(row), { kind: 'struct', fields: file.fields }))
  }
  return { fields: file.fields, rows }
}

function canonical(value: unknown, type: Field['type']): unknown {
  if (value === null) return null
  switch (type.kind) {
    case 'integer':
    case 'bigint':
      return String(value)
    case 'blob':
      return `0x${Buffer.from(value as Uint8Array).toString('hex')}`
    case 'list':
      return (value as unknown[]).map((item) => canonical(item, type.element))
    case 'map':
      return Object.fromEntries(
        [...(value as Map<string, unknown>)].map(([key, item]) => [key, canonical(item, type.value)]),
      )
    case 'struct':
      return Object.fromEntries(
        type.fields.map(({ name, type: inner }) => [name, canonical((value as Record<string, unknown>)[name], inner)]),
      )
    case 'union': {
      const { tag, value: held } = value as { tag: string; value: unknown }
      return { tag, value: canonical(held, type.members.find(({ name }) => name === tag)!.type) }
    }
    default:
      return value
  }
}

const files = readdirSync(folder).filter((name) => name.endsWith('.avro'))

test.each(files)('%s is read as fastavro reads it', async (name) => {
  const expected = name.replace(/\.avro$/, '.json').replace(/^types-.*/, 'types.json')
  const golden = JSON.parse(readFileSync(join(folder, expected), 'utf8')) as { rows: unknown[]; readerSchema?: object }
  const options = golden.readerSchema === undefined ? {} : { readerSchema: JSON.stringify(golden.readerSchema) }
  const { rows } = await rowsOf(name, options)
  expect(rows).toHaveLength(golden.rows.length)
  expect(rows).toEqual(golden.rows)
})

test('there are files of every codec', () => {
  expect(files.filter((name) => name.startsWith('types-'))).toHaveLength(6)
  expect(files.length).toBeGreaterThanOrEqual(29)
})
