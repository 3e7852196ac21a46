import { LakefrontError } from '../../errors.ts'
import type { ByteSource, ReadOptions } from '../../storage/storage.ts'
import type { Field } from '../../types/logical-type.ts'
import { ByteWindow } from '../byte-window.ts'
import { AvroFailure } from './avro-failure.ts'
import { decompressorOf, largestBlock } from './codec.ts'
import type { Decompress } from './codec.ts'
import { Cursor } from './cursor.ts'
import { columnsOf } from './logical-type-of.ts'
import { parseAvroSchema } from './schema.ts'
import type { AvroType } from './schema.ts'

/** An object container file whose header was read. */
export interface AvroFile {
  readonly source: ByteSource
  readonly size: number
  readonly etag?: string
  /** The types as they were written. */
  readonly writer: AvroType
  /** The types it is read as. */
  readonly reader: AvroType
  /** The columns of `reader`. */
  readonly fields: readonly Field[]
  readonly codec: string
  /** What the header says beside schema and codec, as text. */
  readonly metadata: ReadonlyMap<string, string>
  readonly sync: Uint8Array
  /** Where the first block begins. */
  readonly start: number
  readonly decompress: Decompress
}

/** A block as stored. */
export interface AvroBlock {
  /** Counted from 0. */
  readonly number: number
  /** Where it begins in the file. */
  readonly offset: number
  readonly rows: number
  /** Bytes as stored. */
  readonly size: number
  readonly bytes: Uint8Array
}

/** How a container file is opened. */
export interface AvroOpenOptions extends Omit<ReadOptions, 'ifMatch'> {
  /** A schema to read the file with, as JSON. */
  readonly readerSchema?: string
}

/** A header of more bytes is taken for damage. */
const largestHeader = 64 * 1024 * 1024

const marker = [0x4f, 0x62, 0x6a, 0x01]

/** Reads the header of an object container file: a few kilobytes, once. Specification: avro.apache.org, "Object Container Files". */
export async function openAvro(
  source: ByteSource,
  { readerSchema, ...options }: AvroOpenOptions = {},
): Promise<AvroFile> {
  const { size, etag } = await source.stat(options)
  const own = etag === undefined ? options : { ...options, ifMatch: etag }
  const window = new ByteWindow(source, { start: 0, end: size, readsAhead: false }, own)
  let bytes = await window.peek(Math.min(size, 4096))
  if (!marker.every((byte, at) => bytes[at] === byte)) throw notAvro(source.label, bytes)
  const limit = Math.min(size, largestHeader)
  let header = headerOf(bytes)
  while (header === undefined && bytes.length < limit) {
    bytes = await window.peek(Math.min(limit, bytes.length * 2))
    header = headerOf(bytes)
  }
  if (header === undefined) throw damaged(source.label, 'Its header is not whole')
  try {
    const text = header.metadata.get('avro.schema')
    if (text === undefined) throw new AvroFailure('Its header has no schema.')
    const writer = parseAvroSchema(text)
    const reader = readerSchema === undefined ? writer : readerOf(readerSchema)
    const codec = header.metadata.get('avro.codec') ?? 'null'
    return {
      source,
      size,
      ...(etag === undefined ? {} : { etag }),
      writer,
      reader,
      fields: columnsOf(reader),
      codec,
      metadata: new Map([...header.metadata].filter(([key]) => key !== 'avro.schema' && key !== 'avro.codec')),
      sync: header.sync,
      start: header.end,
      decompress: await decompressorOf(codec),
    }
  } catch (error) {
    if (!(error instanceof AvroFailure)) throw error
    throw new LakefrontError(error.code, `"${source.label}" cannot be read as Avro. ${error.message}`, {
      details: { file: source.label },
      cause: error,
    })
  }
}

function readerOf(schema: string): AvroType {
  try {
    return parseAvroSchema(schema)
  } catch (error) {
    if (!(error instanceof AvroFailure)) throw error
    throw new AvroFailure(`The schema it is to be read with is not valid: ${error.message}`, {
      code: 'INVALID_ARGUMENT',
    })
  }
}

