import { LakefrontError, isLakefrontError } from '../../errors.ts'
import { coalesce } from '../../storage/coalesce.ts'
import type { ByteSource, ReadOptions } from '../../storage/storage.ts'
import { ArrowLoader } from '../../types/arrow-loader.ts'
import type { ArrowSchemaBytes } from '../../types/arrow-loader.ts'
import type { ColumnData } from '../../types/column-data.ts'
import type { Field } from '../../types/logical-type.ts'
import { byteChunks } from '../byte-chunks.ts'
import { distinctFields } from '../distinct-names.ts'
import { readFooterBlocks, readMessage } from './arrow-message.ts'
import type { ArrowBlock, ArrowMessage, BodyPart } from './arrow-message.ts'
import { BodyCodecs, buffersOf } from './body.ts'
import { ByteQueue } from './byte-queue.ts'

/** An Arrow IPC file or stream whose schema was read. */
export interface ArrowFile {
  readonly source: ByteSource
  readonly fields: readonly Field[]
  readonly schema: ArrowSchemaBytes
  /** Where rows are, by the footer of a file; streams have none, nor have files that are compressed as a whole. */
  readonly blocks?: { readonly batches: readonly ArrowBlock[]; readonly dictionaries: readonly ArrowBlock[] }
}

type Rows = { readonly length: number; readonly columns: readonly ColumnData[] }

type Wanted = ReadOptions & { readonly readsAhead: boolean }

const mark = 'ARROW1'
const markBytes = 8

/** Bytes that are fetched for the footer at first, and below which a batch is fetched as a whole. */
const smallBytes = 64 * 1024

/** Metadata of more bytes are taken for damage. */
const largestMetadata = 256 * 1024 * 1024

/** Reads the schema of an Arrow IPC file, of a stream, or of either behind gzip or zstandard; of a file its footer, too. */
export async function openArrow(source: ByteSource, options: Omit<ReadOptions, 'ifMatch'> = {}): Promise<ArrowFile> {
  const { size, etag } = await source.stat(options)
  const own = etag === undefined ? options : { ...options, ifMatch: etag }
  const head = await source.read(0, Math.min(size, markBytes), own)
  if (isMark(head)) {
    const bytes = await footerOf(source, size, own)
    return damageIn(source.label, 'its footer', size - bytes.length, async () => {
      const blocks = readFooterBlocks(bytes)
      const schema: ArrowSchemaBytes = { of: 'footer', bytes }
      return { source, fields: distinctFields(new ArrowLoader(schema).fields), schema, blocks }
    })
  }
  return damageIn(source.label, 'its schema', 0, async () => {
    const queue = new ByteQueue(byteChunks(source, { ...own, readsAhead: false }))
    try {
      const message = await nextMessage(queue, true)
      if (message?.kind !== 'schema') throw new RangeError('it does not begin with one')
      const schema: ArrowSchemaBytes = { of: 'message', bytes: message.metadata }
      return { source, fields: distinctFields(new ArrowLoader(schema).fields), schema }
    } finally {
      await queue.close()
    }
  })
}

/** Reads the columns `wanted`, by their indices in `fields`, a record batch at a time. Of files only these are fetched. */
export function readArrow(file: ArrowFile, wanted: readonly number[], options: Wanted): AsyncGenerator<Rows> {
  return file.blocks === undefined ? readStream(file, wanted, options) : readFile(file, file.blocks, wanted, options)
}

async function* readStream(
  { source, schema }: ArrowFile,
  wanted: readonly number[],
  options: Wanted,
): AsyncGenerator<Rows> {
  const loader = new ArrowLoader(schema)
  const decoding = { loader, codecs: new BodyCodecs() }
  const queue = new ByteQueue(byteChunks(source, options))
  let batch = 0
  try {
    for (let isFirst = true; ; isFirst = false) {
      const at = queue.position
      const rows = await damageIn(source.label, `record batch ${batch}`, at, async () => {
        const message = await nextMessage(queue, isFirst)
        if (message === undefined) return 'end'
        const body = await queue.take(message.bodyBytes)
        const fetched = (part: BodyPart): Uint8Array => body.subarray(part.offset, part.offset + part.length)
        return decoded(decoding, message, wanted, fetched)
      })
      if (rows === 'end') return
      if (rows === undefined) continue
      batch++
      if (rows.length > 0) yield rows
    }
  } finally {
    await queue.close()
  }
}

