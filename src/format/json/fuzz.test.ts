import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { isLakefrontError } from '../../errors.ts'
import { failure } from '../../storage/conformance.ts'
import { memorySource } from '../../storage/memory.ts'
import { checkColumn, fuzzed } from '../fixtures/fuzz.ts'
import { openJson, readJson } from './read-json.ts'

const texts = {
  lines:
    '{"a":1,"b":"x","c":[1,2.5],"d":{"e":true,"f":null}}\n{"a":-2,"b":"\\u00e9\\n","c":[],"d":{"e":false,"f":"2024-02-29"}}\n'.repeat(
      3,
    ),
  array: '[{"id":9223372036854775807,"at":"2024-02-29 10:11:12"},{"id":1,"at":"1970-01-01"},\n {"id":null}]',
  values: '{"a":\n1}{"a":2}\n\n{"a":[3,{"b":"ü😀"}]}',
  scalars: '1\n"two"\nnull\n[3]\ntrue\n1e400\n',
  deep: `${'{"a":['.repeat(40)}1${']}'.repeat(40)}`,
}
const seeds = Object.entries(texts).flatMap(([name, text]) => [
  { name, bytes: new TextEncoder().encode(text) },
  { name: `${name} in gzip`, bytes: new Uint8Array(gzipSync(text)) },
])

async function read(bytes: Uint8Array): Promise<number> {
  const file = await openJson(memorySource(bytes, 'fuzz.json'), { sampleSize: 2 })
  let rows = 0
  for await (const { length, columns } of readJson(
    file,
    file.fields.map((_, index) => index),
    { readsAhead: false },
  )) {
    rows += length
    columns.forEach(checkColumn)
  }
  return rows
}

test('20,000 damaged texts end in rows or in an error that says where', async () => {
  const outcomes = await fuzzed(seeds, { turns: 20_000, seed: 8259, read })
  expect(outcomes.get('CORRUPT_FILE')).toBeGreaterThan(5000)
  expect(outcomes.get('rows')).toBeGreaterThan(500)
})

test('objects of ten thousand fields, nesting without end, and a bomb of gzip', async () => {
  const wide = JSON.stringify(
    Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`field ${index}`, index])),
  )
  expect(await read(new TextEncoder().encode(`${wide}\n${wide}`))).toBe(2)
  const endless = await failure(read(new TextEncoder().encode('['.repeat(1_000_000))))
  expect(isLakefrontError(endless, 'CORRUPT_FILE')).toBe(true)
  const bomb = gzipSync(`{"a":"${'x'.repeat(300_000_000)}`, { level: 1 })
  expect(await failure(read(new Uint8Array(bomb)))).toMatchObject({
    code: 'CORRUPT_FILE',
    message: expect.stringContaining('256 MB'),
  })
})