/** The blocks of a file in order. `skipsRows` passes over what they hold: bytes are then empty. */
export async function* avroBlocks(
  file: AvroFile,
  { skipsRows, readsAhead, ...options }: ReadOptions & { skipsRows: boolean; readsAhead: boolean },
): AsyncGenerator<AvroBlock> {
  const { source, size, sync, start } = file
  const own = file.etag === undefined ? options : { ...options, ifMatch: file.etag }
  const window = new ByteWindow(source, { start, end: size, readsAhead }, own)
  const cursor = new Cursor()
  for (let number = 0; !window.isAtEnd; number++) {
    const offset = window.position
    cursor.open(await window.peek(20))
    const problem = (text: string): LakefrontError =>
      damagedBlock(source.label, { number, offset }, new AvroFailure(text))
    const rows = sizeIn(cursor)
    const length = sizeIn(cursor)
    const head = cursor.position
    if (rows === undefined || length === undefined || head > cursor.bytes.length)
      throw problem('its head says no possible numbers of rows and bytes')
    if (offset + head + length + sync.length > size)
      throw problem(
        `it says it has ${length} bytes, and the file ends before that; it was probably not written to its end`,
      )
    if (length > largestBlock) throw problem(`it says it has ${length} bytes; no writer makes blocks as large`)
    window.advance(head)
    const bytes = skipsRows ? new Uint8Array() : (await window.peek(length + sync.length)).subarray(0, length)
    window.advance(length)
    const mark = await window.peek(sync.length)
    if (!sync.every((byte, at) => mark[at] === byte)) throw problem('the mark after it is not that of the file')
    window.advance(sync.length)
    yield { number, offset, rows, size: length, bytes }
  }
}

/** The error for what is wrong with a block. */
export function damagedBlock(
  label: string,
  { number, offset }: { readonly number: number; readonly offset: number },
  { code, message, cause }: AvroFailure,
): LakefrontError {
  const verdict = code === 'CORRUPT_FILE' ? 'is damaged' : 'cannot be read'
  return new LakefrontError(code, `"${label}": block ${number} at byte ${offset} ${verdict}: ${message}.`, {
    details: { file: label, block: number, offset },
    ...(cause === undefined ? {} : { cause }),
  })
}

interface Header {
  readonly metadata: ReadonlyMap<string, string>
  readonly sync: Uint8Array
  readonly end: number
}

/** The header, or undefined when it is not whole. */
function headerOf(bytes: Uint8Array): Header | undefined {
  const cursor = new Cursor()
  cursor.open(bytes)
  cursor.position = marker.length
  const metadata = new Map<string, string>()
  const decoder = new TextDecoder()
  const take = (): string | undefined => {
    const length = sizeIn(cursor)
    if (length === undefined || cursor.position + length > bytes.length) return undefined
    return decoder.decode(bytes.subarray(cursor.position, (cursor.position += length)))
  }
  for (;;) {
    const count = countIn(cursor)
    if (count === undefined || cursor.position > bytes.length) return undefined
    if (count === 0) break
    if (count < 0 && countIn(cursor) === undefined) return undefined
    for (let entry = 0; entry < Math.abs(count); entry++) {
      const key = take()
      const value = take()
      if (key === undefined || value === undefined) return undefined
      metadata.set(key, value)
    }
  }
  const end = cursor.position + 16
  return end > bytes.length ? undefined : { metadata, sync: bytes.slice(cursor.position, end), end }
}

function sizeIn(cursor: Cursor): number | undefined {
  const count = countIn(cursor)
  return count === undefined || count < 0 ? undefined : count
}

/** A long of at most 53 bits; undefined for more, and for what is none. */
function countIn(cursor: Cursor): number | undefined {
  try {
    cursor.long()
  } catch {
    return undefined
  }
  const value = cursor.high * 2 ** 32 + (cursor.low >>> 0)
  return Number.isSafeInteger(value) ? value : undefined
}

function notAvro(label: string, bytes: Uint8Array): LakefrontError {
  const start = String.fromCharCode(...bytes.subarray(0, 4))
  const hint = start === 'PAR1' ? ' It begins like a Parquet file: use read.parquet() or read_parquet().' : ''
  return new LakefrontError(
    'CORRUPT_FILE',
    `"${label}" is not an Avro object container file: it does not begin with "Obj".${hint}`,
    {
      details: { file: label },
    },
  )
}

function damaged(label: string, problem: string): LakefrontError {
  return new LakefrontError('CORRUPT_FILE', `"${label}" is damaged. ${problem}: it was probably cut.`, {
    details: { file: label },
  })
}
