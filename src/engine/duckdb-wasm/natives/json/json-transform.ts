import { columnFromValues } from '../../../../types/column-from-values.ts'
import type { LogicalType } from '../../../../types/logical-type.ts'
import { doubleText } from '../../../../types/number-text.ts'
import type { Pointer } from '../../capi.ts'
import { VectorWriter } from '../../vector-write.ts'
import type { NativeFunctions } from '../native-functions.ts'
import { jsonTags } from './json-reader.ts'
import type { JsonReader } from './json-reader.ts'

/** How much is an error: values that do not fit, members that are twice there or missing, members that no field has. */
export interface Strictness {
  readonly values: boolean
  readonly unknownMembers: boolean
}

/** Takes the values of one place of documents, row by row, and writes them to a vector in the end. */
interface Collector {
  /** `value` is 0 where there is none. */
  add(value: Pointer): void
  write(vector: Pointer): void
}

const varchar: LogicalType = { kind: 'varchar' }

/** Turns documents into values of a type. Text becomes a value as DuckDB's own casts make it one. */
export class JsonTransform {
  /** What did not fit first; undefined when all did. */
  failure: string | undefined
  readonly #functions: NativeFunctions
  readonly #reader: JsonReader
  readonly #strict: Strictness
  readonly #root: Collector

  constructor(functions: NativeFunctions, reader: JsonReader, type: LogicalType, strict: Strictness) {
    this.#functions = functions
    this.#reader = reader
    this.#strict = strict
    this.#root = this.#collector(type)
  }

  add(value: Pointer): void {
    this.#root.add(value)
  }

  write(vector: Pointer): void {
    this.#root.write(vector)
  }

  #fail(problem: string): void {
    if (this.#strict.values) this.failure ??= problem
  }

