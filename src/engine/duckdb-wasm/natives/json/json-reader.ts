import type { Duckdb } from '../../boot.ts'
import type { Pointer } from '../../capi.ts'
import type { CppApi } from '../../cpp-api.ts'
import type { JsonPath, PathStep } from './json-path.ts'

/** Inf and NaN, trailing commas, and numbers too large for 64 bits: what DuckDB's own json extension takes. */
const readFlags = 0b1001_0100
const writeFlags = 0b1000
const prettyFlag = 1

const smallestPool = 65_536
const largestKept = 2 ** 24

/** `yyjson_type` with its subtype: the low five bits of a value's tag. */
export const jsonTags = {
  raw: 1,
  null: 2,
  false: 3,
  true: 11,
  unsigned: 4,
  signed: 12,
  real: 20,
  text: 5,
  plainText: 13,
  array: 6,
  object: 7,
} as const

/**
 * DuckDB's own JSON parser (yyjson), and its trees in DuckDB's memory: values of 16 bytes in document order, first a tag with the length
 * above it, then a number, an address of text, or for what holds others the number of bytes to the next.
 */
export class JsonReader {
  /** Bytes of what was written last. */
  written = 0
  readonly #duckdb: Duckdb
  readonly #cpp: CppApi
  readonly #documents: Pool
  readonly #texts: Pool
  readonly #error: Pointer

  constructor(duckdb: Duckdb, cpp: CppApi) {
    this.#duckdb = duckdb
    this.#cpp = cpp
    this.#documents = new Pool(duckdb, cpp)
    this.#texts = new Pool(duckdb, cpp)
    this.#error = duckdb.heap.allocate(16)
  }

