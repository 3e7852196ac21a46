import { LakefrontError } from '../errors.ts'

/**
 * An array of the Arrow C data interface inside a 32-bit wasm memory.
 *
 * Views become invalid when that memory grows or the array is released: copy what you keep.
 * Structures: https://arrow.apache.org/docs/format/CDataInterface.html#structure-definitions
 */
export interface FfiArray {
  /** Arrow's type code, such as `i`, `u` or `+l`; of the indices when there is a dictionary. */
  readonly format: string
  readonly length: number
  readonly nullCount: number
  readonly offset: number
  /** Addresses; 0 is an absent buffer. */
  readonly buffers: readonly number[]
  readonly children: readonly FfiArray[]
  readonly dictionary?: FfiArray
  readonly memory: ArrayBuffer
}

/** Reads the array at `arrayAddress` whose type is at `schemaAddress`. */
export function readFfiArray(memory: ArrayBuffer, schemaAddress: number, arrayAddress: number): FfiArray {
  return read(new DataView(memory), schemaAddress, arrayAddress)
}

function read(view: DataView, schema: number, array: number): FfiArray {
  const childCount = int64(view, array + 32)
  const schemaChildren = view.getUint32(schema + 32, true)
  const arrayChildren = view.getUint32(array + 44, true)
  const schemaDictionary = view.getUint32(schema + 36, true)
  const arrayDictionary = view.getUint32(array + 48, true)
  return {
    format: cString(view, view.getUint32(schema, true)),
    length: int64(view, array),
    nullCount: int64(view, array + 8),
    offset: int64(view, array + 16),
    buffers: addresses(view, view.getUint32(array + 40, true), int64(view, array + 24)),
    children: Array.from({ length: childCount }, (_, index) =>
      read(view, view.getUint32(schemaChildren + index * 4, true), view.getUint32(arrayChildren + index * 4, true)),
    ),
    ...(schemaDictionary === 0 ? {} : { dictionary: read(view, schemaDictionary, arrayDictionary) }),
    memory: view.buffer as ArrayBuffer,
  }
}

/** The error for an array whose type the one who asked for it did not expect. */
export function unexpected(array: FfiArray): LakefrontError {
  return new LakefrontError('INTERNAL', `An Arrow array of format "${array.format}" arrived, which was not asked for.`)
}

/** A copy of `length` bits from bit `start`, moved to begin at bit 0. */
export function copyBits(memory: ArrayBuffer, address: number, start: number, length: number): Uint8Array {
  const bytes = (length + 7) >> 3
  const first = address + (start >> 3)
  const shift = start & 7
  if (shift === 0) return new Uint8Array(memory.slice(first, first + bytes))
  const source = new Uint8Array(memory, first, (shift + length + 7) >> 3)
  const bits = new Uint8Array(bytes)
  for (let index = 0; index < bytes; index++) {
    bits[index] = (source[index]! >> shift) | ((source[index + 1] ?? 0) << (8 - shift))
  }
  return bits
}

function addresses(view: DataView, start: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => view.getUint32(start + index * 4, true))
}

function int64(view: DataView, address: number): number {
  const value = view.getBigInt64(address, true)
  if (value >= -1n && value < 1n << 32n) return Number(value)
  throw new LakefrontError('INTERNAL', `An Arrow C structure says ${value} where a small count belongs.`)
}

function cString(view: DataView, address: number): string {
  let text = ''
  for (let at = address; view.getUint8(at) !== 0; at++) text += String.fromCharCode(view.getUint8(at))
  return text
}
