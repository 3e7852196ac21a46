import { LakefrontError } from '../../errors.ts'
import type { ColumnData } from '../../types/column-data.ts'
import type { LogicalType } from '../../types/logical-type.ts'
import type { CApi, Pointer } from './capi.ts'
import type { Heap } from './heap.ts'
import type { LogicalTypes } from './logical-types.ts'
import { enumWidthInside, isValid, widthOf } from './vector-read.ts'

/** Distinct values up to which hashing them anew for every vector is cheaper than hashing its rows. */
const smallDictionary = 512

/** A vector inside another, with a fixed number of values to each of its rows. */
interface InnerVector {
  readonly vector: Pointer
  readonly valuesPerRow: number
}

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
    if (column.dictionary === undefined) this.#write(vector, column, type, start, count)
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

  #write(vector: Pointer, column: ColumnData, type: LogicalType, start: number, count: number): void {
    if (type.kind === 'null') return this.#nullAll(vector, 0, count)
    if (column.nullCount > 0) this.#writeValidity(vector, column.validity!, start, count)
    switch (type.kind) {
      case 'boolean':
        return this.#writeBooleans(vector, column.values!, start, count)
      case 'varchar':
      case 'json':
      case 'blob':
      case 'bit':
        return column.dictionary === undefined
          ? this.#writeStrings(vector, column, start, count)
          : this.#writeDecoded(vector, column, start, count)
      case 'list':
      case 'map':
        return this.#writeLists(vector, column, type, start, count)
      case 'array': {
        const child = this.#capi.arrayVectorGetChild(vector)
        this.#write(child, column.children![0]!, type.element, start * type.size, count * type.size)
        return this.#spreadNulls(vector, column, type, start, count)
      }
      case 'struct':
        type.fields.forEach((field, index) => {
          const child = this.#capi.structVectorGetChild(vector, index)
          this.#write(child, column.children![index]!, field.type, start, count)
        })
        return this.#spreadNulls(vector, column, type, start, count)
      case 'union':
        this.#copy(this.#capi.structVectorGetChild(vector, 0), column.values!, 1, start, count)
        type.members.forEach((member, index) => {
          const child = this.#capi.structVectorGetChild(vector, index + 1)
          this.#write(child, column.children![index]!, member.type, start, count)
          const inside = this.#withInside(child, member.type, 1)
          this.#nullWhere(inside, count, (row) => column.values![start + row] !== index)
        })
        return this.#spreadNulls(vector, column, type, start, count)
      case 'uuid':
        return this.#writeUuids(vector, column.values!, start, count)
      case 'enum':
        return this.#writeEnums(vector, column.values!, type, start, count)
      default:
        return this.#copy(vector, column.values!, widthOf(type), start, count)
    }
  }

  #copy(vector: Pointer, values: Uint8Array, width: number, start: number, count: number): void {
    const address = this.#capi.vectorGetData(vector)
    this.#heap.bytes.set(values.subarray(start * width, (start + count) * width), address)
  }

  #nullAll(vector: Pointer, first: number, count: number): void {
    this.#capi.vectorEnsureValidityWritable(vector)
    const mask = this.#capi.vectorGetValidity(vector)
    const bytes = this.#heap.bytes
    for (let row = first; row < first + count; row++) bytes[mask + (row >>> 3)]! &= ~(1 << (row & 7))
  }

  #writeValidity(vector: Pointer, validity: Uint8Array, start: number, count: number): void {
    this.#capi.vectorEnsureValidityWritable(vector)
    const mask = this.#capi.vectorGetValidity(vector)
    const bytes = this.#heap.bytes
    if ((start & 7) === 0) {
      bytes.set(validity.subarray(start >>> 3, (start + count + 7) >>> 3), mask)
      return
    }
    for (let row = 0; row < count; row++) {
      if (isValid(validity, start + row)) bytes[mask + (row >>> 3)]! |= 1 << (row & 7)
      else bytes[mask + (row >>> 3)]! &= ~(1 << (row & 7))
    }
  }

  /** DuckDB reads what is inside a null struct, union or array without looking at the outside, so that must be null too. */
  #spreadNulls(vector: Pointer, column: ColumnData, type: LogicalType, start: number, count: number): void {
    const { nullCount, validity } = column
    if (nullCount > 0) this.#nullWhere(this.#inside(vector, type, 1), count, (row) => !isValid(validity, start + row))
  }

  #nullWhere(vectors: readonly InnerVector[], count: number, isNull: (row: number) => boolean): void {
    for (const { vector, valuesPerRow } of vectors) {
      this.#capi.vectorEnsureValidityWritable(vector)
      const mask = this.#capi.vectorGetValidity(vector)
      const bytes = this.#heap.bytes
      for (let row = 0; row < count; row++) {
        if (!isNull(row)) continue
        const end = (row + 1) * valuesPerRow
        for (let at = end - valuesPerRow; at < end; at++) bytes[mask + (at >>> 3)]! &= ~(1 << (at & 7))
      }
    }
  }

  /** The vectors inside one of a nested type whose rows are in step with its own; those of lists are not. */
  #inside(vector: Pointer, type: LogicalType, valuesPerRow: number): InnerVector[] {
    const api = this.#capi
    switch (type.kind) {
      case 'array':
        return this.#withInside(api.arrayVectorGetChild(vector), type.element, valuesPerRow * type.size)
      case 'struct':
        return type.fields.flatMap((field, index) =>
          this.#withInside(api.structVectorGetChild(vector, index), field.type, valuesPerRow),
        )
      case 'union':
        return [{ kind: 'utinyint' } as const, ...type.members.map((member) => member.type)].flatMap((member, index) =>
          this.#withInside(api.structVectorGetChild(vector, index), member, valuesPerRow),
        )
      default:
        return []
    }
  }

  #withInside(vector: Pointer, type: LogicalType, valuesPerRow: number): InnerVector[] {
    return [{ vector, valuesPerRow }, ...this.#inside(vector, type, valuesPerRow)]
  }

  #writeBooleans(vector: Pointer, bits: Uint8Array, start: number, count: number): void {
    const address = this.#capi.vectorGetData(vector)
    const bytes = this.#heap.bytes
    for (let index = 0; index < count; index++) {
      const row = start + index
      bytes[address + index] = (bits[row >>> 3]! >>> (row & 7)) & 1
    }
  }

  #writeUuids(vector: Pointer, values: Uint8Array, start: number, count: number): void {
    const address = this.#capi.vectorGetData(vector)
    const target = this.#heap.bytes.subarray(address, address + count * 16)
    target.set(values.subarray(start * 16, (start + count) * 16))
    for (let from = 0; from < target.length; from += 16) {
      target[from]! ^= 0x80
      target.subarray(from, from + 16).reverse()
    }
  }

  #writeEnums(
    vector: Pointer,
    values: Uint8Array,
    type: LogicalType & { kind: 'enum' },
    start: number,
    count: number,
  ): void {
    const width = widthOf(type)
    if (width === enumWidthInside(type)) return this.#copy(vector, values, width, start, count)
    const target = this.#capi.vectorGetData(vector)
    const bytes = this.#heap.bytes
    for (let row = 0, from = start * width; row < count; row++) {
      const to = target + row * width * 2
      for (let byte = 0; byte < width; byte++, from++) {
        bytes[to + byte] = values[from]!
        bytes[to + width + byte] = 0
      }
    }
  }

  /**
   * One assignment hands DuckDB the bytes of the whole run as a single long string, which it copies into the vector's own heap: that
   * memory lives as long as the vector is referenced. Then every row is written as a string that points into it.
   */
  #writeStrings(vector: Pointer, column: ColumnData, start: number, count: number): void {
    const offsets = column.offsets!
    const first = offsets[start]!
    const total = offsets[start + count]! - first
    const entries = this.#capi.vectorGetData(vector) >>> 2
    let base = 0
    if (total > 12) {
      const scratch = this.#reserve(total)
      this.#heap.bytes.set(column.values!.subarray(first, first + total), scratch)
      this.#capi.unsafeVectorAssignStringElementLen(vector, 0, scratch, total)
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
  #writeDecoded(vector: Pointer, column: ColumnData, start: number, count: number): void {
    const { offsets, values, validity } = column.dictionary!
    const indices = int32View(column.values!)
    const flat = new Int32Array(count + 1)
    const present = new Uint8Array((count + 7) >>> 3)
    for (let index = 0; index < count; index++) {
      const row = start + index
      const entry = indices[row]!
      const isThere = isValid(column.validity, row) && isValid(validity, entry)
      if (isThere) present[index >>> 3]! |= 1 << (index & 7)
      flat[index + 1] = flat[index]! + (isThere ? offsets![entry + 1]! - offsets![entry]! : 0)
    }
    const bytes = new Uint8Array(flat[count]!)
    for (let index = 0; index < count; index++) {
      if (flat[index] === flat[index + 1]) continue
      const entry = indices[start + index]!
      bytes.set(values!.subarray(offsets![entry]!, offsets![entry + 1]!), flat[index]!)
    }
    if (column.dictionary!.nullCount > 0) this.#writeValidity(vector, present, 0, count)
    this.#writeStrings(vector, { length: count, nullCount: 0, offsets: flat, values: bytes }, 0, count)
  }

  /** Points `vector` at a vector of the distinct values, made once a batch, through a selection: four bytes a row. */
  #reference(vector: Pointer, column: ColumnData, type: LogicalType, start: number, count: number): void {
    const dictionary = column.dictionary!
    let distinct = this.#dictionaries.get(dictionary)
    if (distinct === undefined) {
      distinct = this.#types.with(type, (address) => this.#capi.createVector(address, dictionary.length + 1))
      this.#write(distinct, dictionary, type, 0, dictionary.length)
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
        target[words + index] = isValid(validity, row) ? indices[row]! : dictionary.length
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
  ): void {
    const offsets = column.offsets!
    const first = offsets[start]!
    const total = offsets[start + count]! - first
    if (this.#capi.listVectorReserve(vector, total) !== 0 || this.#capi.listVectorSetSize(vector, total) !== 0) {
      throw new LakefrontError('OUT_OF_MEMORY', `The engine could not hold ${total} list elements of one vector.`)
    }
    const entries = this.#capi.vectorGetData(vector) >>> 2
    const { words } = this.#heap
    for (let index = 0, word = entries; index < count; index++, word += 4) {
      const from = offsets[start + index]!
      words[word] = from - first
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
    this.#write(this.#capi.listVectorGetChild(vector), column.children![0]!, element, first, total)
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