  /** Parses a text; good until the next. 0 when it is malformed. */
  tryParse(text: Pointer, bytes: number): Pointer {
    const { heap } = this.#duckdb
    this.#documents.empty(bytes * 5 + 1024)
    for (;;) {
      const document = this.#cpp.readJson(text, bytes, readFlags, this.#documents.allocator, this.#error)
      if (document !== 0) return heap.pointerAt(document)
      if (heap.words[this.#error >>> 2] !== outOfMemory) return 0
      this.#documents.grow()
    }
  }

  /** Like {@link tryParse}, and throws when it is malformed. */
  parse(text: Pointer, bytes: number): Pointer {
    const root = this.tryParse(text, bytes)
    if (root === 0) throw new Error(this.failure(text, bytes))
    return root
  }

  /** Why the last text could not be parsed. */
  failure(text: Pointer, bytes: number): string {
    const { heap } = this.#duckdb
    const word = this.#error >>> 2
    const shown = new TextDecoder().decode(heap.bytes.subarray(text, text + (bytes > 50 ? 47 : bytes)))
    return `Malformed JSON at byte ${heap.words[word + 2]} of input: ${heap.text(heap.words[word + 1]!)}.  Input: "${shown}${bytes > 50 ? '...' : ''}"`
  }

  close(): void {
    this.#documents.close()
    this.#texts.close()
    this.#duckdb.heap.free(this.#error)
  }

  /** Gives back what large documents took. */
  trim(): void {
    this.#documents.trim()
    this.#texts.trim()
  }

  /** The text of a value, good until the next is written; its size is {@link written}. */
  write(value: Pointer, isPretty = false): Pointer {
    return this.#write((allocator, size) =>
      this.#cpp.writeJson(value, isPretty ? writeFlags | prettyFlag : writeFlags, allocator, size, 0),
    )
  }

  /** The text of `patches` applied in turn to the first of them. */
  merge(texts: readonly (readonly [address: Pointer, bytes: number])[]): Pointer {
    const merged = new Pool(this.#duckdb, this.#cpp)
    try {
      merged.empty(texts.reduce((sum, [, bytes]) => sum + bytes, 0) * 48 + 65_536)
      const document = this.#cpp.makeJson(merged.allocator)
      let value = 0
      for (const [address, bytes] of texts) {
        const patch = this.#cpp.copyJson(document, this.parse(address, bytes))
        const isObjects = value !== 0 && this.tag(value) === jsonTags.object && this.tag(patch) === jsonTags.object
        value = isObjects ? this.#cpp.mergeJson(document, value, patch) : patch
      }
      return this.#write((allocator, size) => this.#cpp.writeMadeJson(value, writeFlags, allocator, size, 0))
    } finally {
      merged.close()
    }
  }

  tag(value: Pointer): number {
    return this.#duckdb.heap.words[value >>> 2]! & 0x1f
  }

  isContainer(value: Pointer): boolean {
    return (this.tag(value) & 6) === 6
  }

  /** Bytes of a text, elements of an array, members of an object. */
  length(value: Pointer): number {
    const { words } = this.#duckdb.heap
    return (words[value >>> 2]! >>> 8) + words[(value >>> 2) + 1]! * 2 ** 24
  }

  /** Where the bytes of a text lie. */
  address(value: Pointer): Pointer {
    return this.#duckdb.heap.words[(value >>> 2) + 2]!
  }

  text(value: Pointer): string {
    const start = this.address(value)
    return decoder.decode(this.#duckdb.heap.bytes.subarray(start, start + this.length(value)))
  }

  /** The number of a real value. */
  real(value: Pointer): number {
    const { bytes } = this.#duckdb.heap
    return new DataView(bytes.buffer, value + 8, 8).getFloat64(0, true)
  }

  /** The value beside `value`. */
  next(value: Pointer): Pointer {
    return value + (this.isContainer(value) ? this.#duckdb.heap.words[(value >>> 2) + 2]! : 16)
  }

  /** The elements of an array, or the keys and values of an object in turn. */
  *children(value: Pointer): Generator<Pointer> {
    const count = this.length(value) * (this.tag(value) === jsonTags.object ? 2 : 1)
    for (let index = 0, child = value + 16; index < count; index++, child = this.next(child)) yield child
  }

  /** The value at a path without wildcards, or 0. */
  find(root: Pointer, path: JsonPath): Pointer {
    if (path.kind === 'pointer') return this.#point(root, path.text)
    let value = root
    for (const step of path.steps) {
      value = this.#step(value, step)
      if (value === 0) break
    }
    return value
  }

  /** All values at a path, in document order, breadth first where it descends. */
  findAll(root: Pointer, steps: readonly PathStep[], into: Pointer[]): void {
    const [step, ...rest] = steps
    if (step === undefined) {
      into.push(root)
      return
    }
    switch (step.kind) {
      case 'key':
      case 'index': {
        const value = this.#step(root, step)
        if (value !== 0) this.findAll(value, rest, into)
        return
      }
      case 'elements':
        if (this.tag(root) === jsonTags.array) for (const child of this.children(root)) this.findAll(child, rest, into)
        return
      case 'members':
        for (const member of this.#membersOf(root)) this.findAll(member, rest, into)
        return
      case 'descendants': {
        const all = [root]
        for (let index = 0; index < all.length; index++) {
          const value = all[index]!
          if (this.tag(value) === jsonTags.array) all.push(...this.children(value))
          else all.push(...this.#membersOf(value))
          if (index > 0 || rest.length > 0) this.findAll(value, rest, into)
        }
        return
      }
      default:
        step satisfies never
    }
  }

  /** The value of a member, the first of its name, or 0. */
  member(object: Pointer, name: Uint8Array): Pointer {
    if (this.tag(object) !== jsonTags.object) return 0
    const { bytes, words } = this.#duckdb.heap
    const size = name.length
    const count = this.length(object)
    for (let index = 0, key = object + 16; index < count; index++) {
      const word = key >>> 2
      if (words[word]! >>> 8 === size && words[word + 1] === 0) {
        const start = words[word + 2]!
        let at = 0
        while (at < size && bytes[start + at] === name[at]) at++
        if (at === size) return key + 16
      }
      const value = word + 4
      key += 16 + ((words[value]! & 6) === 6 ? words[value + 2]! : 16)
    }
    return 0
  }

  *#membersOf(value: Pointer): Generator<Pointer> {
    if (this.tag(value) !== jsonTags.object) return
    let isKey = false
    for (const child of this.children(value)) {
      isKey = !isKey
      if (!isKey) yield child
    }
  }

  #step(value: Pointer, step: PathStep): Pointer {
    if (step.kind === 'key') return this.member(value, step.key)
    if (step.kind !== 'index' || this.tag(value) !== jsonTags.array) return 0
    const length = this.length(value)
    const index = step.isFromBack ? length - step.index : step.index
    if (index < 0 || index >= length) return 0
    let child = value + 16
    for (let at = 0; at < index; at++) child = this.next(child)
    return child
  }

  #point(root: Pointer, path: string): Pointer {
    return this.#duckdb.heap.withText(path, (text, bytes) =>
      this.#duckdb.heap.withWords(4, (error) => this.#cpp.jsonPointer(root, text, bytes, error)),
    )
  }

  #write(write: (allocator: Pointer, size: Pointer) => Pointer): Pointer {
    const { heap } = this.#duckdb
    this.#texts.empty(smallestPool)
    for (;;) {
      const text = write(this.#texts.allocator, this.#error + 12)
      if (text !== 0) {
        this.written = heap.words[(this.#error + 12) >>> 2]!
        return text
      }
      this.#texts.grow()
    }
  }
}

/** `YYJSON_READ_ERROR_MEMORY_ALLOCATION`. */
const outOfMemory = 2

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** A piece of memory that is handed out from its beginning and taken back as a whole. */
class Pool {
  readonly allocator: Pointer
  readonly #duckdb: Duckdb
  readonly #cpp: CppApi
  #buffer: Pointer = 0
  #bytes = 0

  constructor(duckdb: Duckdb, cpp: CppApi) {
    this.#duckdb = duckdb
    this.#cpp = cpp
    this.allocator = duckdb.heap.allocate(16)
  }

  /** Takes everything back, and makes sure of `bytes`. */
  empty(bytes: number): void {
    if (this.#bytes < bytes) this.#resize(Math.max(smallestPool, bytes))
    this.#cpp.poolInit(this.allocator, this.#buffer, this.#bytes)
  }

  grow(): void {
    this.empty(this.#bytes * 4)
  }

  trim(): void {
    if (this.#bytes > largestKept) this.#resize(smallestPool)
  }

  close(): void {
    if (this.#buffer !== 0) this.#duckdb.heap.free(this.#buffer)
    this.#duckdb.heap.free(this.allocator)
  }

  #resize(bytes: number): void {
    const { heap } = this.#duckdb
    if (this.#buffer !== 0) heap.free(this.#buffer)
    this.#buffer = 0
    this.#bytes = 0
    this.#buffer = heap.allocate(bytes)
    this.#bytes = bytes
  }
}