async function* readFile(
  { source, schema }: ArrowFile,
  { batches, dictionaries }: NonNullable<ArrowFile['blocks']>,
  wanted: readonly number[],
  { readsAhead, ...options }: Wanted,
): AsyncGenerator<Rows> {
  const { size, etag } = await source.stat(options)
  const own = etag === undefined ? options : { ...options, ifMatch: etag }
  const loader = new ArrowLoader(schema)
  const decoding = { loader, codecs: new BodyCodecs() }
  const read = (block: ArrowBlock, name: string, columns?: readonly number[]): Promise<Fetched> =>
    damageIn(source.label, name, block.offset, () => fetchBlock({ source, size, loader }, block, columns, own))
  if (loader.usesDictionaries(wanted)) {
    for (const [index, block] of dictionaries.entries()) {
      const { message, fetched } = await read(block, `dictionary ${index}`)
      await damageIn(source.label, `dictionary ${index}`, block.offset, async () =>
        decoded(decoding, message, [], fetched),
      )
    }
  }
  let next: Promise<Fetched> | undefined
  for (const [index, block] of batches.entries()) {
    const name = `record batch ${index}`
    const { message, fetched } = await (next ?? read(block, name, wanted))
    const following = batches[index + 1]
    next = readsAhead && following !== undefined ? read(following, `record batch ${index + 1}`, wanted) : undefined
    // Who pulls it learns of a failure; nobody does when the scan ended before.
    next?.catch(() => {})
    const rows = await damageIn(source.label, name, block.offset, async () =>
      decoded(decoding, message, wanted, fetched),
    )
    if (rows !== undefined && rows.length > 0) yield rows
  }
}

/** A message, and what was fetched of its body. */
interface Fetched {
  readonly message: ArrowMessage
  readonly fetched: (part: BodyPart) => Uint8Array
}

/** Fetches a message with the buffers of `columns`; all of it where none are named, or where it is small. */
async function fetchBlock(
  { source, size, loader }: { source: ByteSource; size: number; loader: ArrowLoader },
  { offset, metadataBytes, bodyBytes }: ArrowBlock,
  columns: readonly number[] | undefined,
  options: ReadOptions,
): Promise<Fetched> {
  if (offset < 0 || metadataBytes < 8 || bodyBytes < 0 || offset + metadataBytes + bodyBytes > size)
    throw new RangeError('it lies outside of the file')
  const isSmall = columns?.length !== 0 && metadataBytes + bodyBytes <= smallBytes
  const start = await source.read(offset, offset + metadataBytes + (isSmall ? bodyBytes : 0), options)
  const message = readMessage(metadataOf(start.subarray(0, metadataBytes)))
  if (message.bodyBytes > bodyBytes) throw new RangeError('its body is longer than the footer says')
  const bodyAt = offset + metadataBytes
  const inBody = (bytes: Uint8Array, from: number): Fetched => ({
    message,
    fetched: (part) => bytes.subarray(part.offset - from, part.offset - from + part.length),
  })
  if (isSmall) return inBody(start.subarray(metadataBytes), 0)
  if (message.kind !== 'rows' || columns === undefined)
    return inBody(await source.read(bodyAt, bodyAt + bodyBytes, options), 0)
  const { parts } = message.rows
  const places = loader.placesOf(message.rows)
  const needed = columns.flatMap((column) => parts.slice(places[column]!.buffers, places[column + 1]!.buffers))
  const ranges = needed.map((part) => ({ start: bodyAt + part.offset, end: bodyAt + part.offset + part.length }))
  const reads = coalesce(ranges, { gapBytes: smallBytes })
  const bytes = await Promise.all(reads.map(({ start: from, end }) => source.read(from, end, options)))
  return {
    message,
    fetched: (part) => {
      const from = bodyAt + part.offset
      const index = reads.findLastIndex((range) => range.start <= from)
      const within = from - (reads[index]?.start ?? 0)
      return part.length === 0 ? new Uint8Array() : bytes[index]!.subarray(within, within + part.length)
    },
  }
}

/** What a read decodes messages with. */
interface Decoding {
  readonly loader: ArrowLoader
  readonly codecs: BodyCodecs
}

