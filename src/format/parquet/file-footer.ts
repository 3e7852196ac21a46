import type { EncodedLeaf } from './encoded-column.ts'
import type { FileSchema } from './file-schema.ts'
import { writeThriftStruct } from './thrift.ts'
import type { ThriftFields } from './thrift.ts'

/** A row group that is in the file. */
export interface WrittenRowGroup {
  readonly rows: number
  /** One per leaf, in order. */
  readonly chunks: readonly WrittenChunk[]
}

export interface WrittenChunk {
  readonly leaf: EncodedLeaf
  /** Where offset 0 of the leaf is in the file. */
  readonly base: number
}

/** What readers are told of the writer, in the form that those of Java take apart. */
const createdBy = 'lakefront version 0.1'
const formatVersion = 2
const [columnIndexAt, offsetIndexAt] = [6, 4]

interface Span {
  readonly start: number
  readonly length: number
}

/**
 * What is behind the data of a file: the page indexes from offset `start` on, the metadata, its length and the magic bytes.
 * Format: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
 */
export function fileFooter(
  schema: FileSchema,
  rowGroups: readonly WrittenRowGroup[],
  { start, metadata }: { start: number; metadata: Readonly<Record<string, string>> },
): { pieces: Uint8Array[]; footerBytes: number } {
  const pieces: Uint8Array[] = []
  let end = start
  const place = (bytes: Uint8Array): Span => {
    pieces.push(bytes)
    end += bytes.length
    return { start: end - bytes.length, length: bytes.length }
  }
  const indexes = (read: (chunk: WrittenChunk) => Uint8Array | undefined): (Span | undefined)[][] =>
    rowGroups.map(({ chunks }) =>
      chunks.map((chunk) => {
        const bytes = read(chunk)
        return bytes === undefined ? undefined : place(bytes)
      }),
    )
  const columnIndexes = indexes(({ leaf }) => leaf.columnIndex)
  const offsetIndexes = indexes(offsetIndex)
  const footer = writeThriftStruct([
    [1, { type: 'i32', value: formatVersion }],
    [2, { type: 'list', of: 'struct', value: schema.elements }],
    [3, { type: 'i64', value: rowGroups.reduce((sum, { rows }) => sum + rows, 0) }],
    [
      4,
      {
        type: 'list',
        of: 'struct',
        value: rowGroups.map((group, index) =>
          rowGroup(schema, group, {
            columnIndexes: columnIndexes[index]!,
            offsetIndexes: offsetIndexes[index]!,
            ordinal: index,
          }),
        ),
      },
    ],
    [5, keyValues(metadata)],
    [6, { type: 'binary', value: createdBy }],
    [7, { type: 'list', of: 'struct', value: schema.leaves.map(() => [[1, { type: 'struct', value: [] }]]) }],
  ])
  const trailer = new Uint8Array(8)
  new DataView(trailer.buffer).setUint32(0, footer.length, true)
  trailer.set(parquetMagic(), 4)
  return { pieces: [...pieces, footer, trailer], footerBytes: footer.length }
}

/** The four bytes that a file begins and ends with. */
export function parquetMagic(): Uint8Array {
  return Uint8Array.of(0x50, 0x41, 0x52, 0x31)
}

function keyValues(metadata: Readonly<Record<string, string>>): ThriftFields[number][1] {
  const entries = Object.entries(metadata)
  if (entries.length === 0) return undefined
  return {
    type: 'list',
    of: 'struct',
    value: entries.map(([key, value]) => [
      [1, { type: 'binary', value: key }],
      [2, { type: 'binary', value }],
    ]),
  }
}

function rowGroup(
  { leaves }: FileSchema,
  { rows, chunks }: WrittenRowGroup,
  indexes: {
    readonly columnIndexes: readonly (Span | undefined)[]
    readonly offsetIndexes: readonly (Span | undefined)[]
    readonly ordinal: number
  },
): ThriftFields {
  const [first] = chunks
  const sum = (size: (leaf: EncodedLeaf) => number): number => chunks.reduce((bytes, { leaf }) => bytes + size(leaf), 0)
  return [
    [
      1,
      {
        type: 'list',
        of: 'struct',
        value: chunks.map((chunk, index) => [
          [2, { type: 'i64', value: chunk.base + chunk.leaf.start }],
          [3, { type: 'struct', value: columnMetadata(leaves[index]!, chunk) }],
          ...span(offsetIndexAt, indexes.offsetIndexes[index]),
          ...span(columnIndexAt, indexes.columnIndexes[index]),
        ]),
      },
    ],
    [2, { type: 'i64', value: sum(({ uncompressedBytes }) => uncompressedBytes) }],
    [3, { type: 'i64', value: rows }],
    [5, { type: 'i64', value: first!.base + first!.leaf.start }],
    [6, { type: 'i64', value: sum(({ length }) => length) }],
    [7, indexes.ordinal < 0x8000 ? { type: 'i16', value: indexes.ordinal } : undefined],
  ]
}

function span(id: number, given: Span | undefined): ThriftFields {
  if (given === undefined) return []
  return [
    [id, { type: 'i64', value: given.start }],
    [id + 1, { type: 'i32', value: given.length }],
  ]
}

function columnMetadata(
  { physical, storedPath }: FileSchema['leaves'][number],
  { leaf, base }: WrittenChunk,
): ThriftFields {
  return [
    [1, { type: 'i32', value: physical }],
    [2, { type: 'list', of: 'i32', value: leaf.encodings }],
    [3, { type: 'list', of: 'binary', value: storedPath }],
    [4, { type: 'i32', value: leaf.codec }],
    [5, { type: 'i64', value: leaf.values }],
    [6, { type: 'i64', value: leaf.uncompressedBytes }],
    [7, { type: 'i64', value: leaf.length }],
    [9, { type: 'i64', value: base + leaf.dataStart }],
    [11, leaf.hasDictionary ? { type: 'i64', value: base + leaf.start } : undefined],
    [12, { type: 'struct', value: statistics(leaf) }],
    [
      13,
      {
        type: 'list',
        of: 'struct',
        value: leaf.pageCounts.map(({ type, encoding, count }) => [
          [1, { type: 'i32', value: type }],
          [2, { type: 'i32', value: encoding }],
          [3, { type: 'i32', value: count }],
        ]),
      },
    ],
  ]
}

function statistics({ nulls, statistics: { min, max, isMinExact, isMaxExact } }: EncodedLeaf): ThriftFields {
  return [
    [3, { type: 'i64', value: nulls }],
    [5, max === undefined ? undefined : { type: 'binary', value: max }],
    [6, min === undefined ? undefined : { type: 'binary', value: min }],
    [7, max === undefined ? undefined : { type: 'bool', value: isMaxExact }],
    [8, min === undefined ? undefined : { type: 'bool', value: isMinExact }],
  ]
}

function offsetIndex({ leaf, base }: WrittenChunk): Uint8Array | undefined {
  if (leaf.pages.length === 0) return undefined
  return writeThriftStruct([
    [
      1,
      {
        type: 'list',
        of: 'struct',
        value: leaf.pages.map(({ start, length, firstRow }) => [
          [1, { type: 'i64', value: base + start }],
          [2, { type: 'i32', value: length }],
          [3, { type: 'i64', value: firstRow }],
        ]),
      },
    ],
  ])
}
