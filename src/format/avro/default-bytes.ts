import { AvroFailure } from './avro-failure.ts'
import type { AvroField, AvroType } from './schema.ts'

/** The default of a field in Avro's encoding. A default of a union is one of its first type, or, as many write it, of any. */
export function defaultBytes({ name, type, default: value }: AvroField): Uint8Array {
  const bytes: number[] = []
  if (!put(bytes, type, value)) {
    throw new AvroFailure(`The field "${name}" of the schema has a default that is no value of its type.`, {
      code: 'TYPE_MISMATCH',
    })
  }
  return Uint8Array.from(bytes)
}

function put(bytes: number[], type: AvroType, value: unknown): boolean {
  switch (type.kind) {
    case 'null':
      return value === null
    case 'boolean':
      bytes.push(value === true ? 1 : 0)
      return typeof value === 'boolean'
    case 'int':
    case 'long':
      if (typeof value !== 'number' || !Number.isSafeInteger(value)) return false
      if (type.kind === 'int' && value !== (value | 0)) return false
      return putLong(bytes, value)
    case 'float':
      if (typeof value !== 'number') return false
      bytes.push(...new Uint8Array(Float32Array.of(value).buffer))
      return true
    case 'double':
      if (typeof value !== 'number') return false
      bytes.push(...new Uint8Array(Float64Array.of(value).buffer))
      return true
    case 'string':
      return typeof value === 'string' && putBytes(bytes, new TextEncoder().encode(value))
    case 'bytes':
      return isLatin(value) && putBytes(bytes, latin(value))
    case 'fixed':
      if (!isLatin(value) || value.length !== type.size) return false
      bytes.push(...latin(value))
      return true
    case 'enum':
      return type.symbols.includes(value as string) && putLong(bytes, type.symbols.indexOf(value as string))
    case 'array':
      if (!Array.isArray(value)) return false
      if (value.length > 0) putLong(bytes, value.length)
      return value.every((item) => put(bytes, type.items, item)) && putLong(bytes, 0)
    case 'map': {
      if (!isObject(value)) return false
      const entries = Object.entries(value)
      if (entries.length > 0) putLong(bytes, entries.length)
      return (
        entries.every(
          ([key, item]) => putBytes(bytes, new TextEncoder().encode(key)) && put(bytes, type.values, item),
        ) && putLong(bytes, 0)
      )
    }
    case 'record':
      return (
        isObject(value) &&
        type.fields.every((field) =>
          put(bytes, field.type, Object.hasOwn(value, field.name) ? value[field.name] : field.default),
        )
      )
    case 'union':
      return type.branches.some((branch, index) => {
        const { length } = bytes
        putLong(bytes, index)
        if (put(bytes, branch, value)) return true
        bytes.length = length
        return false
      })
    default:
      return type satisfies never
  }
}

function putLong(bytes: number[], value: number): true {
  let zigzag = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n))
  for (; zigzag > 0x7fn; zigzag >>= 7n) bytes.push(Number(zigzag & 0x7fn) | 0x80)
  bytes.push(Number(zigzag))
  return true
}

function putBytes(bytes: number[], value: Uint8Array): true {
  putLong(bytes, value.length)
  for (const byte of value) bytes.push(byte)
  return true
}

/** Defaults of bytes are texts of which each character is a byte. */
function isLatin(value: unknown): value is string {
  return typeof value === 'string' && /^[\u0000-\u00ff]*$/.test(value)
}

function latin(value: string): Uint8Array {
  return Uint8Array.from(value, (character) => character.charCodeAt(0))
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