/** The rows of a message; nothing of one that has none, but the dictionary it may be. */
async function decoded(
  { loader, codecs }: Decoding,
  message: ArrowMessage,
  wanted: readonly number[],
  fetched: (part: BodyPart) => Uint8Array,
): Promise<Rows | undefined> {
  if (message.kind !== 'rows' && message.kind !== 'dictionary') return undefined
  const { rows } = message
  const decompress = await codecs.of(rows.codec)
  if (message.kind === 'dictionary') {
    const all = rows.parts.map(() => true)
    const buffers = buffersOf(rows.parts, all, fetched, decompress) as Uint8Array[]
    loader.takeDictionary(message.id, rows, buffers, message.isDelta)
    return undefined
  }
  if (wanted.length === 0) return { length: rows.length, columns: [] }
  const places = loader.placesOf(rows)
  const isNeeded = rows.parts.map(() => false)
  for (const column of wanted) isNeeded.fill(true, places[column]!.buffers, places[column + 1]!.buffers)
  const buffers = buffersOf(rows.parts, isNeeded, fetched, decompress)
  return { length: rows.length, columns: loader.columns(rows, wanted, buffers) }
}

/** The next message of a stream; undefined at its end. A file is a stream, too, behind its mark. */
async function nextMessage(
  queue: ByteQueue,
  isFirst: boolean,
): Promise<(ArrowMessage & { readonly metadata: Uint8Array }) | undefined> {
  if (queue.isAtEnd || (await queue.peek(4)).length === 0) return undefined
  if (isFirst && isMark(await queue.peek(markBytes))) await queue.take(markBytes)
  let length = view(await queue.take(4)).getInt32(0, true)
  if (length === -1) length = view(await queue.take(4)).getInt32(0, true)
  if (length === 0) return undefined
  if (length < 0 || length > largestMetadata) throw new RangeError(`its metadata have ${length} bytes`)
  const metadata = await queue.take(length)
  return { ...readMessage(metadata), metadata }
}

/** The metadata of a block without the length that stands before them, behind a mark since Arrow 0.15. */
function metadataOf(block: Uint8Array): Uint8Array {
  const hasMark = view(block).getInt32(0, true) === -1
  const from = hasMark ? 8 : 4
  const length = view(block).getInt32(from - 4, true)
  if (length <= 0 || from + length > block.length) throw new RangeError(`its metadata have ${length} bytes`)
  return block.subarray(from, from + length)
}

async function footerOf(source: ByteSource, size: number, options: ReadOptions): Promise<Uint8Array> {
  const tail = await source.read(Math.max(0, size - smallBytes), size, options)
  const end = mark.length + 4
  if (size < markBytes + end || !isMark(tail.subarray(-mark.length))) {
    throw new LakefrontError(
      'CORRUPT_FILE',
      `"${source.label}" begins as an Arrow file but its ${size} bytes do not end as one: it is truncated.`,
      { details: { file: source.label } },
    )
  }
  const length = view(tail).getInt32(tail.length - end, true)
  return damageIn(source.label, 'its footer', size - end, async () => {
    if (length <= 0 || length > size - end - markBytes) throw new RangeError(`it says it has ${length} bytes`)
    if (length + end <= tail.length) return tail.subarray(tail.length - end - length, tail.length - end)
    return source.read(size - end - length, size - end, options)
  })
}

function isMark(bytes: Uint8Array): boolean {
  return String.fromCharCode(...bytes.subarray(0, mark.length)) === mark
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** What `work` answers; where it finds damage, an error that says what is damaged and where it begins. */
async function damageIn<T>(label: string, what: string, offset: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (isLakefrontError(error, 'UNSUPPORTED')) {
      throw new LakefrontError('UNSUPPORTED', `"${label}": ${error.message}`, {
        details: { ...error.details, file: label },
      })
    }
    const isDamage =
      error instanceof RangeError || error instanceof TypeError || isLakefrontError(error, 'CORRUPT_FILE')
    const isOurs = isLakefrontError(error) && error.details['file'] !== undefined
    if (!isDamage || isOurs) throw error
    throw new LakefrontError('CORRUPT_FILE', `"${label}": ${what}, at byte ${offset}, is damaged: ${said(error)}.`, {
      details: { file: label, offset },
      cause: error,
    })
  }
}

function said(error: Error): string {
  if (isLakefrontError(error)) return error.message.replace(/^The Arrow data is damaged: |\.$/g, '')
  return error instanceof RangeError && !/^Offset|^Invalid|^Maximum|^start|^byte/.test(error.message)
    ? error.message
    : 'its parts point outside of it'
}