  #isMissing(value: Pointer): boolean {
    return value === 0 || this.#reader.tag(value) === jsonTags.null
  }

  #collector(type: LogicalType): Collector {
    switch (type.kind) {
      case 'struct':
        return this.#structs(type)
      case 'list':
        return this.#lists(type.element)
      case 'map':
        return this.#maps(type)
      case 'array':
        return this.#arrays(type)
      case 'union':
        throw new Error('JSON cannot become a UNION here. Cast the member that is wanted.')
      default:
        return this.#leaves(type)
    }
  }

  #structs({ fields }: LogicalType & { kind: 'struct' }): Collector {
    const encoder = new TextEncoder()
    const members = fields.map(({ name, type }) => ({ name, key: encoder.encode(name), values: this.#collector(type) }))
    const names = new Set(fields.map(({ name }) => name))
    const rows: boolean[] = []
    return {
      add: (value) => {
        const isObject = value !== 0 && this.#reader.tag(value) === jsonTags.object
        rows.push(!this.#isMissing(value))
        if (!isObject && !this.#isMissing(value)) this.#fail(`Expected OBJECT, but got: ${this.#text(value)}`)
        if (isObject && this.#strict.values) this.#checkMembers(value, names)
        for (const { key, values } of members) values.add(isObject ? this.#reader.member(value, key) : 0)
      },
      write: (vector) => {
        const { capi } = this.#functions.duckdb
        members.forEach(({ values }, index) => values.write(capi.structVectorGetChild(vector, index)))
        rows.forEach((isThere, row) => isThere || this.#functions.setNull(vector, row))
      },
    }
  }

  #checkMembers(object: Pointer, names: ReadonlySet<string>): void {
    const seen = new Set<string>()
    let isKey = false
    for (const child of this.#reader.children(object)) {
      isKey = !isKey
      if (!isKey) continue
      const name = this.#reader.text(child)
      if (!names.has(name)) {
        if (this.#strict.unknownMembers) this.#fail(`Object ${this.#text(object)} has unknown key "${name}"`)
      } else if (seen.has(name)) this.#fail(`Object ${this.#text(object)} has duplicate key "${name}"`)
      seen.add(name)
    }
    for (const name of names)
      if (!seen.has(name)) this.#fail(`Object ${this.#text(object)} does not have key "${name}"`)
  }

  #lists(type: LogicalType): Collector {
    const elements = this.#collector(type)
    const rows: (number | null)[] = []
    return {
      add: (value) => {
        const isArray = value !== 0 && this.#reader.tag(value) === jsonTags.array
        if (!isArray && !this.#isMissing(value)) this.#fail(`Expected ARRAY, but got: ${this.#text(value)}`)
        rows.push(isArray ? this.#reader.length(value) : null)
        if (isArray) for (const child of this.#reader.children(value)) elements.add(child)
      },
      write: (vector) => this.#writeLists(vector, rows, (child) => elements.write(child)),
    }
  }

  #maps({ key, value: valueType }: LogicalType & { kind: 'map' }): Collector {
    const keys = this.#collector(key)
    const values = this.#collector(valueType)
    const rows: (number | null)[] = []
    return {
      add: (value) => {
        const isObject = value !== 0 && this.#reader.tag(value) === jsonTags.object
        if (!isObject && !this.#isMissing(value)) this.#fail(`Expected OBJECT, but got: ${this.#text(value)}`)
        rows.push(isObject ? this.#reader.length(value) : null)
        if (!isObject) return
        let isKey = false
        for (const child of this.#reader.children(value)) {
          isKey = !isKey
          if (isKey) keys.add(child)
          else values.add(child)
        }
      },
      write: (vector) =>
        this.#writeLists(vector, rows, (child) => {
          const { capi } = this.#functions.duckdb
          keys.write(capi.structVectorGetChild(child, 0))
          values.write(capi.structVectorGetChild(child, 1))
        }),
    }
  }

  #arrays({ element, size }: LogicalType & { kind: 'array' }): Collector {
    const elements = this.#collector(element)
    const rows: boolean[] = []
    return {
      add: (value) => {
        const isArray = value !== 0 && this.#reader.tag(value) === jsonTags.array && this.#reader.length(value) === size
        if (!isArray && !this.#isMissing(value))
          this.#fail(`Expected array of size ${size}, but got: ${this.#text(value)}`)
        rows.push(isArray)
        if (isArray) for (const child of this.#reader.children(value)) elements.add(child)
        else for (let index = 0; index < size; index++) elements.add(0)
      },
      write: (vector) => {
        elements.write(this.#functions.duckdb.capi.arrayVectorGetChild(vector))
        rows.forEach((isThere, row) => isThere || this.#functions.setNull(vector, row))
      },
    }
  }

  #writeLists(vector: Pointer, rows: readonly (number | null)[], writeChild: (child: Pointer) => void): void {
    const { capi, heap } = this.#functions.duckdb
    const total = rows.reduce<number>((sum, count) => sum + (count ?? 0), 0)
    capi.listVectorReserve(vector, Math.max(1, total))
    capi.listVectorSetSize(vector, total)
    const word = capi.vectorGetData(vector) >>> 2
    let start = 0
    rows.forEach((count, row) => {
      heap.words.set([start, 0, count ?? 0, 0], word + row * 4)
      start += count ?? 0
    })
    writeChild(capi.listVectorGetChild(vector))
    rows.forEach((count, row) => count === null && this.#functions.setNull(vector, row))
  }

  #leaves(type: LogicalType): Collector {
    const texts: (string | null)[] = []
    const numberKind = numberKindOf(type)
    return {
      add: (value) => texts.push(this.#isMissing(value) ? null : this.#leafText(value, type, numberKind)),
      write: (vector) => this.#writeLeaves(vector, texts, type),
    }
  }

  /** The text a value is cast from; null when it can be none of the type. */
  #leafText(value: Pointer, type: LogicalType, numberKind: NumberKind | undefined): string | null {
    const reader = this.#reader
    const tag = reader.tag(value)
    if (type.kind === 'json') return this.#text(value, Infinity)
    const isText = tag === jsonTags.text || tag === jsonTags.plainText
    if (isText) return reader.text(value)
    const isPlainText = type.kind === 'varchar' || type.kind === 'blob'
    if (!isPlainText && numberKind === undefined) {
      this.#fail(`Unable to cast '${this.#text(value)}' to ${type.kind.toUpperCase()}`)
      return null
    }
    if (reader.isContainer(value)) {
      if (isPlainText) return this.#text(value, Infinity)
      this.#fail(`Failed to cast value to numerical: ${this.#text(value)}`)
      return null
    }
    const isTrue = tag === jsonTags.true
    if (isTrue || tag === jsonTags.false) {
      if (isPlainText || numberKind === 'boolean') return String(isTrue)
      return isTrue ? '1' : '0'
    }
    if (tag === jsonTags.real) {
      const number = reader.real(value)
      if (numberKind === 'boolean') return String(number !== 0)
      return numberKind === 'integer' ? roundedText(number) : doubleText(number)
    }
    const text = tag === jsonTags.raw ? reader.text(value) : this.#text(value, Infinity)
    return numberKind === 'boolean' ? String(Number(text) !== 0) : text
  }

  #writeLeaves(vector: Pointer, texts: readonly (string | null)[], type: LogicalType): void {
    const { capi, heap } = this.#functions.duckdb
    const { types, cpp } = this.#functions
    const column = columnFromValues(varchar, texts)
    const writer = new VectorWriter(capi, heap, types)
    try {
      if (type.kind === 'varchar' || type.kind === 'json' || type.kind === 'blob')
        return writer.write(vector, column, varchar, 0, texts.length)
      const source = types.with(varchar, (address) => capi.createVector(address, Math.max(1, texts.length)))
      writer.write(source, column, varchar, 0, texts.length)
      heap.withWords(4, (message) => {
        if (texts.length > 0 && cpp.tryCast(source, vector, texts.length, message, 0) === 0 && this.#strict.values)
          this.#fail(`Failed to cast a value to ${type.kind.toUpperCase()}`)
      })
      heap.withPointer(source, capi.destroyVector)
    } finally {
      writer.close()
    }
  }

  #text(value: Pointer, longest: number = 50): string {
    const address = this.#reader.write(value)
    const { written } = this.#reader
    const { bytes } = this.#functions.duckdb.heap
    const text = new TextDecoder().decode(bytes.subarray(address, address + Math.min(written, longest)))
    return written > longest ? `${text}...` : text
  }
}

type NumberKind = 'boolean' | 'integer' | 'number'

function numberKindOf({ kind }: LogicalType): NumberKind | undefined {
  switch (kind) {
    case 'boolean':
      return 'boolean'
    case 'tinyint':
    case 'smallint':
    case 'integer':
    case 'bigint':
    case 'hugeint':
    case 'utinyint':
    case 'usmallint':
    case 'uinteger':
    case 'ubigint':
    case 'uhugeint':
      return 'integer'
    case 'float':
    case 'double':
    case 'decimal':
      return 'number'
    default:
      return undefined
  }
}

/** A number rounded to a whole one, halves to even, as casts of DOUBLE round. */
function roundedText(value: number): string {
  if (!Number.isFinite(value)) return 'nan'
  const floor = Math.floor(value)
  const rest = value - floor
  const rounded = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor
  return BigInt(rounded).toString()
}
