import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { constants, deflateRawSync, gunzipSync } from 'node:zlib'
import * as avsc from 'avsc'
import { expect, test } from 'vitest'
import { isLakefrontError } from '../../errors.ts'
import { failure } from '../../storage/conformance.ts'
import { memorySource } from '../../storage/memory.ts'
import { openAvro } from './container.ts'
import { readAvro } from './read-avro.ts'

const folder = join(import.meta.dirname, 'fixtures/foreign')
const load = (name: string): Uint8Array => new Uint8Array(readFileSync(join(folder, name)))

async function rowCount(bytes: Uint8Array, readerSchema?: string): Promise<number> {
  const source = memorySource(bytes, 'x.avro')
  const file = await openAvro(source, readerSchema === undefined ? {} : { readerSchema })
  let rows = 0
  const wanted = file.fields.map((_, index) => index)
  for await (const { length } of readAvro(file, wanted, { readsAhead: false })) rows += length
  return rows
}

/** A container file of one block, written by hand. */
function container(schema: unknown, block: Uint8Array, { rows = 1, codec = 'null' } = {}): Uint8Array {
  const long = (value: number): Uint8Array => avsc.Type.forSchema('long').toBuffer(value)
  const text = (value: string | Uint8Array): Uint8Array => avsc.Type.forSchema('bytes').toBuffer(Buffer.from(value))
  const sync = Buffer.alloc(16, 7)
  const head = [Buffer.from('Obj\u0001', 'latin1'), long(2), text('avro.schema'), text(JSON.stringify(schema))]
  return new Uint8Array(
    Buffer.concat([
      ...head,
      text('avro.codec'),
      text(codec),
      long(0),
      sync,
      long(rows),
      long(block.length),
      block,
      sync,
    ]),
  )
}

const record = (...fields: unknown[]): unknown => ({
  type: 'record',
  name: 'R',
  fields: fields.map((type, index) => ({ name: `f${index}`, type })),
})

test('a damaged block is told by its number and its place in the file', async () => {
  const bytes = load('types-snappy.avro')
  const clean = await rowCount(bytes)
  expect(clean).toBe(90)
  const marks = [...bytes.keys()].filter((at) => bytes[at] === 0 && bytes[at + 1] === 1 && bytes[at + 15] === 15)
  const second = marks[1]! + 16
  bytes[second + 40]! ^= 0xff
  expect(await failure(rowCount(bytes))).toMatchObject({
    code: 'CORRUPT_FILE',
    message: expect.stringMatching(new RegExp(`^"x.avro": block 1 at byte ${second} is damaged: .*(checksum|snappy)`)),
    details: { file: 'x.avro', block: 1, offset: second },
  })
})

test('a file that was cut says so wherever it was', async () => {
  const bytes = load('weather-deflate.avro')
  let failures = 0
  for (let length = 0; length < bytes.length; length++) {
    const error = await rowCount(bytes.slice(0, length)).catch((reason: unknown) => reason)
    if (error === 0) continue
    failures++
    expect(isLakefrontError(error, 'CORRUPT_FILE'), `cut at ${length}: ${String(error)}`).toBe(true)
  }
  expect(failures).toBeGreaterThan(bytes.length - 3)
})

test('a small block of gigabytes is refused before they are there', async () => {
  const zeros = deflateRawSync(new Uint8Array(32 * 1024 * 1024), { finishFlush: constants.Z_SYNC_FLUSH })
  const bomb = new Uint8Array(Buffer.concat([...Array<Buffer>(9).fill(zeros), deflateRawSync('')]))
  expect(bomb.length).toBeLessThan(300_000)
  const file = container(record('bytes'), bomb, { codec: 'deflate' })
  expect(await failure(rowCount(file))).toMatchObject({
    code: 'CORRUPT_FILE',
    message: expect.stringContaining('more than 256 MB when decompressed'),
  })
})

/** Blocks of a few hundred bytes to some kilobytes that say they hold 300 MB. */
const bombs: Readonly<Record<string, () => Uint8Array>> = {
  bzip2: () => unzipped('bzip2'),
  xz: () => unzipped('xz'),
  zstandard: zstandardBomb,
  snappy: () => Uint8Array.of(0x80, 0xc6, 0x86, 0x8f, 0x01, 0x00, 0x41, 0, 0, 0, 0),
}

