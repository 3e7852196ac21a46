import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { DuckDBConnection } from '@duckdb/node-api'
import { DuckDBInstance } from '@duckdb/node-api'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isLakefrontError } from '../../errors.ts'
import { failure } from '../../storage/conformance.ts'
import { memorySource } from '../../storage/memory.ts'
import { formatValue } from '../../types/format-value.ts'
import { typeName } from '../../types/type-names.ts'
import { valueReader } from '../../types/value-reader.ts'
import { openJson, readJson } from './read-json.ts'

let native: DuckDBConnection
let folder: string

beforeAll(async () => {
  native = await (await DuckDBInstance.create(':memory:')).connect()
  folder = mkdtempSync(join(tmpdir(), 'lakefront-json-'))
})

afterAll(() => {
  native.closeSync()
  rmSync(folder, { recursive: true })
})

interface Answer {
  readonly schema: string[]
  readonly rows: (string | null)[][]
}

async function ours(content: string | Uint8Array, sampleSize?: number): Promise<Answer> {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
  const file = await openJson(memorySource(bytes, 'x.json'), sampleSize === undefined ? {} : { sampleSize })
  const rows: (string | null)[][] = []
  const wanted = file.fields.map((_, index) => index)
  for await (const { length, columns } of readJson(file, wanted, { readsAhead: false })) {
    const readers = columns.map((column, index) => valueReader(file.fields[index]!.type, column))
    for (let row = 0; row < length; row++) {
      rows.push(
        readers.map((read, index) => {
          const value = read(row)
          return value === null ? null : formatValue(value, file.fields[index]!.type)
        }),
      )
    }
  }
  return { schema: file.fields.map(({ name, type }) => `${name} ${typeName(type)}`), rows }
}

let files = 0
async function theirs(content: string): Promise<Answer> {
  const path = join(folder, `${files++}.json`)
  writeFileSync(path, content)
  const described = await native.runAndReadAll(`DESCRIBE FROM read_json('${path}')`)
  const read = await native.runAndReadAll(`SELECT CAST(COLUMNS(*) AS VARCHAR) FROM read_json('${path}')`)
  return {
    schema: described.getRows().map(([name, type]) => `${String(name)} ${String(type)}`),
    rows: read.getRows() as (string | null)[][],
  }
}

