import { LakefrontError } from '../../errors.ts'
import type { ByteRange } from '../../storage/coalesce.ts'
import type { ByteSource, ObjectStat, ReadOptions, StatOptions } from '../../storage/storage.ts'
import { nameFormat } from './name-format.ts'
import { columnsOf, physicalTypes } from './schema.ts'
import type { ParquetColumn, PhysicalType } from './schema.ts'
import { readThriftStruct } from './thrift.ts'
import type { ThriftStruct, ThriftValue } from './thrift.ts'

/** What the end of a Parquet file says about it. Plain data; offsets and sizes are bytes of the file. */
export interface ParquetFooter {
  readonly label: string
  readonly size: number
  readonly etag?: string
  /** Bytes of the metadata itself. */
  readonly footerBytes: number
  readonly rows: number
  readonly createdBy?: string
  readonly keyValues: readonly { readonly key: string; readonly value: string }[]
  /** Root columns with their Lakefront types. */
  readonly columns: readonly ParquetColumn[]
  readonly rowGroups: readonly RowGroup[]
  /** Bytes before the metadata, from `start` on, that hold page indexes and came with it. */
  readonly indexes?: { readonly start: number; readonly bytes: Uint8Array }
}

export interface RowGroup {
  readonly rows: number
  /** One per physical column. */
  readonly chunks: readonly ColumnChunk[]
}

/** One physical column of one row group. */
export interface ColumnChunk {
  readonly type: number
  readonly codec: Codec
  readonly encodings: readonly number[]
  readonly path: readonly string[]
  readonly values: number
  readonly start: number
  readonly end: number
  /** Offset of the first data page. */
  readonly dataStart: number
  readonly uncompressedBytes: number
  /** Data pages that refer to its dictionary, as the writer counted them; writers put them first. */
  readonly dictionaryPages?: number
  /** Where its bounds by page are, and where its pages are; absent unless the writer wrote a page index. */
  readonly columnIndex?: ByteRange
  readonly offsetIndex?: ByteRange
  /** Where its Bloom filter is; older writers do not tell where it ends. */
  readonly bloom?: { readonly start: number; readonly end?: number }
  readonly statistics?: RawStatistics
}

/** Statistics as stored; what can be trusted depends on the type, see `statistics.ts`. */
export interface RawStatistics {
  readonly nulls?: number
  readonly min?: Uint8Array
  readonly max?: Uint8Array
  /** Min and max of the first format version, whose order is only right for signed numbers. */
  readonly oldMin?: Uint8Array
  readonly oldMax?: Uint8Array
}

/** Codecs by their number in the format. */
export const codecs = ['uncompressed', 'snappy', 'gzip', 'lzo', 'brotli', 'lz4', 'zstd', 'lz4_raw'] as const
export type Codec = (typeof codecs)[number]

const magic = 0x31524150
const encryptedMagic = 0x45524150
const trailerBytes = 8

/**
 * Reads and checks the footer: one tail read sized by the file, a second one when the metadata is longer.
 *
 * Fails with `NOT_A_PARQUET_FILE` (and what the bytes look like), `CORRUPT_FILE`, or `UNSUPPORTED` for encrypted files.
 */
export async function readFooter(
  source: ByteSource,
  options: StatOptions & { stat?: ObjectStat; footerSize?: number } = {},
): Promise<ParquetFooter> {
  const stat = options.stat ?? (await source.stat(options))
  const read = { ...options, ...(stat.etag === undefined ? {} : { ifMatch: stat.etag }) }
  const known = options.footerSize === undefined ? source.tailBytes : options.footerSize + trailerBytes
  const tailStart = Math.max(0, stat.size - tailLength(stat.size, known))
  const tail = stat.size === 0 ? new Uint8Array() : await source.read(tailStart, stat.size, read)
  const length = await footerLength(source, stat, tail, read)
  const start = stat.size - trailerBytes - length
  let bytes = tail.subarray(Math.max(0, start - tailStart), tail.length - trailerBytes)
  if (start < tailStart) {
    bytes = concatenate(await source.read(start, tailStart, read), tail.subarray(0, tail.length - trailerBytes))
  }
  const footer = parseFooter(bytes, { label: source.label, ...stat })
  return start <= tailStart ? footer : { ...footer, ...indexesIn(footer, tail, { tailStart, end: start }) }
}

