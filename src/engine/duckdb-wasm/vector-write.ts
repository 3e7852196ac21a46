import { LakefrontError } from '../../errors.ts'
import type { ColumnData } from '../../types/column-data.ts'
import type { LogicalType } from '../../types/logical-type.ts'
import type { CApi, Pointer } from './capi.ts'
import type { Heap } from './heap.ts'
import type { LogicalTypes } from './logical-types.ts'
import { widthOf } from './vector-read.ts'

/** Distinct values up to which hashing them anew for every vector is cheaper than hashing its rows. */
const smallDictionary = 512

/**
 * Copies columns into DuckDB's vectors, a run of rows at a time. Fixed-width values go in with one copy; the bytes of all strings of a
 * run go in with one copy too and are then pointed at.
 */
export class VectorWriter {
  readonly #capi: CApi
  readonly #heap: Heap
  readonly #types: LogicalTypes
  readonly #dictionaries = new Map<ColumnData, Pointer>()
  #scratch: Pointer = 0
  #scratchBytes = 0

  constructor(capi: CApi, heap: Heap, types: LogicalTypes) {
    this.#capi = capi
    this.#heap = heap
    this.#types = types
  }

  /** Writes rows `start` to `start + count` of `column` to the first rows of `vector`. */
  write(vector: Pointer, column: ColumnData, type: LogicalType, start: number, count: number): void {
    if (column.dictionary === undefined) this.#write(vector, column, type, start, count, 0)
    else this.#reference(vector, column, type, start, count)
  }

