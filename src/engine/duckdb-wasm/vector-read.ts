import { LakefrontError } from '../../errors.ts'
import type { ColumnData } from '../../types/column-data.ts'
import type { LogicalType } from '../../types/logical-type.ts'
import type { CApi, Pointer } from './capi.ts'
import type { Heap } from './heap.ts'

/** A run of rows in one flat vector. */
interface Part {
  readonly vector: Pointer
  readonly start: number
  readonly count: number
}

/** Largest text or blob column of one batch: offsets are 32-bit. */
const maximumBytes = 2 ** 31 - 1

/**
 * Copies values out of DuckDB's vectors into Arrow layout, each byte once: sizes are summed over all parts first, then one buffer
 * is made and filled.
 */
export class VectorReader {
  readonly #capi: CApi
  readonly #heap: Heap

  constructor(capi: CApi, heap: Heap) {
    this.#capi = capi
    this.#heap = heap
  }

  /** Column `index` of all `chunks`, which must be flat, as those of `fetchChunk` are. */
  column(chunks: readonly Pointer[], index: number, type: LogicalType): ColumnData {
    const parts = chunks.map((chunk) => ({
      vector: this.#capi.dataChunkGetVector(chunk, index),
      start: 0,
      count: this.#capi.dataChunkGetSize(chunk),
    }))
    return this.#read(parts, type)
  }

  /** The first `count` rows of a flat vector. */
  rows(vector: Pointer, count: number, type: LogicalType): ColumnData {
    return this.#read([{ vector, start: 0, count }], type)
  }