/** Page indexes lie before the metadata, so the speculative tail has often caught them. */
function indexesIn(
  { rowGroups }: ParquetFooter,
  tail: Uint8Array,
  { tailStart, end }: { tailStart: number; end: number },
): Pick<ParquetFooter, 'indexes'> {
  let first = end
  for (const { chunks } of rowGroups)
    for (const { columnIndex, offsetIndex } of chunks)
      first = Math.min(first, columnIndex?.start ?? end, offsetIndex?.start ?? end)
  const start = Math.max(first, tailStart)
  return start >= end ? {} : { indexes: { start, bytes: tail.slice(start - tailStart, end - tailStart) } }
}

/** Bytes of a speculative tail read: most footers fit, few bytes are wasted on small files. */
function tailLength(size: number, known = 0): number {
  if (known >= trailerBytes) return Math.min(size, known)
  return Math.min(size, 256 * 1024, Math.max(64 * 1024, Math.ceil(size / 2048)))
}

async function footerLength(
  source: ByteSource,
  stat: ObjectStat,
  tail: Uint8Array,
  read: ReadOptions,
): Promise<number> {
  const trailer = new DataView(tail.buffer, tail.byteOffset + Math.max(0, tail.length - trailerBytes))
  const found = tail.length >= trailerBytes ? trailer.getUint32(4, true) : 0
  if (found === encryptedMagic) {
    throw new LakefrontError(
      'UNSUPPORTED',
      `"${source.label}" has an encrypted footer; encrypted Parquet cannot be read.`,
    )
  }
  if (found !== magic) {
    const head = tail.length === stat.size ? tail.subarray(0, 512) : await source.read(0, 512, read)
    const startsAsParquet = head.length >= 4 && new DataView(head.buffer, head.byteOffset).getUint32(0, true) === magic
    if (startsAsParquet) {
      throw corrupt(source.label, `begins as Parquet but its ${stat.size} bytes do not end as one: it is truncated`)
    }
    throw new LakefrontError(
      'NOT_A_PARQUET_FILE',
      `"${source.label}" is not a Parquet file: it ${nameFormat(head, stat.size)}.`,
      { details: { source: source.label, size: stat.size } },
    )
  }
  const length = trailer.getUint32(0, true)
  if (length === 0 || length > stat.size - trailerBytes - 4) {
    throw corrupt(source.label, `says its metadata has ${length} bytes, but the file has ${stat.size} in all`)
  }
  return length
}

function parseFooter(bytes: Uint8Array, file: { label: string; size: number; etag?: string }): ParquetFooter {
  const fields = naming(file.label, () => readThriftStruct(bytes).value)
  if (fields[8] !== undefined) {
    throw new LakefrontError('UNSUPPORTED', `"${file.label}" is encrypted; encrypted Parquet cannot be read.`)
  }
  return naming(file.label, () => {
    const { columns, leaves } = columnsOf(structs(fields[2], 'schema'), file.label)
    const end = file.size - trailerBytes - bytes.length
    const rowGroups = withForgottenHeaders(
      structs(fields[4] ?? [], 'row groups').map((group) => rowGroup(group, leaves, end)),
      end,
    )
    const rows = rowGroups.reduce((sum, group) => sum + group.rows, 0)
    // Some writers leave the total at 0; their row groups tell.
    const total = integer(fields[3], 'number of rows')
    if (total !== 0 && total !== rows) {
      throw corrupt(file.label, `says it has ${total} rows, but its row groups have ${rows}`)
    }
    const createdBy = fields[6] === undefined ? undefined : text(fields[6], 'created by')
    return {
      ...file,
      footerBytes: bytes.length,
      rows,
      ...(createdBy === undefined ? {} : { createdBy }),
      keyValues: structs(fields[5] ?? [], 'key-value metadata').map((pair) => ({
        key: text(pair[1], 'key'),
        value: pair[2] === undefined ? '' : text(pair[2], 'value'),
      })),
      columns,
      rowGroups,
    }
  })
}

