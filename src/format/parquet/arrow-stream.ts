import type { ColumnData } from '../../types/column-data.ts'
import type { LogicalType } from '../../types/logical-type.ts'
import { arrowField, arrowTypes, recordBatchMessage, schemaMessage } from '../arrow-message.ts'
import type { FlatTable } from '../flat-buffer.ts'
import { leafStorage } from './leaf-storage.ts'

const alignment = 64
const endOfStream = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0)

/**
 * An Arrow IPC stream of one column, a record batch for each part, in the types that `leafStorage` gives the leaves; `parts` are as
 * `storedColumn` makes them. Maps are lists of their entries: that is what the levels in Parquet say too.
 */
export function arrowStream(type: LogicalType, parts: readonly ColumnData[]): Uint8Array {
  const chunks = [schemaMessage([fieldOf('0', type)])]
  for (const part of parts) {
    const body = new Body()
    append(body, type, part)
    const { nodes, buffers, length } = body
    chunks.push(recordBatchMessage({ length: part.length, nodes, buffers, bodyLength: length }))
    chunks.push(...body.chunks)
  }
  chunks.push(endOfStream)
  const stream = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  let offset = 0
  for (const chunk of chunks) {
    stream.set(chunk, offset)
    offset += chunk.length
  }
  return stream
}

function fieldOf(name: string, type: LogicalType, isRequired = false): FlatTable {
  switch (type.kind) {
    case 'list':
      return arrowField(name, arrowTypes.list, { children: [fieldOf('0', type.element)] })
    case 'map': {
      const children = [fieldOf('0', type.key, true), fieldOf('1', type.value)]
      const entry = arrowField('0', arrowTypes.struct, { children, isRequired: true })
      return arrowField(name, arrowTypes.list, { children: [entry] })
    }
    case 'array':
      return arrowField(name, arrowTypes.fixedList, {
        type: [{ bytes: 4, value: type.size }],
        children: [fieldOf('0', type.element)],
      })
    case 'struct':
      return arrowField(name, arrowTypes.struct, {
        children: type.fields.map((field, index) => fieldOf(String(index), field.type)),
        isRequired,
      })
    default: {
      const { code, parameters } = leafStorage(type).arrow
      return arrowField(name, code, { isRequired, ...(parameters === undefined ? {} : { type: parameters }) })
    }
  }
}

/** The buffers of a record batch, in the order of its body. */
class Body {
  readonly nodes: [length: number, nulls: number][] = []
  readonly buffers: [offset: number, length: number][] = []
  readonly chunks: Uint8Array[] = []
  length = 0

  node({ length, nullCount, validity }: ColumnData): void {
    const nulls = validity === undefined ? 0 : nullCount
    this.nodes.push([length, nulls])
    this.buffer(nulls === 0 ? undefined : validity, (length + 7) >> 3)
  }

  /** The first `length` bytes; what is not there is zero. */
  buffer(view: ArrayBufferView | undefined, length: number): void {
    const given = Math.min(view?.byteLength ?? 0, length)
    if (given > 0) this.chunks.push(new Uint8Array(view!.buffer, view!.byteOffset, given))
    const padded = Math.ceil(length / alignment) * alignment
    if (padded > given) this.chunks.push(new Uint8Array(padded - given))
    this.buffers.push([this.length, length])
    this.length += padded
  }
}

function append(body: Body, type: LogicalType, column: ColumnData): void {
  const { length } = column
  switch (type.kind) {
    case 'null':
      body.nodes.push([length, length])
      return
    case 'list':
      body.node(column)
      body.buffer(column.offsets, (length + 1) * 4)
      append(body, type.element, column.children![0]!)
      return
    case 'map': {
      body.node(column)
      body.buffer(column.offsets, (length + 1) * 4)
      const entries = column.children![0]!
      body.node({ length: entries.length, nullCount: 0 })
      append(body, type.key, entries.children![0]!)
      append(body, type.value, entries.children![1]!)
      return
    }
    case 'array':
      body.node(column)
      append(body, type.element, column.children![0]!)
      return
    case 'struct':
      body.node(column)
      type.fields.forEach((field, index) => append(body, field.type, column.children![index]!))
      return
    default:
      appendLeaf(body, type, column)
  }
}

function appendLeaf(body: Body, type: LogicalType, column: ColumnData): void {
  const { length, offsets, values } = column
  const { physical, arrow } = leafStorage(type)
  body.node(column)
  if (physical === 'byte_array') {
    body.buffer(offsets, (length + 1) * 4)
    body.buffer(values, offsets?.[length] ?? 0)
    return
  }
  body.buffer(values, physical === 'boolean' ? (length + 7) >> 3 : length * widthOf(arrow))
}

function widthOf({ code, parameters }: ReturnType<typeof leafStorage>['arrow']): number {
  const [first] = parameters ?? []
  const size = first !== undefined && 'value' in first ? first.value : 0
  if (code === arrowTypes.int) return size / 8
  if (code === arrowTypes.float) return size === 1 ? 4 : 8
  return code === arrowTypes.decimal ? 16 : size
}
