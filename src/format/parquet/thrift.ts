import { LakefrontError } from '../../errors.ts'

/** A struct of Thrift's compact protocol: field id → value. 64-bit integers are numbers, exact up to 2^53. */
export type ThriftStruct = { readonly [id: number]: ThriftValue }

export type ThriftValue = boolean | number | Uint8Array | readonly ThriftValue[] | ThriftStruct

const maximumDepth = 64

/**
 * Reads one struct of the compact protocol at `offset`.
 *
 * Every length is checked against what is there, so hostile bytes end in `CORRUPT_FILE`, never in a long loop. Byte strings
 * are views into `bytes`. Format: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
 */
export function readThriftStruct(bytes: Uint8Array, offset = 0): { value: ThriftStruct; end: number } {
  const reader = new ThriftReader(bytes, offset)
  const value = reader.struct(0)
  return { value, end: reader.offset }
}

class ThriftReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  offset: number

  constructor(bytes: Uint8Array, offset: number) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.offset = offset
  }

  struct(depth: number): ThriftStruct {
    if (depth > maximumDepth) throw corrupt('is nested too deeply')
    const value: Record<number, ThriftValue> = {}
    let id = 0
    for (;;) {
      const header = this.#byte()
      const type = header & 0x0f
      if (type === 0) return value
      const delta = header >> 4
      id = delta === 0 ? this.#signed() : id + delta
      value[id] = this.#value(type, depth)
    }
  }

  #value(type: number, depth: number): ThriftValue {
    switch (type) {
      case 1:
        return true
      case 2:
        return false
      case 3:
        return (this.#byte() << 24) >> 24
      case 4:
      case 5:
      case 6:
        return this.#signed()
      case 7:
        return this.#view.getFloat64(this.#skip(8), true)
      case 8: {
        const length = this.#unsigned()
        const start = this.#skip(length)
        return this.#bytes.subarray(start, start + length)
      }
      case 9:
      case 10:
        return this.#list(depth)
      case 11:
        return this.#map(depth)
      case 12:
        return this.struct(depth + 1)
      case 13:
        return this.#bytes.subarray(this.#skip(16), this.offset)
      default:
        throw corrupt(`has a field of unknown type ${type}`)
    }
  }

  #list(depth: number): ThriftValue[] {
    if (depth > maximumDepth) throw corrupt('is nested too deeply')
    const header = this.#byte()
    const type = header & 0x0f
    const length = header >> 4 === 15 ? this.#unsigned() : header >> 4
    // Every element takes a byte at least, so a length beyond the rest is a lie.
    if (length > this.#bytes.length - this.offset) throw corrupt(`has a list of ${length} elements that is cut off`)
    const values: ThriftValue[] = []
    for (let index = 0; index < length; index++) {
      values.push(type === 1 || type === 2 ? this.#byte() === 1 : this.#value(type, depth + 1))
    }
    return values
  }

  #map(depth: number): ThriftValue[] {
    if (depth > maximumDepth) throw corrupt('is nested too deeply')
    const length = this.#unsigned()
    if (length > this.#bytes.length - this.offset) throw corrupt(`has a map of ${length} entries that is cut off`)
    if (length === 0) return []
    const types = this.#byte()
    const values: ThriftValue[] = []
    for (let index = 0; index < length; index++) {
      values.push(this.#value(types >> 4, depth + 1), this.#value(types & 0x0f, depth + 1))
    }
    return values
  }

  #byte(): number {
    return this.#bytes[this.#skip(1)]!
  }

  #skip(length: number): number {
    const start = this.offset
    if (length > this.#bytes.length - start) throw corrupt('is cut off')
    this.offset = start + length
    return start
  }

  #unsigned(): number {
    let value = 0
    let scale = 1
    for (let count = 0; count < 10; count++) {
      const byte = this.#byte()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
      scale *= 128
    }
    throw corrupt('has a number of more than ten bytes')
  }

  #signed(): number {
    const zigzag = this.#unsigned()
    return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2
  }
}

function corrupt(what: string): LakefrontError {
  return new LakefrontError('CORRUPT_FILE', `Parquet metadata ${what}.`)
}

/** What a field to write is: the compact protocol needs the type beside the value. */
export type ThriftField =
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'i8' | 'i16' | 'i32' | 'i64'; readonly value: number }
  | { readonly type: 'binary'; readonly value: Uint8Array | string }
  | { readonly type: 'struct'; readonly value: ThriftFields }
  | { readonly type: 'list'; readonly of: 'i32' | 'binary' | 'struct'; readonly value: readonly ThriftListItem[] }

export type ThriftListItem = number | Uint8Array | string | ThriftFields

/** Fields of a struct by id, in ascending order; undefined ones are left out. */
export type ThriftFields = readonly (readonly [id: number, field: ThriftField | undefined])[]

const typeCodes = { i8: 3, i16: 4, i32: 5, i64: 6, binary: 8, list: 9, struct: 12 } as const

/** The reverse of {@link readThriftStruct}. */
export function writeThriftStruct(fields: ThriftFields): Uint8Array {
  const writer = new ThriftWriter()
  writer.struct(fields)
  return writer.take()
}

class ThriftWriter {
  #bytes = new Uint8Array(256)
  #length = 0

  take(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  struct(fields: ThriftFields): void {
    let last = 0
    for (const [id, field] of fields) {
      if (field === undefined) continue
      const code = field.type === 'bool' ? (field.value ? 1 : 2) : typeCodes[field.type]
      if (id - last <= 15) this.#byte(((id - last) << 4) | code)
      else {
        this.#byte(code)
        this.#signed(id)
      }
      last = id
      if (field.type === 'list') this.#list(field.of, field.value)
      else if (field.type === 'struct') this.struct(field.value)
      else if (field.type === 'i8') this.#byte(field.value)
      else if (field.type !== 'bool') this.#item(field.value)
    }
    this.#byte(0)
  }

  #list(of: keyof typeof typeCodes, items: readonly ThriftListItem[]): void {
    if (items.length < 15) this.#byte((items.length << 4) | typeCodes[of])
    else {
      this.#byte(0xf0 | typeCodes[of])
      this.#unsigned(items.length)
    }
    for (const item of items) this.#item(item)
  }

  #item(item: ThriftListItem): void {
    if (typeof item === 'number') this.#signed(item)
    else if (typeof item === 'string') this.#binary(new TextEncoder().encode(item))
    else if (item instanceof Uint8Array) this.#binary(item)
    else this.struct(item)
  }

  #binary(value: Uint8Array): void {
    this.#unsigned(value.length)
    this.#reserve(value.length)
    this.#bytes.set(value, this.#length)
    this.#length += value.length
  }

  #signed(value: number): void {
    this.#unsigned(value >= 0 ? value * 2 : -value * 2 - 1)
  }

  #unsigned(value: number): void {
    let rest = value
    while (rest >= 128) {
      this.#byte((rest % 128) | 0x80)
      rest = Math.floor(rest / 128)
    }
    this.#byte(rest)
  }

  #byte(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#length++] = value
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(this.#length + more, this.#bytes.length * 2))
    grown.set(this.#bytes)
    this.#bytes = grown
  }
}