function rowGroup(group: ThriftStruct, leaves: readonly PhysicalType[], dataEnd: number): RowGroup {
  const chunks = structs(group[1], 'column chunks').map((chunk) => columnChunk(chunk, dataEnd))
  if (chunks.length !== leaves.length) {
    throw new LakefrontError(
      'CORRUPT_FILE',
      `Parquet metadata has ${chunks.length} column chunks in a row group, but the schema has ${leaves.length} columns.`,
    )
  }
  chunks.forEach(({ type, path }, leaf) => {
    if (physicalTypes[type] === leaves[leaf]) return
    throw new LakefrontError(
      'CORRUPT_FILE',
      `Parquet metadata says column "${path.join('.')}" holds ${physicalTypes[type] ?? type}, but its schema says ${leaves[leaf]}.`,
    )
  })
  return { rows: integer(group[3], 'number of rows'), chunks }
}

/** Old writers left the header of the dictionary page out of a chunk's size: small gaps behind chunks belong to them. */
function withForgottenHeaders(rowGroups: readonly RowGroup[], dataEnd: number): RowGroup[] {
  const starts = rowGroups.flatMap((group) => group.chunks.map((chunk) => chunk.start))
  starts.push(dataEnd)
  starts.sort((a, b) => a - b)
  const following = new Map<number, number>()
  for (let index = 0; index + 1 < starts.length; index++) following.set(starts[index]!, starts[index + 1]!)
  return rowGroups.map((group) => ({
    ...group,
    chunks: group.chunks.map((chunk) => {
      const next = following.get(chunk.start) ?? chunk.end
      return next > chunk.end && next - chunk.end <= 100 ? { ...chunk, end: next } : chunk
    }),
  }))
}

function columnChunk(chunk: ThriftStruct, dataEnd: number): ColumnChunk {
  if (chunk[1] !== undefined && text(chunk[1], 'file path') !== '') {
    throw new LakefrontError('UNSUPPORTED', 'Parquet metadata refers to column data in another file.')
  }
  const data = chunk[3]
  if (data === undefined) throw new LakefrontError('UNSUPPORTED', 'Parquet metadata of a column chunk is encrypted.')
  const meta = struct(data, 'column metadata')
  const path = values(meta[3], 'column path').map((part) => text(part, 'column path'))
  const dataStart = integer(meta[9], 'data page offset')
  const dictionaryStart = meta[11] === undefined ? 0 : integer(meta[11], 'dictionary page offset')
  const start = dictionaryStart > 0 && dictionaryStart < dataStart ? dictionaryStart : dataStart
  const end = start + integer(meta[7], 'compressed size')
  if (end > dataEnd || dataStart > end) {
    throw new LakefrontError(
      'CORRUPT_FILE',
      `Parquet metadata says column "${path.join('.')}" has bytes ${start} to ${end}, but data ends at ${dataEnd}: it is truncated or damaged.`,
    )
  }
  const codec = codecs[integer(meta[4], 'codec')]
  if (codec === undefined)
    throw new LakefrontError('CORRUPT_FILE', `Parquet metadata names no known codec: ${String(meta[4])}.`)
  const statistics = meta[12] === undefined ? undefined : rawStatistics(struct(meta[12], 'statistics'))
  return {
    type: integer(meta[1], 'physical type'),
    codec,
    encodings: values(meta[2] ?? [], 'encodings').map((encoding) => integer(encoding, 'encoding')),
    path,
    values: integer(meta[5], 'number of values'),
    start,
    end,
    dataStart,
    uncompressedBytes: integer(meta[6], 'uncompressed size'),
    ...dictionaryPages(meta[13]),
    ...(statistics === undefined ? {} : { statistics }),
    ...indexRange('offsetIndex', chunk[4], chunk[5], dataEnd),
    ...indexRange('columnIndex', chunk[6], chunk[7], dataEnd),
    ...bloomRange(meta[14], meta[15], dataEnd),
  }
}

