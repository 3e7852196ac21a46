import type { LogicalType } from '../../../../types/logical-type.ts'
import type { Pointer } from '../../capi.ts'
import { VectorReader } from '../../vector-read.ts'
import { VectorWriter } from '../../vector-write.ts'
import { columnFromValues } from '../../../../types/column-from-values.ts'
import { typeIds } from '../cast-end.ts'
import type { NativeFunctions, ScalarCall, ScalarOverload } from '../native-functions.ts'
import type { BindCall } from '../scalar-binding.ts'
import { jsonTextReader } from './json-text.ts'
import type { JsonTextOptions, JsonTextReader } from './json-text.ts'
import { isValid } from '../../vector-read.ts'

const json: LogicalType = { kind: 'json' }

/** Types of a name that become JSON by what they are; cheaper where DuckDB may choose than becoming text. */
const simpleSources = [
  'boolean',
  'tinyint',
  'smallint',
  'integer',
  'bigint',
  'hugeint',
  'utinyint',
  'usmallint',
  'uinteger',
  'ubigint',
  'uhugeint',
  'float',
  'double',
  'blob',
  'bit',
  'uuid',
  'date',
  'time',
  'time_ns',
  'timetz',
  'timestamp',
  'timestamp_s',
  'timestamp_ms',
  'timestamp_ns',
  'timestamptz',
  'interval',
] as const

/** Functions and casts that make JSON of other values: `to_json`, `json_array`, `json_object` and so on. */
export class CreateFunctions {
  readonly #functions: NativeFunctions
  readonly #options: JsonTextOptions
  readonly #reader: VectorReader
  readonly #writer: VectorWriter

  constructor(functions: NativeFunctions, options: JsonTextOptions) {
    const { capi, heap } = functions.duckdb
    this.#functions = functions
    this.#options = options
    this.#reader = new VectorReader(capi, heap)
    this.#writer = new VectorWriter(capi, heap, functions.types)
  }

  register(): void {
    const functions = this.#functions
    const one = (name: string, check: (type: LogicalType | undefined) => void = () => {}): ScalarOverload => ({
      parameters: [],
      rest: 'any',
      returns: json,
      bind: (call) => {
        if (call.count !== 1) throw new Error(`${name}() takes exactly one argument`)
        check(call.typeOf(0))
      },
      run: (call) => this.#convert(call),
    })
    functions.scalar('to_json', [one('to_json')])
    functions.scalar('json_quote', [one('to_json')])
    functions.scalar('array_to_json', [
      one('array_to_json', (type) => {
        if (type !== undefined && !['list', 'array', 'null'].includes(type.kind))
          throw new Error('array_to_json() argument type must be LIST or ARRAY')
      }),
    ])
    functions.scalar('row_to_json', [
      one('row_to_json', (type) => {
        if (type !== undefined && !['struct', 'null'].includes(type.kind))
          throw new Error('row_to_json() argument type must be STRUCT')
      }),
    ])
    functions.scalar('json_array', [
      {
        parameters: [],
        rest: 'any',
        returns: json,
        takesNulls: true,
        run: (call) => this.#write(call, (readers) => (row) => `[${readers.map((read) => read(row)).join(',')}]`),
      },
    ])
    functions.scalar('json_object', [
      {
        parameters: [],
        rest: 'any',
        returns: json,
        takesNulls: true,
        bind: checkMembers,
        run: (call) => this.#object(call),
      },
    ])
    for (const kind of simpleSources) this.#castFrom({ kind })
    for (const id of Object.values(typeIds)) this.#castFrom(id)
  }

  #castFrom(from: LogicalType | number): void {
    this.#functions.cast({
      from,
      to: json,
      implicitCost: 0,
      run: ({ input, output, rows }) => this.#convertVector(input, output, rows),
    })
  }

  #convert({ input, output, rows }: ScalarCall): void {
    this.#convertVector(this.#functions.duckdb.capi.dataChunkGetVector(input, 0), output, rows)
  }

  /** The JSON of the rows of one vector, where null stays null. */
  #convertVector(input: Pointer, output: Pointer, rows: number): void {
    const { type, column } = this.column(input, rows)
    const read = jsonTextReader(type, column, this.#options)
    const isNull = (row: number): boolean =>
      type.kind === 'null' || (column.nullCount > 0 && !isValid(column.validity, row))
    this.#put(
      output,
      Array.from({ length: rows }, (_, row) => (isNull(row) ? null : read(row))),
    )
  }

  #object(call: ScalarCall): void {
    this.#write(call, (readers) => (row) => {
      const members: string[] = []
      for (let index = 0; index < readers.length; index += 2) {
        const key = readers[index]!(row)
        if (key === 'null') throw new Error('JSON key cannot be NULL')
        members.push(`${key}:${readers[index + 1]!(row)}`)
      }
      return `{${members.join(',')}}`
    })
  }

  #write({ input, output, rows }: ScalarCall, make: (readers: readonly JsonTextReader[]) => JsonTextReader): void {
    const { capi } = this.#functions.duckdb
    const count = this.#functions.api.dataChunkGetColumnCount(input)
    const readers = Array.from({ length: count }, (_, index) => {
      const { type, column } = this.column(capi.dataChunkGetVector(input, index), rows)
      return jsonTextReader(type, column, this.#options)
    })
    const text = make(readers)
    this.#put(
      output,
      Array.from({ length: rows }, (_, row) => text(row)),
    )
  }

  /** A copy of a vector's rows, with their type. */
  column(vector: Pointer, rows: number): { type: LogicalType; column: ReturnType<VectorReader['rows']> } {
    const { duckdb, types } = this.#functions
    const type = types.take(duckdb.capi.vectorGetColumnType(vector), 'argument')
    return { type, column: this.#reader.rows(vector, rows, type) }
  }

  #put(output: Pointer, texts: readonly (string | null)[]): void {
    this.#writer.write(output, columnFromValues({ kind: 'varchar' }, texts), { kind: 'varchar' }, 0, texts.length)
  }
}

function checkMembers(call: BindCall): void {
  if (call.count % 2 !== 0) throw new Error('json_object() requires an even number of arguments')
  for (let index = 0; index < call.count; index += 2) {
    const type = call.typeOf(index)
    if (type !== undefined && type.kind !== 'varchar')
      throw new Error(`json_object() keys must be VARCHAR, add an explicit cast to argument ${index + 1}`)
  }
}
