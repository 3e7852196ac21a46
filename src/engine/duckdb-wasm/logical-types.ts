import { LakefrontError } from '../../errors.ts'
import type { Field, LogicalType, SimpleKind } from '../../types/logical-type.ts'
import type { CApi, Pointer } from './capi.ts'
import type { Heap } from './heap.ts'

/** `DUCKDB_TYPE` of the C header, for the types without parameters. */
const simpleIds: Readonly<Record<Exclude<SimpleKind, 'json'>, number>> = {
  boolean: 1,
  tinyint: 2,
  smallint: 3,
  integer: 4,
  bigint: 5,
  utinyint: 6,
  usmallint: 7,
  uinteger: 8,
  ubigint: 9,
  float: 10,
  double: 11,
  timestamp: 12,
  date: 13,
  time: 14,
  interval: 15,
  hugeint: 16,
  varchar: 17,
  blob: 18,
  timestamp_s: 20,
  timestamp_ms: 21,
  timestamp_ns: 22,
  uuid: 27,
  bit: 29,
  timetz: 30,
  timestamptz: 31,
  uhugeint: 32,
  null: 36,
  time_ns: 39,
}

const kindsById: ReadonlyMap<number, SimpleKind> = new Map(
  Object.entries(simpleIds).map(([kind, id]) => [id, kind as SimpleKind]),
)

/** Types of the C header that values cannot be carried out of the engine in. */
const unsupportedIds: ReadonlyMap<number, string> = new Map([
  [35, 'BIGNUM'],
  [40, 'GEOMETRY'],
  [41, 'VARIANT'],
])

/** Reads DuckDB's logical types, and makes them. */
export class LogicalTypes {
  readonly #capi: CApi
  readonly #heap: Heap

  constructor(capi: CApi, heap: Heap) {
    this.#capi = capi
    this.#heap = heap
  }

  /** Reads `type` and destroys it. `column` is named when the type cannot be carried. */
  take(type: Pointer, column: string): LogicalType {
    try {
      return this.#read(type, column)
    } finally {
      this.#destroy(type)
    }
  }

  /** Runs `use` with `type` as DuckDB's own, destroyed afterwards. */
  with<T>(type: LogicalType, use: (address: Pointer) => T): T {
    const address = this.#make(type)
    try {
      return use(address)
    } finally {
      this.#destroy(address)
    }
  }

  #destroy(type: Pointer): void {
    this.#heap.withPointer(type, this.#capi.destroyLogicalType)
  }

  #read(type: Pointer, column: string): LogicalType {
    const api = this.#capi
    const id = api.getTypeId(type)
    switch (id) {
      case 17:
        return { kind: this.#heap.takeText(api.logicalTypeGetAlias(type)) === 'JSON' ? 'json' : 'varchar' }
      case 19:
        return { kind: 'decimal', precision: api.decimalWidth(type), scale: api.decimalScale(type) }
      case 23: {
        const count = api.enumDictionarySize(type)
        const values = Array.from({ length: count }, (_value, index) =>
          this.#heap.takeText(api.enumDictionaryValue(type, index)),
        )
        return { kind: 'enum', values }
      }
      case 24:
        return { kind: 'list', element: this.take(api.listTypeChildType(type), column) }
      case 25:
        return {
          kind: 'struct',
          fields: this.#fields(api.structTypeChildCount(type), column, (index) => [
            api.structTypeChildName(type, index),
            api.structTypeChildType(type, index),
          ]),
        }
      case 26:
        return {
          kind: 'map',
          key: this.take(api.mapTypeKeyType(type), column),
          value: this.take(api.mapTypeValueType(type), column),
        }
      case 28:
        return {
          kind: 'union',
          members: this.#fields(api.unionTypeMemberCount(type), column, (index) => [
            api.unionTypeMemberName(type, index),
            api.unionTypeMemberType(type, index),
          ]),
        }
      case 33:
        return {
          kind: 'array',
          element: this.take(api.arrayTypeChildType(type), column),
          size: api.arrayTypeArraySize(type),
        }
      default: {
        const kind = kindsById.get(id)
        if (kind !== undefined) return { kind }
        const name = unsupportedIds.get(id) ?? `number ${id}`
        throw new LakefrontError(
          'UNSUPPORTED',
          `Column "${column}" has DuckDB's type ${name}, which cannot be carried out of the engine. Cast it: CAST("${column}" AS VARCHAR).`,
          { details: { column, type: name } },
        )
      }
    }
  }

  #fields(count: number, column: string, at: (index: number) => [name: Pointer, type: Pointer]): Field[] {
    return Array.from({ length: count }, (_, index) => {
      const [name, type] = at(index)
      return { name: this.#heap.takeText(name), type: this.take(type, column), nullable: true }
    })
  }

  #make(type: LogicalType): Pointer {
    const api = this.#capi
    switch (type.kind) {
      case 'decimal':
        return api.createDecimalType(type.precision, type.scale)
      case 'list':
        return this.with(type.element, (element) => api.createListType(element))
      case 'array':
        return this.with(type.element, (element) => api.createArrayType(element, type.size))
      case 'map':
        return this.with(type.key, (key) => this.with(type.value, (value) => api.createMapType(key, value)))
      case 'struct':
        return this.#withFields(type.fields, (types, names) => api.createStructType(types, names, type.fields.length))
      case 'union':
        return this.#withFields(type.members, (types, names) => api.createUnionType(types, names, type.members.length))
      case 'enum':
        return this.#withNames(type.values, (names) => api.createEnumType(names, type.values.length))
      case 'json': {
        const address = api.createLogicalType(simpleIds.varchar)
        this.#heap.withText('JSON', (alias) => api.logicalTypeSetAlias(address, alias))
        return address
      }
      default:
        return api.createLogicalType(simpleIds[type.kind])
    }
  }

  #withFields<T>(fields: readonly Field[], use: (types: Pointer, names: Pointer) => T): T {
    const types = fields.map((field) => this.#make(field.type))
    try {
      return this.#heap.withWords(types.length, (array) => {
        this.#heap.words.set(types, array >>> 2)
        return this.#withNames(
          fields.map((field) => field.name),
          (names) => use(array, names),
        )
      })
    } finally {
      for (const type of types) this.#destroy(type)
    }
  }

  #withNames<T>(names: readonly string[], use: (array: Pointer) => T): T {
    const encoder = new TextEncoder()
    const encoded = names.map((name) => encoder.encode(`${name}\0`))
    const total = encoded.reduce((sum, bytes) => sum + bytes.length, 0)
    const text = this.#heap.allocate(total)
    try {
      return this.#heap.withWords(names.length, (array) => {
        let at = text
        encoded.forEach((bytes, index) => {
          this.#heap.bytes.set(bytes, at)
          this.#heap.words[(array >>> 2) + index] = at
          at += bytes.length
        })
        return use(array)
      })
    } finally {
      this.#heap.free(text)
    }
  }
}
