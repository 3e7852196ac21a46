import { arrowHint, needsHint } from './arrow-hint.ts'
import { codecs } from './footer.ts'
import type { ColumnChunk } from './footer.ts'
import { physicalTypes } from './schema.ts'
import type { ParquetColumn, ParquetNode } from './schema.ts'
import { writeThriftStruct } from './thrift.ts'
import type { ThriftField, ThriftFields } from './thrift.ts'

export interface ExcerptOptions {
  /** The pages of each physical column, and what describes them. */
  readonly stored: readonly { readonly chunk: ColumnChunk; readonly bytes: Uint8Array }[]
  /** Whether text is asked for as a dictionary. */
  readonly asDictionary: boolean
  /** Physical columns of int32 to be read as int64, which takes the same bytes where all pages are delta encoded. */
  readonly asInt64: ReadonlySet<number>
}

const int64 = physicalTypes.indexOf('int64')

/**
 * A Parquet file of one column and one row group, made of stored bytes and a footer of ours.
 *
 * A decoder that gets excerpts needs no I/O of its own, sees nothing of other columns, and is told only what is physical:
 * annotations, legacy list forms and writers' own schemas stay out, and text may be asked for as a dictionary.
 */
export function excerpt(column: ParquetColumn, rows: number, options: ExcerptOptions): Uint8Array {
  const bytes = options.stored.map((leaf) => leaf.bytes)
  const chunks = options.stored.map(({ chunk }, leaf) =>
    options.asInt64.has(leaf) ? { ...chunk, type: int64 } : chunk,
  )
  const node = widened(renamed({ ...column.node, name: 'c' }), options.asInt64)
  const elements: ThriftFields[] = [
    [
      [4, binary('r')],
      [5, i32(1)],
    ],
  ]
  const paths: string[][] = []
  describe(node, [], elements, paths)
  const needsSchema = options.asDictionary || needsHint(node)
  const footer = writeThriftStruct([
    [1, i32(1)],
    [2, { type: 'list', of: 'struct', value: elements }],
    [3, i64(rows)],
    [
      4,
      {
        type: 'list',
        of: 'struct',
        value: [describeRowGroup(chunks, paths, { rows, bytes })],
      },
    ],
    [5, needsSchema ? hint(node, options.asDictionary) : undefined],
  ])
  return assemble(bytes, footer)
}

const magic = new TextEncoder().encode('PAR1')

function assemble(parts: readonly Uint8Array[], footer: Uint8Array): Uint8Array {
  const data = parts.reduce((bytes, part) => bytes + part.length, magic.length)
  const file = new Uint8Array(data + footer.length + 8)
  file.set(magic)
  let offset = magic.length
  for (const part of parts) {
    file.set(part, offset)
    offset += part.length
  }
  file.set(footer, offset)
  new DataView(file.buffer).setUint32(file.length - 8, footer.length, true)
  file.set(magic, file.length - 4)
  return file
}

/** Appends the schema elements of `node` and the paths of its leaves. */
function describe(node: ParquetNode, parents: readonly string[], elements: ThriftFields[], paths: string[][]): void {
  const path = [...parents, node.name]
  const isText = node.physical === 'byte_array' && node.conversion?.as === 'text'
  elements.push([
    [1, node.physical === undefined ? undefined : i32(physicalTypes.indexOf(node.physical))],
    [2, node.typeLength === undefined ? undefined : i32(node.typeLength)],
    [3, i32(['required', 'optional', 'repeated'].indexOf(node.repetition))],
    [4, binary(node.name)],
    [5, node.physical === undefined ? i32(node.children.length) : undefined],
    [6, isText ? i32(0) : undefined],
  ])
  if (node.physical !== undefined) paths.push(path)
  node.children.forEach((child) => describe(child, path, elements, paths))
}

/** Nobody asks for the names below a column, so they are made short and plain. */
function renamed(node: ParquetNode): ParquetNode {
  return { ...node, children: node.children.map((child, index) => renamed({ ...child, name: `c${index}` })) }
}

function widened(root: ParquetNode, asInt64: ReadonlySet<number>): ParquetNode {
  let leaf = 0
  const visit = (node: ParquetNode): ParquetNode => {
    if (node.physical === undefined) return { ...node, children: node.children.map(visit) }
    return asInt64.has(leaf++) ? { ...node, physical: 'int64' } : node
  }
  return visit(root)
}

function describeRowGroup(
  chunks: readonly ColumnChunk[],
  paths: readonly string[][],
  { rows, bytes }: { rows: number; bytes: readonly Uint8Array[] },
): ThriftFields {
  let offset = magic.length
  const columns = chunks.map((chunk, index): ThriftFields => {
    const start = offset
    const { length } = bytes[index]!
    offset += length
    const dictionaryStart = chunk.dataStart > chunk.start ? start : undefined
    return [
      [2, i64(start)],
      [
        3,
        {
          type: 'struct',
          value: [
            [1, i32(chunk.type)],
            [2, { type: 'list', of: 'i32', value: chunk.encodings }],
            [3, { type: 'list', of: 'binary', value: paths[index]! }],
            [4, i32(codecs.indexOf(chunk.codec))],
            [5, i64(chunk.values)],
            [6, i64(chunk.uncompressedBytes)],
            [7, i64(length)],
            [9, i64(start + chunk.dataStart - chunk.start)],
            [11, dictionaryStart === undefined ? undefined : i64(dictionaryStart)],
          ],
        },
      ],
    ]
  })
  const total = chunks.reduce((sum, chunk) => sum + chunk.uncompressedBytes, 0)
  return [
    [1, { type: 'list', of: 'struct', value: columns }],
    [2, i64(total)],
    [3, i64(rows)],
  ]
}

function hint(node: ParquetNode, asDictionary: boolean): ThriftField {
  const pair: ThriftFields = [
    [1, binary('ARROW:schema')],
    [2, binary(arrowHint(node, { asDictionary }))],
  ]
  return { type: 'list', of: 'struct', value: [pair] }
}

function i32(value: number): ThriftField {
  return { type: 'i32', value }
}

function i64(value: number): ThriftField {
  return { type: 'i64', value }
}

function binary(value: string): ThriftField {
  return { type: 'binary', value }
}
