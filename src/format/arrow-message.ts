import { flatBuffer, ref } from './flat-buffer.ts'
import type { FlatTable } from './flat-buffer.ts'

/** Arrow's types by their number in its schema. */
export const arrowTypes = {
  null: 1,
  int: 2,
  float: 3,
  binary: 4,
  text: 5,
  boolean: 6,
  decimal: 7,
  timestamp: 10,
  list: 12,
  struct: 13,
  fixedBinary: 15,
  fixedList: 16,
} as const

const version5 = 4
const schemaHeader = 1
const recordBatchHeader = 3

/**
 * A field of an Arrow schema: `type` are the parameters of the type, `dictionary` those of an encoding as dictionary.
 * Format: https://github.com/apache/arrow/blob/main/format/Schema.fbs
 */
export function arrowField(
  name: string,
  typeCode: number,
  parts: {
    readonly type?: FlatTable['table']
    readonly dictionary?: FlatTable
    readonly children?: readonly FlatTable[]
    readonly isRequired?: boolean
  } = {},
): FlatTable {
  return {
    table: [
      ref({ text: name }),
      parts.isRequired === true ? undefined : { bytes: 1, value: 1 },
      { bytes: 1, value: typeCode },
      ref({ table: parts.type ?? [] }),
      parts.dictionary === undefined ? undefined : ref(parts.dictionary),
      ref({ vector: parts.children ?? [] }),
    ],
  }
}

/** The message that begins a stream: a schema of `fields`. */
export function schemaMessage(fields: readonly FlatTable[]): Uint8Array {
  return message(schemaHeader, { table: [undefined, ref({ vector: fields })] }, 0)
}

/**
 * The message before the body of a record batch. `nodes` are length and count of nulls of each array, parents before their children;
 * `buffers` offset and length of each buffer in the body. Format: https://github.com/apache/arrow/blob/main/format/Message.fbs
 */
export function recordBatchMessage(batch: {
  readonly length: number
  readonly nodes: readonly (readonly [length: number, nulls: number])[]
  readonly buffers: readonly (readonly [offset: number, length: number])[]
  readonly bodyLength: number
}): Uint8Array {
  const header: FlatTable = {
    table: [{ bytes: 8, value: batch.length }, ref(pairs(batch.nodes)), ref(pairs(batch.buffers))],
  }
  return message(recordBatchHeader, header, batch.bodyLength)
}

function message(kind: number, header: FlatTable, bodyLength: number): Uint8Array {
  const body = flatBuffer({
    table: [{ bytes: 2, value: version5 }, { bytes: 1, value: kind }, ref(header), { bytes: 8, value: bodyLength }],
  })
  const prefixed = new Uint8Array(8 + body.length)
  const view = new DataView(prefixed.buffer)
  view.setUint32(0, 0xffffffff, true)
  view.setUint32(4, body.length, true)
  prefixed.set(body, 8)
  return prefixed
}

function pairs(items: readonly (readonly [number, number])[]): { structs: Uint8Array; count: number } {
  const words = new BigInt64Array(items.flatMap(([first, second]) => [BigInt(first), BigInt(second)]))
  return { structs: new Uint8Array(words.buffer), count: items.length }
}