const dataPageTypes: ReadonlySet<unknown> = new Set([0, 3])
const dictionaryEncodings: ReadonlySet<unknown> = new Set([2, 8])

function dictionaryPages(statistics: ThriftValue | undefined): Pick<ColumnChunk, 'dictionaryPages'> {
  if (!Array.isArray(statistics)) return {}
  const counts = (statistics as readonly ThriftStruct[]).filter(
    ({ 1: type, 2: encoding }) => dataPageTypes.has(type) && dictionaryEncodings.has(encoding),
  )
  return counts.every(({ 3: count }) => isSize(count))
    ? { dictionaryPages: counts.reduce((pages, { 3: count }) => pages + (count as number), 0) }
    : {}
}

/** An index that does not lie where it can is as good as none. */
function indexRange(
  name: 'offsetIndex' | 'columnIndex',
  start: ThriftValue | undefined,
  length: ThriftValue | undefined,
  dataEnd: number,
): Partial<ColumnChunk> {
  if (!isSize(start) || !isSize(length) || length === 0 || start + length > dataEnd) return {}
  return { [name]: { start, end: start + length } }
}

function bloomRange(
  start: ThriftValue | undefined,
  length: ThriftValue | undefined,
  dataEnd: number,
): Pick<ColumnChunk, 'bloom'> {
  if (!isSize(start) || start === 0 || start >= dataEnd) return {}
  const end = isSize(length) && length > 0 && start + length <= dataEnd ? start + length : undefined
  return { bloom: { start, ...(end === undefined ? {} : { end }) } }
}

function isSize(value: ThriftValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function rawStatistics(fields: ThriftStruct): RawStatistics {
  const bytes = (value: ThriftValue | undefined): Uint8Array | undefined =>
    value instanceof Uint8Array ? value.slice() : undefined
  const [oldMax, oldMin, max, min] = [bytes(fields[1]), bytes(fields[2]), bytes(fields[5]), bytes(fields[6])]
  return {
    ...(typeof fields[3] === 'number' && fields[3] >= 0 ? { nulls: fields[3] } : {}),
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(oldMin === undefined ? {} : { oldMin }),
    ...(oldMax === undefined ? {} : { oldMax }),
  }
}

/** A field that must be a non-negative whole number. */
export function integer(value: ThriftValue | undefined, what: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw damaged(what)
}

/** A field that must be UTF-8 text. */
function text(value: ThriftValue | undefined, what: string): string {
  if (value instanceof Uint8Array) return new TextDecoder().decode(value)
  throw damaged(what)
}

function values(value: ThriftValue | undefined, what: string): readonly ThriftValue[] {
  if (Array.isArray(value)) return value
  throw damaged(what)
}

function struct(value: ThriftValue | undefined, what: string): ThriftStruct {
  if (typeof value === 'object' && !Array.isArray(value) && !(value instanceof Uint8Array)) return value as ThriftStruct
  throw damaged(what)
}

function structs(value: ThriftValue | undefined, what: string): readonly ThriftStruct[] {
  return values(value, what).map((item) => struct(item, what))
}

function damaged(what: string): LakefrontError {
  return new LakefrontError('CORRUPT_FILE', `Parquet metadata lacks a valid ${what}: it is truncated or damaged.`)
}

/** Runs `parse`; errors that do not say which file they mean do so afterwards. */
function naming<T>(label: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof LakefrontError) || error.message.includes(`"${label}"`)) throw error
    throw new LakefrontError(error.code, `"${label}": ${error.message}`, { details: { source: label }, cause: error })
  }
}

function corrupt(label: string, what: string): LakefrontError {
  return new LakefrontError('CORRUPT_FILE', `"${label}" ${what}.`, { details: { source: label } })
}

function concatenate(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length)
  joined.set(a)
  joined.set(b, a.length)
  return joined
}