  /** Gives back what was kept between runs. */
  close(): void {
    this.forgetDictionaries()
    if (this.#scratch !== 0) this.#heap.free(this.#scratch)
    this.#scratch = 0
    this.#scratchBytes = 0
  }

  /** Call when the batch whose dictionaries were used is done. */
  forgetDictionaries(): void {
    for (const vector of this.#dictionaries.values()) {
      this.#heap.withPointer(vector, this.#capi.destroyVector)
    }
    this.#dictionaries.clear()
  }

  #write(vector: Pointer, column: ColumnData, type: LogicalType, start: number, count: number, at: number): void {
    if (type.kind === 'null') return this.#nullAll(vector, at, count)
    if (column.nullCount > 0) this.#writeValidity(vector, column.validity!, start, count, at)
    switch (type.kind) {
      case 'boolean':
        return this.#writeBooleans(vector, column.values!, start, count, at)
      case 'varchar':
      case 'json':
      case 'blob':
      case 'bit':
        return column.dictionary === undefined
          ? this.#writeStrings(vector, column, start, count, at)
          : this.#writeDecoded(vector, column, start, count, at)
      case 'list':
      case 'map':
        return this.#writeLists(vector, column, type, start, count, at)
      case 'array':
        return this.#write(
          this.#capi.arrayVectorGetChild(vector),
          column.children![0]!,
          type.element,
          start * type.size,
          count * type.size,
          at * type.size,
        )
      case 'struct':
        type.fields.forEach((field, index) =>
          this.#writeChild(vector, column, index, index, field.type, start, count, at),
        )
        return column.nullCount > 0
          ? this.#spreadNulls(vector, type.fields.length, column.validity!, start, count, at)
          : undefined
      case 'union':
        this.#copy(this.#capi.structVectorGetChild(vector, 0), column.values!, 1, start, count, at)
        type.members.forEach((member, index) =>
          this.#writeChild(vector, column, index, index + 1, member.type, start, count, at),
        )
        return column.nullCount > 0
          ? this.#spreadNulls(vector, type.members.length + 1, column.validity!, start, count, at)
          : undefined
      case 'uuid':
        return this.#writeUuids(vector, column.values!, start, count, at)
      default:
        return this.#copy(vector, column.values!, widthOf(type), start, count, at)
    }
  }

  #writeChild(
    vector: Pointer,
    column: ColumnData,
    from: number,
    to: number,
    type: LogicalType,
    start: number,
    count: number,
    at: number,
  ): void {
    this.#write(this.#capi.structVectorGetChild(vector, to), column.children![from]!, type, start, count, at)
  }

  #copy(vector: Pointer, values: Uint8Array, width: number, start: number, count: number, at: number): void {
    const address = this.#capi.vectorGetData(vector) + at * width
    this.#heap.bytes.set(values.subarray(start * width, (start + count) * width), address)
  }

  #nullAll(vector: Pointer, at: number, count: number): void {
    this.#capi.vectorEnsureValidityWritable(vector)
    const mask = this.#capi.vectorGetValidity(vector)
    const bytes = this.#heap.bytes
    for (let row = at; row < at + count; row++) bytes[mask + (row >>> 3)]! &= ~(1 << (row & 7))
  }

  #writeValidity(vector: Pointer, validity: Uint8Array, start: number, count: number, at: number): void {
    this.#capi.vectorEnsureValidityWritable(vector)
    const mask = this.#capi.vectorGetValidity(vector)
    const bytes = this.#heap.bytes
    if ((start & 7) === 0 && at === 0) {
      bytes.set(validity.subarray(start >>> 3, (start + count + 7) >>> 3), mask)
      return
    }
    for (let index = 0; index < count; index++) {
      const from = start + index
      const to = at + index
      if ((validity[from >>> 3]! >>> (from & 7)) & 1) bytes[mask + (to >>> 3)]! |= 1 << (to & 7)
      else bytes[mask + (to >>> 3)]! &= ~(1 << (to & 7))
    }
  }

  /** DuckDB reads the fields of a null struct (or tag and members of a null union) without looking at the struct, so they must be null too. */
  #spreadNulls(vector: Pointer, fields: number, validity: Uint8Array, start: number, count: number, at: number): void {
    const children = Array.from({ length: fields }, (_, index) => this.#capi.structVectorGetChild(vector, index))
    for (let index = 0; index < count; index++) {
      const row = start + index
      if ((validity[row >>> 3]! >>> (row & 7)) & 1) continue
      for (const child of children) this.#nullAll(child, at + index, 1)
    }
  }

  #writeBooleans(vector: Pointer, bits: Uint8Array, start: number, count: number, at: number): void {
    const address = this.#capi.vectorGetData(vector) + at
    const bytes = this.#heap.bytes
    for (let index = 0; index < count; index++) {
      const row = start + index
      bytes[address + index] = (bits[row >>> 3]! >>> (row & 7)) & 1
    }
  }

  #writeUuids(vector: Pointer, values: Uint8Array, start: number, count: number, at: number): void {
    const address = this.#capi.vectorGetData(vector) + at * 16
    const target = this.#heap.bytes.subarray(address, address + count * 16)
    target.set(values.subarray(start * 16, (start + count) * 16))
    for (let from = 0; from < target.length; from += 16) {
      target[from]! ^= 0x80
      target.subarray(from, from + 16).reverse()
    }
  }

  /**
   * One assignment hands DuckDB the bytes of the whole run as a single long string, which it copies into the vector's own heap: that
   * memory lives as long as the vector is referenced. Then every row is written as a string that points into it.
   */
  #writeStrings(vector: Pointer, column: ColumnData, start: number, count: number, at: number): void {
    const offsets = column.offsets!
    const first = offsets[start]!
    const total = offsets[start + count]! - first
    const entries = (this.#capi.vectorGetData(vector) + at * 16) >>> 2
    let base = 0
    if (total > 12) {
      const scratch = this.#reserve(total)
      this.#heap.bytes.set(column.values!.subarray(first, first + total), scratch)
      this.#capi.unsafeVectorAssignStringElementLen(vector, at, scratch, total)
      base = this.#heap.words[entries + 2]!
    }
    const { bytes, words } = this.#heap
    const values = column.values!
    for (let index = 0, word = entries; index < count; index++, word += 4) {
      const from = offsets[start + index]!
      const size = offsets[start + index + 1]! - from
      words[word] = size
      words[word + 1] = 0
      if (size <= 12) {
        words[word + 2] = 0
        words[word + 3] = 0
        const to = (word + 1) * 4
        for (let byte = 0; byte < size; byte++) bytes[to + byte] = values[from + byte]!
      } else {
        const to = (word + 1) * 4
        bytes[to] = values[from]!
        bytes[to + 1] = values[from + 1]!
        bytes[to + 2] = values[from + 2]!
        bytes[to + 3] = values[from + 3]!
        words[word + 2] = base + (from - first)
        words[word + 3] = 0
      }
    }
  }

  /** A dictionary column inside a nested one: written value by value. */
  #writeDecoded(vector: Pointer, column: ColumnData, start: number, count: number, at: number): void {
    const { offsets, values } = column.dictionary!
    const indices = int32View(column.values!)
    const flat = new Int32Array(count + 1)
    for (let index = 0; index < count; index++) {
      const entry = indices[start + index]!
      flat[index + 1] = flat[index]! + offsets![entry + 1]! - offsets![entry]!
    }
    const bytes = new Uint8Array(flat[count]!)
    for (let index = 0; index < count; index++) {
      const entry = indices[start + index]!
      bytes.set(values!.subarray(offsets![entry]!, offsets![entry + 1]!), flat[index]!)
    }
    this.#writeStrings(vector, { length: count, nullCount: 0, offsets: flat, values: bytes }, 0, count, at)
  }

  /** Points `vector` at a vector of the distinct values, made once a batch, through a selection: four bytes a row. */
  #reference(vector: Pointer, column: ColumnData, type: LogicalType, start: number, count: number): void {
    const dictionary = column.dictionary!
    let distinct = this.#dictionaries.get(dictionary)
    if (distinct === undefined) {
      distinct = this.#types.with(type, (address) => this.#capi.createVector(address, dictionary.length + 1))
      this.#write(distinct, dictionary, type, 0, dictionary.length, 0)
      this.#nullAll(distinct, dictionary.length, 1)
      this.#dictionaries.set(dictionary, distinct)
    }
    const selection = this.#capi.createSelectionVector(count)
    const words = this.#capi.selectionVectorGetDataPtr(selection) >>> 2
    const target = this.#heap.words
    const indices = int32View(column.values!)
    if (column.nullCount === 0) {
      target.set(indices.subarray(start, start + count), words)
    } else {
      const validity = column.validity!
      for (let index = 0; index < count; index++) {
        const row = start + index
        target[words + index] = (validity[row >>> 3]! >>> (row & 7)) & 1 ? indices[row]! : dictionary.length
      }
    }
    if (dictionary.length < smallDictionary) {
      this.#capi.vectorDictionary(vector, distinct, dictionary.length + 1, selection, count)
    } else {
      this.#capi.vectorReferenceVector(vector, distinct)
      this.#capi.sliceVector(vector, selection, count)
    }
    this.#capi.destroySelectionVector(selection)
  }

  #writeLists(
    vector: Pointer,
    column: ColumnData,
    type: LogicalType & { kind: 'list' | 'map' },
    start: number,
    count: number,
    at: number,
  ): void {
    const offsets = column.offsets!
    const first = offsets[start]!
    const total = offsets[start + count]! - first
    const base = at === 0 ? 0 : this.#listEnd(vector, at)
    if (
      this.#capi.listVectorReserve(vector, base + total) !== 0 ||
      this.#capi.listVectorSetSize(vector, base + total) !== 0
    ) {
      throw new LakefrontError('OUT_OF_MEMORY', `The engine could not hold ${total} list elements of one vector.`)
    }
    const entries = (this.#capi.vectorGetData(vector) + at * 16) >>> 2
    const { words } = this.#heap
    for (let index = 0, word = entries; index < count; index++, word += 4) {
      const from = offsets[start + index]!
      words[word] = base + from - first
      words[word + 1] = 0
      words[word + 2] = offsets[start + index + 1]! - from
      words[word + 3] = 0
    }
    const element: LogicalType =
      type.kind === 'list'
        ? type.element
        : {
            kind: 'struct',
            fields: [
              { name: 'key', type: type.key, nullable: false },
              { name: 'value', type: type.value, nullable: true },
            ],
          }
    this.#write(this.#capi.listVectorGetChild(vector), column.children![0]!, element, first, total, base)
  }

  #listEnd(vector: Pointer, at: number): number {
    const entry = (this.#capi.vectorGetData(vector) + (at - 1) * 16) >>> 2
    return this.#heap.words[entry]! + this.#heap.words[entry + 2]!
  }

  #reserve(bytes: number): Pointer {
    if (bytes > this.#scratchBytes) {
      if (this.#scratch !== 0) this.#heap.free(this.#scratch)
      this.#scratchBytes = Math.max(bytes, 65_536)
      this.#scratch = this.#heap.allocate(this.#scratchBytes)
    }
    return this.#scratch
  }
}

function int32View(bytes: Uint8Array): Int32Array {
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >>> 2)
}
