import { LakefrontError } from '../../errors.ts'
import type { ArrowRows } from '../../types/arrow-loader.ts'
import { FlatTable } from './flatbuffer.ts'

/** Where bytes are in the body of a message. */
export interface BodyPart {
  readonly offset: number
  readonly length: number
}

/** Rows of a message, and where their buffers are in its body. */
export interface RowsInBody extends ArrowRows {
  readonly parts: readonly BodyPart[]
  /** What every buffer is compressed with. */
  readonly codec: 'lz4' | 'zstandard' | undefined
}

/** What the metadata of a message say. */
export type ArrowMessage =
  | { readonly kind: 'schema'; readonly bodyBytes: number }
  | { readonly kind: 'rows'; readonly bodyBytes: number; readonly rows: RowsInBody }
  | {
      readonly kind: 'dictionary'
      readonly bodyBytes: number
      readonly rows: RowsInBody
      readonly id: number
      readonly isDelta: boolean
    }
  | { readonly kind: 'other'; readonly bodyBytes: number }

/** Where a message is in a file: its metadata with their length before them, and behind these its body. */
export interface ArrowBlock {
  readonly offset: number
  readonly metadataBytes: number
  readonly bodyBytes: number
}

/** Reads the metadata of a message. Format: arrow.apache.org, `Message.fbs` and `Schema.fbs`. Throws RangeError where they are damaged. */
export function readMessage(metadata: Uint8Array): ArrowMessage {
  const message = FlatTable.rootOf(metadata)
  message.tables(4)
  const bodyBytes = message.long(3)
  if (bodyBytes < 0) throw new RangeError('the length of its body is negative')
  const header = message.table(2)
  if (header === undefined) throw new RangeError('it has no header')
  switch (message.byte(1)) {
    case 1:
      checkSchema(header)
      return { kind: 'schema', bodyBytes }
    case 2: {
      const rows = header.table(1)
      if (rows === undefined) throw new RangeError('a dictionary has no values')
      return {
        kind: 'dictionary',
        bodyBytes,
        rows: rowsOf(rows, bodyBytes),
        id: header.long(0),
        isDelta: header.byte(2) === 1,
      }
    }
    case 3:
      return { kind: 'rows', bodyBytes, rows: rowsOf(header, bodyBytes) }
    default:
      return { kind: 'other', bodyBytes }
  }
}

/** More fields than this in one schema are taken for damage, and more of them inside of each other. */
const mostFields = 1_000_000
const deepest = 100

/** `Type.Union` of the format. */
const unionType = 14

/** Checks the lists of a schema, which the library reads as long as they say they are. */
function checkSchema(schema: FlatTable): void {
  if (schema.byte(0) !== 0) throw new LakefrontError('UNSUPPORTED', 'The numbers in it stand with the high byte first.')
  schema.tables(2)
  schema.structs(3, 8, () => undefined)
  let count = 0
  const check = (fields: readonly FlatTable[], depth: number): void => {
    count += fields.length
    if (count > mostFields || depth > deepest) throw new RangeError('its types have no end')
    for (const field of fields) {
      field.tables(6)
      if (field.byte(2) === unionType) field.table(3)?.structs(1, 4, () => undefined)
      check(field.tables(5), depth + 1)
    }
  }
  check(schema.tables(1), 0)
}

function rowsOf(batch: FlatTable, bodyBytes: number): RowsInBody {
  const parts = batch.structs(2, 16, (long) => ({ offset: long(0), length: long(8) }))
  for (const { offset, length } of parts) {
    if (offset < 0 || length < 0 || offset + length > bodyBytes) throw new RangeError('a buffer is outside of its body')
  }
  const length = batch.long(0)
  const nodes = batch.structs(1, 16, (long) => ({ length: long(0), nulls: long(8) }))
  for (const node of nodes) {
    if (node.length < 0 || node.nulls < 0 || node.nulls > node.length)
      throw new RangeError('it has fewer rows than nulls')
  }
  if (length < 0) throw new RangeError('its length is negative')
  const compression = batch.table(3)
  const codec = compression && (compression.byte(0) === 0 ? 'lz4' : compression.byte(0) === 1 ? 'zstandard' : undefined)
  if (compression !== undefined && codec === undefined) throw new RangeError('it is compressed in an unknown way')
  return { length, nodes, buffers: parts.length, parts, codec, variadic: batch.structs(4, 8, (long) => long(0)) }
}

/** Where rows and dictionaries are, by the footer of a file. */
export function readFooterBlocks(footer: Uint8Array): {
  readonly batches: readonly ArrowBlock[]
  readonly dictionaries: readonly ArrowBlock[]
} {
  const root = FlatTable.rootOf(footer)
  const schema = root.table(1)
  if (schema === undefined) throw new RangeError('it has no schema')
  checkSchema(schema)
  root.tables(4)
  const blocks = (field: number): ArrowBlock[] =>
    root.structs(field, 24, (long, int) => ({ offset: long(0), metadataBytes: int(8), bodyBytes: long(16) }))
  return { dictionaries: blocks(2), batches: blocks(3) }
}
