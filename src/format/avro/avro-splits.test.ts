import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { deflateRawSync } from 'node:zlib'
import * as avsc from 'avsc'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compress as packSnappy } from 'snappyjs'
import { memorySource } from '../../storage/memory.ts'
import type { ByteSource } from '../../storage/storage.ts'
import { objectReader, valueReader } from '../../types/value-reader.ts'
import { crc32 } from '../crc32.ts'
import { openAvro } from './container.ts'
import { decodeSplit } from './decode-split.ts'
import { readAvro } from './read-avro.ts'
import type { SplitPlace } from './read-avro.ts'

const sync = Uint8Array.from({ length: 16 }, (_, at) => (at * 37 + 11) % 256)
const schema = {
  type: 'record',
  name: 'R',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'data', type: 'bytes' },
    { name: 'note', type: ['null', 'string'] },
  ],
} as const
const rowType = avsc.Type.forSchema(schema as unknown as avsc.Schema, { wrapUnions: false })

interface Row {
  readonly id: number
  readonly data: Buffer
  readonly note: string | null
}

const packers: Record<string, (bytes: Buffer) => Uint8Array> = {
  null: (bytes) => bytes,
  deflate: (bytes) => deflateRawSync(bytes),
  snappy(bytes) {
    const sum = Buffer.alloc(4)
    sum.writeUInt32BE(crc32(bytes))
    return Buffer.concat([Buffer.from(packSnappy(new Uint8Array(bytes))), sum])
  },
}

/** A container file of blocks of these rows, its marker known before. */
function container(blocks: readonly (readonly Row[])[], codec: string): Uint8Array {
  const long = (value: number): Uint8Array => avsc.Type.forSchema('long').toBuffer(value)
  const text = (value: string): Uint8Array => avsc.Type.forSchema('string').toBuffer(value)
  const parts = [Buffer.from('Obj\u0001', 'latin1'), long(2), text('avro.schema'), text(JSON.stringify(schema))]
  parts.push(text('avro.codec'), text(codec), long(0), sync)
  for (const rows of blocks) {
    const bytes = packers[codec]!(Buffer.concat(rows.map((row) => rowType.toBuffer(row))))
    parts.push(long(rows.length), long(bytes.length), bytes, sync)
  }
  return new Uint8Array(Buffer.concat(parts))
}

/** Decodes what could as well have come from another thread, the later of two often first. */
function place(room: number): SplitPlace & { readonly most: number } {
  let [underWay, most] = [0, 0]
  return {
    room,
    get most() {
      return most
    },
    async decode(split) {
      most = Math.max(most, ++underWay)
      const copy = structuredClone(split)
      for (let turns = (split.blocks[0]!.number * 7) % 5; turns > 0; turns--) await undefined
      return decodeSplit(copy).finally(() => underWay--)
    },
    hold: () => () => {},
    lend() {},
  }
}

async function rowsOf(
  source: ByteSource,
  options: { readonly place?: SplitPlace; readonly splitBytes?: number } = {},
): Promise<unknown[]> {
  const file = await openAvro(source)
  const wanted = file.fields.map((_, index) => index)
  const rows: unknown[] = []
  for await (const { length, columns } of readAvro(file, wanted, { readsAhead: true, ...options })) {
    const read = objectReader(
      file.fields,
      columns.map((column, index) => valueReader(file.fields[index]!.type, column)),
    )
    for (let row = 0; row < length; row++) rows.push(read(row))
  }
  return rows
}

const data = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.constant(sync),
  fc.uint8Array({ maxLength: 9 }).map((tail) => new Uint8Array([...sync, 0, 0, ...sync, ...tail, ...sync])),
)
const row: fc.Arbitrary<Row> = fc.record({
  id: fc.integer(),
  data: data.map((bytes) => Buffer.from(bytes)),
  note: fc.option(fc.string({ maxLength: 30 })),
})
const blocks = fc.array(fc.array(row, { maxLength: 6 }), { minLength: 1, maxLength: 12 })
const cutting = { splitBytes: fc.integer({ min: 1, max: 800 }), room: fc.integer({ min: 0, max: 5 }) }

test('any cutting of any file gives the rows of the whole in their order: markers in values, tiny blocks and empty ones', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({ blocks, codec: fc.constantFrom(...Object.keys(packers)), ...cutting }),
      async ({ blocks: written, codec, splitBytes, room }) => {
        const bytes = container(written, codec)
        const own = place(room)
        const rows = await rowsOf(memorySource(bytes), { place: own, splitBytes })
        expect(rows).toEqual(
          written.flat().map(({ id, data: value, note }) => ({ id: BigInt(id), data: new Uint8Array(value), note })),
        )
        expect(own.most).toBeLessThanOrEqual(room)
      },
    ),
    { numRuns: 300, seed: 11 },
  )
})

test('what is wrong with a file is said the same, whatever way it is cut', async () => {
  const outcome = (rows: Promise<unknown[]>): Promise<unknown> =>
    rows.catch(({ code, message, details }: Record<string, unknown>) => ({ code, message, details }))
  let damaged = 0
  await fc.assert(
    fc.asyncProperty(
      fc.record({ blocks, codec: fc.constantFrom(...Object.keys(packers)), ...cutting }),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      async ({ blocks: written, codec, splitBytes, room }, at, flip) => {
        const bytes = container(written, codec)
        const start = container([], codec).length
        bytes[start + (at % (bytes.length - start))]! ^= flip
        const whole = await outcome(rowsOf(memorySource(bytes, 'x.avro')))
        if (!Array.isArray(whole)) damaged++
        expect(await outcome(rowsOf(memorySource(bytes, 'x.avro'), { place: place(room), splitBytes }))).toEqual(whole)
      },
    ),
    { numRuns: 300, seed: 12 },
  )
  expect(damaged).toBeGreaterThan(100)
})

test.each(['null', 'deflate', 'snappy', 'zstandard', 'bzip2', 'xz'])('files of others in %s', async (codec) => {
  const bytes = readFileSync(join(import.meta.dirname, `fixtures/foreign/types-${codec}.avro`))
  const source = memorySource(new Uint8Array(bytes))
  const whole = await rowsOf(source)
  expect(whole).toHaveLength(90)
  for (const splitBytes of [1, 2000, 1e6]) expect(await rowsOf(source, { place: place(3), splitBytes })).toEqual(whole)
})

test('a split that holds much is decoded in parts, and the file is read by as many requests as without splits', async () => {
  const rows = Array.from({ length: 40 }, (_, id) => ({ id, data: Buffer.alloc(1_500_000, id), note: null }))
  const bytes = container(
    rows.map((one) => [one]),
    'deflate',
  )
  expect(bytes.length).toBeLessThan(100_000)
  const parts: number[] = []
  const own: SplitPlace = {
    ...place(2),
    async decode(split) {
      const decoded = await decodeSplit(split)
      parts.push(decoded.blocks)
      return decoded
    },
  }
  let requests = 0
  const source = memorySource(bytes)
  const counted = Object.create(source, {
    read: { value: (...range: Parameters<ByteSource['read']>) => (requests++, source.read(...range)) },
  }) as ByteSource
  const ids = (read: unknown[]): unknown[] => read.map((one) => (one as { id: bigint }).id)
  const whole = await rowsOf(counted)
  const [alone] = [requests, (requests = 0)]
  const cut = await rowsOf(counted, { place: own })
  expect(ids(cut)).toEqual(ids(whole))
  expect(parts[0]).toBeLessThan(20)
  expect(requests).toBe(alone)
})