describe('as native DuckDB reads it', () => {
  test.each([
    '{"a":1}\n{"a":2}',
    '{"a":9223372036854775808}',
    '{"a":18446744073709551616}',
    '{"a":-9223372036854775808}\n{"a":-999999999999999}\n{"a":-1000000000000000}',
    '{"a":-9223372036854775809}',
    '{"a":-1}\n{"a":9223372036854775808}',
    '{"a":1}\n{"a":1.5}',
    '{"a":1e3}\n{"a":-0.1E-7}\n{"a":1e400}\n{"a":4.35}\n{"a":0.000001}',
    '{"a":"x"}\n{"a":"é😀\\u00e9\\ud83d\\ude00\\n\\"\\\\\\/"}',
    '{"a":1}\n{"a":"x"}',
    '{"a":true}\n{"a":false}\n{"a":null}\n{}',
    '{"a":true}\n{"a":1}',
    '{"a":null}',
    '{"a":[]}',
    '{"a":{}}',
    '{"a":[1,2.5,null]}\n{"a":[]}\n{"a":null}',
    '{"a":[1,"x", {"b" : [ 1 , "y z" ] }]}',
    '{"a":{"b":1}}\n{"a":{"c":"x"}}\n{"a":null}',
    '{"a":{"b":1}}\n{"a":3}',
    '{"a":{"b":1}}\n{"a":[3]}',
    '{"a":"2020-01-02"}\n{"a":null}\n{"a":"1969-2-3"}',
    '{"a":"2020-01-02"}\n{"a":"x"}',
    '{"a":"2020-01-02"}\n{"a":1}',
    '{"a":"2020-01-02 03:04:05"}',
    '{"a":"2020-01-02T03:04:05Z"}\n{"a":"1969-12-31T23:59:59Z"}',
    '{"a":"1700-02-28 23:59:59"}\n{"a":"9999-12-31 23:59:59"}\n{"a":"2000-02-29 00:00:00"}\n{"a":"1969-12-31 23:59:59"}',
    '{"a":"2021-02-29 00:00:00"}',
    '{"a":"2020-01-02T03:04:05+02:00"}',
    '{"a":"2020-01-02T03:04:05.123456"}',
    '{"a":"2020-01-02 03:04:05.123456"}',
    '{"a":"2020-01-02 03:04:05.5"}\n{"a":"1969-12-31 23:59:59.999999"}',
    '{"a":"2020-01-02 03:04:05.1234567"}',
    '{"a":"2020-01-02 03:04"}',
    '{"a":"01/02/2020"}',
    '{"a":"03:04:05"}',
    '{"a":"550e8400-e29b-41d4-a716-446655440000"}',
    '{"a":"550e8400-e29b-41d4-a716-446655440000"}\n{"a":"x"}',
    '{"a":1,"A":2}',
    '[{"a":1},{"a":2}]',
    ' [ {"a":1}\n, {"a":2, "b":[{"x":1},{"y":"z"}]}\n]\n',
    '1\n2',
    '[1,2]\n[3]',
    '[1,2,3]',
    '[[1,2],[3]]',
    '{"a":\n1}{"a":2}  {"a":3}',
    '{"a":[{"x":1},{"y":2}]}',
    '{"a":"123"}',
    '\n\n{"a":1}\n\n',
    '{"a":[[1],[2,3]]}',
    '{"a":1}\n{"b":2}\n{"b":3,"a":4}',
    'null\n{"a":1}',
    '{"a":0.1}\n{"a":-12.345678901234}\n{"a":123456789012345.6}\n{"a":0.30000000000000004}\n{"a":5}\n{"a":1E5}',
    '{"a":""}',
    '{"a":-0}',
    '{"a":NaN}',
    '{"":1,"a b":{"c d":2}}',
    '{"é\\u0041":1}\n{"éA":2}',
    JSON.stringify({ a: Object.fromEntries(Array.from({ length: 250 }, (_, index) => [`k${index}`, index])) }),
  ])('%.60s', async (content) => {
    expect(await ours(content)).toEqual(await theirs(content))
  })

  test('random values, by line and in an array', async () => {
    const scalar = fc.oneof(
      fc.integer(),
      // Where columns stay JSON, numbers stay as they were written here, and are written anew there.
      fc.integer().map((value) => value / 8),
      fc.boolean(),
      fc.constant(null),
      fc.string({ unit: 'grapheme', maxLength: 8 }),
      fc.constantFrom('12:34:56', '2021-03-04 05:06:07'),
    )
    const value = fc.oneof(
      { weight: 4, arbitrary: scalar },
      fc.array(fc.integer(), { maxLength: 3 }),
      fc.record(
        { x: fc.integer(), y: fc.option(fc.string({ unit: 'grapheme-ascii', maxLength: 5 })) },
        { requiredKeys: ['x'] },
      ),
      fc.array(fc.record({ z: fc.boolean() }), { minLength: 1, maxLength: 2 }),
    )
    const record = fc.record({ a: value, b: value, c: scalar }, { requiredKeys: ['a'] })
    await fc.assert(
      fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 6 }), fc.boolean(), async (records, isArray) => {
        const content = isArray
          ? JSON.stringify(records, undefined, 1)
          : records.map((each) => JSON.stringify(each)).join('\n')
        const expected = await theirs(content).catch(() => undefined)
        if (expected === undefined) return
        // DuckDB says HUGEINT as soon as one whole number is negative and another is not.
        const schema = expected.schema.map((column) => column.replaceAll('HUGEINT', 'BIGINT'))
        expect(await ours(content)).toEqual({ ...expected, schema })
      }),
      { numRuns: 150, seed: 11 },
    )
  })
})

const many = Array.from({ length: 30_000 }, (_, index) => ({
  id: index,
  text: `row ${index} "é"\n`,
  part: index % 3 === 0 ? null : index / 3,
}))

test.each([
  ['lines', many.map((row) => JSON.stringify(row)).join('\n')],
  ['an array over many lines', JSON.stringify(many, undefined, 2)],
  ['values over many lines', many.map((row) => JSON.stringify(row, undefined, 1)).join('')],
])('a file of several ranges: %s', async (_, content) => {
  expect(content.length).toBeGreaterThan(1_000_000)
  const { rows, schema } = await ours(content)
  expect(schema).toEqual(['id BIGINT', 'text VARCHAR', 'part DOUBLE'])
  expect(rows.map(([id]) => Number(id))).toEqual(many.map(({ id }) => id))
  expect(rows.map(([, text]) => text)).toEqual(many.map(({ text }) => text))
})

test('zstandard is taken off, by its first bytes; damage of it is told', async () => {
  // Made by libzstd of `{"a":1}\n{"a":2}\n`.
  const packed = Uint8Array.from(Buffer.from('28b52ffd20108100007b2261223a317d0a7b2261223a327d0a', 'hex'))
  expect(await ours(packed)).toEqual({ schema: ['a BIGINT'], rows: [['1'], ['2']] })
  expect(await failure(ours(packed.slice(0, -3)))).toMatchObject({
    code: 'CORRUPT_FILE',
    message: expect.stringContaining('cannot be decompressed as zstandard'),
  })
})

