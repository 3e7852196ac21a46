import type { Duckdb } from '../boot.ts'
import type { Pointer } from '../capi.ts'

/** Reads and writes single values of flat vectors in place, for functions that need no copy of a column. */
export class VectorAccess {
  /** Where the text that was read last lies, and its size. */
  address: Pointer = 0
  bytes = 0
  readonly #duckdb: Duckdb
  readonly #sizes = new Map<Pointer, { size: number; capacity: number }>()

  constructor(duckdb: Duckdb) {
    this.#duckdb = duckdb
  }

  /** Forgets the lists that were written: call before another run. */
  begin(): void {
    this.#sizes.clear()
  }

  /** Columns of a run, by their data and their null masks. */
  columns(input: Pointer, count: number): Column[] {
    const { capi } = this.#duckdb
    return Array.from({ length: count }, (_, index) => this.column(capi.dataChunkGetVector(input, index)))
  }

  column(vector: Pointer): Column {
    const { capi } = this.#duckdb
    return { vector, data: capi.vectorGetData(vector), mask: capi.vectorGetValidity(vector) }
  }

  isNull({ mask }: Column, row: number): boolean {
    return mask !== 0 && ((this.#duckdb.heap.bytes[mask + (row >>> 3)]! >>> (row & 7)) & 1) === 0
  }

  /** Finds the text of a row: {@link address} and {@link bytes}. */
  seek({ data }: Column, row: number): void {
    const entry = data + row * 16
    const { words } = this.#duckdb.heap
    this.bytes = words[entry >>> 2]!
    this.address = this.bytes <= 12 ? entry + 4 : words[(entry >>> 2) + 2]!
  }

  text(column: Column, row: number): string {
    this.seek(column, row)
    return decoder.decode(this.#duckdb.heap.bytes.subarray(this.address, this.address + this.bytes))
  }

  /** Whether the entries of two rows are the same bytes, as those of a constant are. */
  isSame({ data }: Column, row: number, other: number): boolean {
    const { words } = this.#duckdb.heap
    const a = (data + row * 16) >>> 2
    const b = (data + other * 16) >>> 2
    return (
      words[a] === words[b] &&
      words[a + 1] === words[b + 1] &&
      words[a + 2] === words[b + 2] &&
      words[a + 3] === words[b + 3]
    )
  }

  putNull(vector: Pointer, row: number): void {
    const { capi, heap } = this.#duckdb
    capi.vectorEnsureValidityWritable(vector)
    heap.bytes[capi.vectorGetValidity(vector) + (row >>> 3)]! &= ~(1 << (row & 7))
  }

  putBytes(vector: Pointer, row: number, address: Pointer, bytes: number): void {
    this.#duckdb.capi.unsafeVectorAssignStringElementLen(vector, row, address, bytes)
  }

  putText(vector: Pointer, row: number, text: string): void {
    this.#duckdb.heap.withText(text, (address, bytes) => this.putBytes(vector, row, address, bytes))
  }

  putBoolean(vector: Pointer, row: number, value: boolean): void {
    const address = this.#duckdb.capi.vectorGetData(vector) + row
    this.#duckdb.heap.bytes[address] = value ? 1 : 0
  }

  /** A 64-bit number below 2^53. */
  putCount(vector: Pointer, row: number, value: number): void {
    const word = (this.#duckdb.capi.vectorGetData(vector) + row * 8) >>> 2
    this.#duckdb.heap.words[word] = value % 2 ** 32
    this.#duckdb.heap.words[word + 1] = Math.floor(value / 2 ** 32)
  }

  /** Makes `row` of a list vector a list of `count` elements; answers where in {@link elementsOf} they begin. */
  putList(vector: Pointer, row: number, count: number): number {
    const { capi, heap } = this.#duckdb
    const list = this.#sizes.get(vector) ?? { size: 0, capacity: 0 }
    this.#sizes.set(vector, list)
    const start = list.size
    list.size += count
    if (list.size > list.capacity) {
      list.capacity = Math.max(2048, list.size * 2)
      capi.listVectorReserve(vector, list.capacity)
    }
    capi.listVectorSetSize(vector, list.size)
    const word = (capi.vectorGetData(vector) + row * 16) >>> 2
    heap.words[word] = start
    heap.words[word + 1] = 0
    heap.words[word + 2] = count
    heap.words[word + 3] = 0
    return start
  }

  elementsOf(vector: Pointer): Pointer {
    return this.#duckdb.capi.listVectorGetChild(vector)
  }
}

/** A flat vector of a run. */
export interface Column {
  readonly vector: Pointer
  readonly data: Pointer
  /** 0 when there are no nulls. */
  readonly mask: Pointer
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