function unzipped(codec: 'bzip2' | 'xz'): Uint8Array {
  const text = JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures/bombs.json'), 'utf8')) as Record<
    string,
    string
  >
  return new Uint8Array(gunzipSync(Buffer.from(text[codec]!, 'base64')))
}

/** A frame with a window of 128 KB and blocks that each are one byte, repeated so often (RFC 8878, 3.1.1.2). */
function zstandardBomb(): Uint8Array {
  const [blocks, size] = [2400, 128 * 1024]
  const bytes = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38]
  for (let block = 1; block <= blocks; block++) {
    const head = (size << 3) | (1 << 1) | (block === blocks ? 1 : 0)
    bytes.push(head & 255, (head >> 8) & 255, (head >> 16) & 255, 0)
  }
  return Uint8Array.from(bytes)
}

test.each(Object.keys(bombs))('a bomb in %s is refused before its gigabytes are there', async (codec) => {
  const bomb = bombs[codec]!()
  expect(bomb.length).toBeLessThan(50_000)
  const before = process.memoryUsage().arrayBuffers
  expect(await failure(rowCount(container(record('bytes'), bomb, { codec })))).toMatchObject({
    code: 'CORRUPT_FILE',
    message: expect.stringMatching(/block 0 at byte \d+ is damaged: .*(more than 256 MB|cannot be decompressed)/),
  })
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(700e6)
})

test.each(['deflate', 'snappy', 'zstandard', 'bzip2', 'xz'])(
  'a block that is not in %s, as its header says',
  async (codec) => {
    const block = Uint8Array.from({ length: 40 }, (_, at) => at * 11)
    expect(await failure(rowCount(container(record('bytes'), block, { codec })))).toMatchObject({
      code: 'CORRUPT_FILE',
      message: expect.stringContaining(codec),
    })
  },
)

test('a codec that nobody knows', async () => {
  expect(await failure(rowCount(container(record('bytes'), Uint8Array.of(0), { codec: 'lzo' })))).toMatchObject({
    code: 'UNSUPPORTED',
    message: expect.stringMatching(/codec is "lzo"\. Codecs that can be read: null, deflate/),
  })
})

test.each([
  ['rows without bytes', record('null'), [], 2 ** 40, /more than 1000000 values that take no bytes/],
  [
    'nulls in an array',
    record({ type: 'array', items: 'null' }),
    [0xfe, 0xff, 0xff, 0xff, 0x0f, 0],
    1,
    /take no bytes/,
  ],
  ['items of an array', record({ type: 'array', items: 'long' }), [0xfe, 0xff, 0xff, 0xff, 0x0f, 0], 1, /over the end/],
  ['a text', record('string'), [0xfe, 0xff, 0xff, 0xff, 0x0f], 1, /a length of 2147483647 bytes is more than/],
  ['a text of negative length', record('string'), [0x01], 1, /a length of -1 bytes/],
  ['rows', record('long'), [2, 4], 3, /over the end of the block/],
  ['too few rows', record('long'), [2, 4], 1, /1 bytes are left after its last row/],
  ['a long', record('long'), Array(11).fill(0xff), 1, /more than 64 bits/],
  ['an int', record('int'), [0xff, 0xff, 0xff, 0xff, 0x7f], 1, /more than 32 bits/],
  ['a branch', record(['null', 'long']), [4], 1, /type 2 of a union that has types 0 and 1/],
  ['a branch of many', record(['null', 'long', 'int']), [6], 1, /type 3 of a union that has types 0 to 2/],
  ['a symbol', record({ type: 'enum', name: 'E', symbols: ['A'] }), [2], 1, /symbol 1 of an enum of 1 symbols/],
  ['a boolean', record('boolean'), [2], 1, /a boolean is 2/],
  ['a text in Latin-1', record('string'), [2, 0xe9], 1, /not UTF-8/],
  ['a double', record('double'), [1, 2, 3], 1, /over the end/],
  ['a fixed', record({ type: 'fixed', name: 'F', size: 9 }), [1, 2, 3], 1, /over the end/],
])('%s that cannot be', async (_, schema, block, rows, message) => {
  expect(await failure(rowCount(container(schema, Uint8Array.from(block), { rows })))).toMatchObject({
    code: 'CORRUPT_FILE',
    message: expect.stringMatching(message),
  })
})