test('gzip is taken off, by its first bytes; damage of it is told', async () => {
  const text = '{"a":1}\n{"a":2}\n'
  const packed = new Uint8Array(gzipSync(text))
  expect(await ours(packed)).toEqual({ schema: ['a BIGINT'], rows: [['1'], ['2']] })
  const error = await failure(ours(packed.slice(0, -6)))
  expect(error).toMatchObject({
    code: 'CORRUPT_FILE',
    message: expect.stringContaining('cannot be decompressed as gzip'),
  })
})

test('each number is the double nearest to its text', async () => {
  const digits = (most: number): fc.Arbitrary<string> =>
    fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength: most })
  const halfway = fc.bigInt({ min: 2n ** 53n, max: 2n ** 54n - 1n }).map((whole) => `${(whole << 2n) | 2n}`)
  const decimal = fc.tuple(fc.integer({ min: 0, max: 9 }), digits(24)).map(([first, more]) => `${first}.${more}1`)
  const long = fc
    .tuple(fc.integer({ min: 1, max: 9 }), digits(21), digits(4))
    .map((parts) => `${parts[0]}${parts[1]}.5${parts[2]}`)
  const any = fc.double({ noNaN: true, noDefaultInfinity: true }).map(String)
  const numbers = fc.sample(
    fc.oneof(
      halfway,
      halfway.map((text) => `-${text}.0`),
      decimal,
      long,
      any,
    ),
    { numRuns: 20_000, seed: 1 },
  )
  const file = await openJson(memorySource(new TextEncoder().encode(['0.5', ...numbers].join('\n')), 'x.json'), {
    sampleSize: 1,
  })
  const read: number[] = []
  for await (const { columns } of readJson(file, [0], { readsAhead: true })) {
    const { values, length } = columns[0]!
    read.push(...new Float64Array(values!.buffer, values!.byteOffset, length))
  }
  expect(read.slice(1)).toStrictEqual(numbers.map(Number))
})

test('a value that is not of the type inferred names its record, and all values can be asked for', async () => {
  const content = '{"a":1}\n{"a":2}\n{"a":"x"}'
  expect(await failure(ours(content, 2))).toMatchObject({
    code: 'INVALID_VALUE',
    message: expect.stringMatching(
      /^"x.json": record 3, at byte 21 of its text: a value is no BIGINT.*sample_size = -1/,
    ),
  })
  expect((await ours(content, -1)).schema).toEqual(['a JSON'])
})

test.each([
  ['{"a":1}\n{"a":', /record 2, at byte 13 of its text: it ends too early/],
  ['{"a":1},\n{"a":2}', /record 2, at byte 7 of its text: "," is unexpected/],
  ['[1]]', /"\]" is unexpected/],
  ['[1,]', /a value is missing after ","/],
  ['{"a":1,"a":2}', /the name "a" twice/],
  ['{"a" 1}', /":" is missing/],
  ['{"a":1 "b":2}', /"," is missing/],
  ['{a:1}', /missing/],
  ['{"a":tru}', /"tru" is no value/],
  ['{"a":01}', /"01" is no value/],
  ['{"a":"\\x"}', /an escape that there is not/],
  ['{"a":"\\ud800"}', /half of a surrogate pair/],
  ['{"a":"\u0001"}', /control character/],
  [`${'['.repeat(5000)}`, /nest deeper than 500|too early/],
])('%.30s is refused', async (content, message) => {
  expect(await failure(ours(content))).toMatchObject({ code: 'CORRUPT_FILE', message: expect.stringMatching(message) })
})

test('10,000 damaged texts end in rows or in an error that says what is wrong', async () => {
  const seeds = [
    '{"a":1,"b":"text","c":[1,2,{"d":null}],"e":{"f":true}}\n{"a":2.5,"b":"\\u00e9","c":[],"e":{}}\n',
    '[{"id":1,"at":"2020-01-02 03:04:05"},{"id":2,"at":null}]',
    '{"u":"550e8400-e29b-41d4-a716-446655440000","t":"12:00:00","d":"2020-01-01"}\n{"n":-12345678901234567890}',
  ].map((text) => new TextEncoder().encode(text))
  const tokens = [...'{}[]",:\\0-.eEtnuN \n'].map((character) => character.charCodeAt(0)).concat(0xff, 0xc3, 0x00)
  let state = 7
  const chance = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    return (state >>> 8) % below
  }
  let failures = 0
  for (let turn = 0; turn < 10_000; turn++) {
    const bytes = seeds[turn % seeds.length]!.slice()
    for (let count = 1 + chance(3); count > 0; count--) bytes[chance(bytes.length)] = tokens[chance(tokens.length)]!
    const cut = turn % 5 === 0 ? bytes.subarray(0, chance(bytes.length)) : bytes
    const error = await ours(cut, turn % 2 === 0 ? 1 : undefined).catch((reason: unknown) => reason)
    if (!(error instanceof Error)) continue
    failures++
    if (!isLakefrontError(error)) throw new Error(`turn ${turn}: ${String(error)}`, { cause: error })
  }
  expect(failures).toBeGreaterThan(3000)
})