  #read(parts: readonly Part[], type: LogicalType): ColumnData {
    const length = parts.reduce((sum, part) => sum + part.count, 0)
    if (type.kind === 'null') return { length, nullCount: length }
    const nulls = this.#validity(parts, length)
    switch (type.kind) {
      case 'boolean':
        return { length, ...nulls, values: this.#bits(parts, length) }
      case 'varchar':
      case 'json':
      case 'blob':
      case 'bit':
        return { length, ...nulls, ...this.#strings(parts, length, nulls.validity) }
      case 'list':
        return { length, ...nulls, ...this.#lists(parts, length, nulls.validity, type.element) }
      case 'map':
        return {
          length,
          ...nulls,
          ...this.#lists(parts, length, nulls.validity, {
            kind: 'struct',
            fields: [
              { name: 'key', type: type.key, nullable: false },
              { name: 'value', type: type.value, nullable: true },
            ],
          }),
        }
      case 'array': {
        const children = parts.map((part) => ({
          vector: this.#capi.arrayVectorGetChild(part.vector),
          start: part.start * type.size,
          count: part.count * type.size,
        }))
        return { length, ...nulls, children: [this.#read(children, type.element)] }
      }
      case 'struct':
        return { length, ...nulls, children: type.fields.map((field, index) => this.#child(parts, index, field.type)) }
      case 'union':
        return {
          length,
          ...nulls,
          values: this.#fixed(
            parts.map((part) => ({ ...part, vector: this.#capi.structVectorGetChild(part.vector, 0) })),
            length,
            1,
          ),
          children: type.members.map((member, index) => this.#child(parts, index + 1, member.type)),
        }
      case 'uuid':
        return { length, ...nulls, values: uuidBytes(this.#fixed(parts, length, 16)) }
      case 'enum':
        return { length, ...nulls, values: this.#enums(parts, length, type) }
      default:
        return { length, ...nulls, values: this.#fixed(parts, length, widthOf(type)) }
    }
  }

  #child(parts: readonly Part[], index: number, type: LogicalType): ColumnData {
    return this.#read(
      parts.map((part) => ({ ...part, vector: this.#capi.structVectorGetChild(part.vector, index) })),
      type,
    )
  }

  #fixed(parts: readonly Part[], length: number, width: number): Uint8Array {
    const values = new Uint8Array(length * width)
    let at = 0
    for (const { vector, start, count } of parts) {
      const address = this.#capi.vectorGetData(vector) + start * width
      values.set(this.#heap.bytes.subarray(address, address + count * width), at)
      at += count * width
    }
    return values
  }

  #enums(parts: readonly Part[], length: number, type: LogicalType & { kind: 'enum' }): Uint8Array {
    const inside = enumWidthInside(type)
    const values = this.#fixed(parts, length, inside)
    const width = widthOf(type)
    return width === inside ? values : values.filter((_, at) => at % inside < width)
  }

  #bits(parts: readonly Part[], length: number): Uint8Array {
    const bits = new Uint8Array((length + 7) >>> 3)
    let row = 0
    for (const { vector, start, count } of parts) {
      const address = this.#capi.vectorGetData(vector) + start
      const bytes = this.#heap.bytes
      for (let index = 0; index < count; index++, row++) {
        if (bytes[address + index] !== 0) bits[row >>> 3]! |= 1 << (row & 7)
      }
    }
    return bits
  }

  #validity(parts: readonly Part[], length: number): { nullCount: number; validity?: Uint8Array } {
    const masks = parts.map((part) => this.#capi.vectorGetValidity(part.vector))
    if (masks.every((mask) => mask === 0)) return { nullCount: 0 }
    const validity = new Uint8Array((length + 7) >>> 3)
    const bytes = this.#heap.bytes
    let row = 0
    let valid = 0
    parts.forEach(({ start, count }, part) => {
      const mask = masks[part]!
      for (let index = start; index < start + count; index++, row++) {
        if (mask === 0 || (bytes[mask + (index >>> 3)]! >>> (index & 7)) & 1) {
          validity[row >>> 3]! |= 1 << (row & 7)
          valid++
        }
      }
    })
    return valid === length ? { nullCount: 0 } : { nullCount: length - valid, validity }
  }

  #strings(
    parts: readonly Part[],
    length: number,
    validity: Uint8Array | undefined,
  ): { offsets: Int32Array; values: Uint8Array } {
    const offsets = new Int32Array(length + 1)
    const addresses = parts.map((part) => this.#capi.vectorGetData(part.vector) + part.start * 16)
    const { bytes, words } = this.#heap
    let total = 0
    let row = 0
    parts.forEach(({ count }, part) => {
      for (let word = addresses[part]! >>> 2, end = word + count * 4; word < end; word += 4) {
        if (isValid(validity, row)) total += words[word]!
        offsets[++row] = total
      }
    })
    if (total > maximumBytes) {
      throw new LakefrontError(
        'OUT_OF_MEMORY',
        `One batch of a column holds ${total} bytes, more than 2 GiB. Select a shorter text.`,
      )
    }
    const values = new Uint8Array(total)
    row = 0
    parts.forEach(({ count }, part) => {
      for (let word = addresses[part]! >>> 2, end = word + count * 4; word < end; word += 4) {
        const to = offsets[row]!
        const size = offsets[++row]! - to
        if (size === 0) continue
        const from = size <= 12 ? (word + 1) * 4 : words[word + 2]!
        if (size < 24) for (let index = 0; index < size; index++) values[to + index] = bytes[from + index]!
        else values.set(bytes.subarray(from, from + size), to)
      }
    })
    return { offsets, values }
  }

  /** List entries are (offset, length) pairs of 64-bit numbers and may point anywhere in the child: neighbours are joined to runs. */
  #lists(
    parts: readonly Part[],
    length: number,
    validity: Uint8Array | undefined,
    element: LogicalType,
  ): { offsets: Int32Array; children: readonly ColumnData[] } {
    const offsets = new Int32Array(length + 1)
    const runs: { vector: Pointer; start: number; count: number }[] = []
    const addresses = parts.map((part) => this.#capi.vectorGetData(part.vector) + part.start * 16)
    const children = parts.map((part) => this.#capi.listVectorGetChild(part.vector))
    const { words } = this.#heap
    let total = 0
    let row = 0
    parts.forEach(({ count }, part) => {
      const vector = children[part]!
      for (let word = addresses[part]! >>> 2, end = word + count * 4; word < end; word += 4) {
        const size = isValid(validity, row) ? words[word + 2]! : 0
        if (size > 0) {
          const start = words[word]!
          const last = runs.at(-1)
          if (last?.vector === vector && last.start + last.count === start) last.count += size
          else runs.push({ vector, start, count: size })
          total += size
        }
        offsets[++row] = total
      }
    })
    return { offsets, children: [this.#read(runs, element)] }
  }
}

/** Whether `row` is not null; a column without a bitmap has no nulls. */
export function isValid(validity: Uint8Array | undefined, row: number): boolean {
  return validity === undefined || ((validity[row >>> 3]! >>> (row & 7)) & 1) === 1
}

/** DuckDB keeps a UUID as a 128-bit integer, little endian, with the top bit flipped so that it sorts. */
function uuidBytes(values: Uint8Array): Uint8Array {
  for (let at = 0; at < values.length; at += 16) {
    values.subarray(at, at + 16).reverse()
    values[at]! ^= 0x80
  }
  return values
}

/** Bytes of one value of a type of fixed width, the same in DuckDB and in our layout. */
export function widthOf(type: LogicalType): number {
  switch (type.kind) {
    case 'tinyint':
    case 'utinyint':
      return 1
    case 'smallint':
    case 'usmallint':
      return 2
    case 'integer':
    case 'uinteger':
    case 'float':
    case 'date':
      return 4
    case 'hugeint':
    case 'uhugeint':
    case 'uuid':
    case 'interval':
      return 16
    case 'decimal':
      return type.precision <= 4 ? 2 : type.precision <= 9 ? 4 : type.precision <= 18 ? 8 : 16
    case 'enum':
      return type.values.length <= 256 ? 1 : type.values.length <= 65_536 ? 2 : 4
    default:
      return 8
  }
}

/** Bytes of a value of an enum as DuckDB keeps it: more than ours for exactly 256 and exactly 65,536 values. */
export function enumWidthInside({ values: { length } }: LogicalType & { kind: 'enum' }): number {
  return length < 256 ? 1 : length < 65_536 ? 2 : 4
}