test.each([
  [
    'a decimal',
    { type: 'bytes', logicalType: 'decimal', precision: 3, scale: 0 },
    [4, 0x7f, 0xff],
    /more than the 3 digits/,
  ],
  ['a time', { type: 'long', logicalType: 'timestamp-millis' }, [...Array(9).fill(0xff), 1], /out of the range/],
  [
    'a duration',
    { type: 'fixed', name: 'D', size: 12, logicalType: 'duration' },
    Array(12).fill(0xff),
    /more months or days/,
  ],
  ['a uuid', { type: 'string', logicalType: 'uuid' }, [2, 0x61], /uuid is not one/],
])('%s that does not fit its type', async (_, type, block, message) => {
  expect(await failure(rowCount(container(record(type), Uint8Array.from(block))))).toMatchObject({
    code: 'INVALID_VALUE',
    message: expect.stringMatching(message),
  })
})

const tree = { type: 'record', name: 'Tree', fields: [{ name: 'left', type: ['null', 'Tree'] }] }
const doubling = Array.from({ length: 60 }, (_, at) => ({
  name: `f${at}`,
  type:
    at === 0
      ? { type: 'record', name: 'T0', fields: [{ name: 'x', type: 'int' }] }
      : {
          type: 'record',
          name: `T${at}`,
          fields: ['a', 'b'].map((name) => ({ name, type: `T${at - 1}` })),
        },
}))

test.each([
  ['a recursive type', record(tree), /"Tree" is recursive/],
  ['a record without fields', record({ type: 'record', name: 'None', fields: [] }), /"None" has no fields/],
  ['a small schema of 2⁶⁰ columns', { type: 'record', name: 'R', fields: doubling }, /more than 100000 fields/],
])('%s is refused by name', async (_, schema, message) => {
  expect(await failure(rowCount(container(schema, new Uint8Array(1))))).toMatchObject({
    code: 'UNSUPPORTED',
    message: expect.stringMatching(message),
  })
})

test('a recursive field is passed over by a schema that leaves it out', async () => {
  const schema = {
    type: 'record',
    name: 'R',
    fields: [
      { name: 'tree', type: tree },
      { name: 'n', type: 'int' },
    ],
  }
  const reader = JSON.stringify({ type: 'record', name: 'R', fields: [{ name: 'n', type: 'int' }] })
  expect(await rowCount(container(schema, Uint8Array.of(2, 2, 2, 0, 14)), reader)).toBe(1)
  const deep = new Uint8Array(5000).fill(2)
  expect(await failure(rowCount(container(schema, deep), reader))).toMatchObject({
    message: expect.stringContaining('nest deeper than 1000'),
  })
})

test.each([
  ['{', /not JSON/],
  ['"nonsense"', /names a type "nonsense" that it does not declare/],
  ['{"type":"record","name":"R"}', /"R" has no list of fields/],
  ['{"type":"record","name":"R","fields":[{"name":"a"}]}', /is not a type/],
  ['{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"a","type":"int"}]}', /two fields "a"/],
  ['{"type":"enum","name":"E","symbols":["A","A"]}', /a symbol twice/],
  ['{"type":"fixed","name":"F","size":-1}', /the size -1/],
  ['["int","int"]', /"int" twice/],
  ['["int",["null"]]', /a union directly in a union/],
  ['[]', /a union without types/],
  [`${'{"type":"array","items":'.repeat(300)}"int"${'}'.repeat(300)}`, /deeper than 200/],
])('the schema %.40s', async (readerSchema, message) => {
  expect(await failure(rowCount(load('weather.avro'), readerSchema))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringMatching(message),
  })
})

test.each([
  [{ station: 'int' }, /"station": the file has string, which cannot be read as int/],
  [{ time: 'int' }, /"time": the file has long, which cannot be read as int/],
  [{ more: 'string' }, /a field "more" that the file lacks, and no default/],
])('a schema that does not fit: %j', async (types, message) => {
  const fields = Object.entries(types).map(([name, type]) => ({ name, type }))
  const schema = JSON.stringify({ type: 'record', name: 'W', fields })
  expect(await failure(rowCount(load('weather.avro'), schema))).toMatchObject({
    name: 'LakefrontError',
    code: 'TYPE_MISMATCH',
    message: expect.stringMatching(message),
  })
})

test('a schema of 10,000 fields', async () => {
  const schema = record(...Array.from({ length: 10_000 }, () => 'int'))
  expect(await rowCount(container(schema, new Uint8Array(10_000).fill(6)))).toBe(1)
})
