import type { LogicalType } from '../../../../types/logical-type.ts'
import { parseType } from '../../../../types/type-names.ts'
import type { Pointer } from '../../capi.ts'
import { typeIds } from '../cast-end.ts'
import type { NativeFunctions } from '../native-functions.ts'
import type { VectorAccess } from '../vector-access.ts'
import type { JsonReader } from './json-reader.ts'
import { JsonTransform } from './json-transform.ts'
import type { Strictness } from './json-transform.ts'

const json: LogicalType = { kind: 'json' }
const varchar: LogicalType = { kind: 'varchar' }

const simpleTargets = [
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
  'uuid',
  'date',
  'time',
  'timetz',
  'timestamp',
  'timestamp_s',
  'timestamp_ms',
  'timestamp_ns',
  'timestamptz',
  'interval',
] as const

/** `from_json`, `json_transform` and casts of JSON: documents as values of a type. */
export class TransformFunctions {
  readonly #functions: NativeFunctions
  readonly #reader: JsonReader
  readonly #vectors: VectorAccess

  constructor(functions: NativeFunctions, reader: JsonReader, vectors: VectorAccess) {
    this.#functions = functions
    this.#reader = reader
    this.#vectors = vectors
  }

  register(): void {
    this.#define(['json_transform', 'from_json'], { values: false, unknownMembers: false })
    this.#define(['json_transform_strict', 'from_json_strict'], { values: true, unknownMembers: false })
    const { struct, list, map, array, decimal, enum: enumeration } = typeIds
    for (const to of [...simpleTargets.map((kind) => ({ kind })), struct, list, map, array, decimal, enumeration]) {
      this.#functions.cast({
        from: json,
        to,
        implicitCost: -1,
        run: ({ input, output, rows, fail }) => {
          const failure = this.#transform(input, output, rows, { values: true, unknownMembers: true })
          if (failure !== undefined) fail(-1, failure)
        },
      })
    }
  }

  #define(names: readonly string[], strict: Strictness): void {
    for (const name of names) {
      this.#functions.scalar(
        name,
        [varchar, json].map((document) => ({
          parameters: [document, varchar],
          returns: json,
          bind: (call) => {
            const structure = call.constantText(1)
            if (structure === undefined) throw new Error('JSON structure must be a constant!')
            call.setReturnType(structure === null ? { kind: 'null' } : structureType(JSON.parse(structure)))
          },
          run: ({ input, output, rows }) => {
            const vector = this.#functions.duckdb.capi.dataChunkGetVector(input, 0)
            const failure = this.#transform(vector, output, rows, strict)
            if (failure !== undefined) throw new Error(failure)
          },
        })),
      )
    }
  }

  /** Answers what did not fit. */
  #transform(input: Pointer, output: Pointer, rows: number, strict: Strictness): string | undefined {
    const { duckdb, types } = this.#functions
    const type = types.take(duckdb.capi.vectorGetColumnType(output), 'result')
    const transform = new JsonTransform(this.#functions, this.#reader, type, strict)
    this.#vectors.begin()
    const documents = this.#vectors.column(input)
    for (let row = 0; row < rows; row++) {
      if (this.#vectors.isNull(documents, row)) {
        transform.add(0)
        continue
      }
      this.#vectors.seek(documents, row)
      transform.add(this.#reader.parse(this.#vectors.address, this.#vectors.bytes))
    }
    transform.write(output)
    this.#reader.trim()
    return transform.failure
  }
}

/** The type that a structure means: `{"a":"INTEGER","b":["VARCHAR"]}`. */
function structureType(structure: unknown): LogicalType {
  if (typeof structure === 'string') return structure.toUpperCase() === 'NULL' ? { kind: 'null' } : parseType(structure)
  if (Array.isArray(structure)) {
    if (structure.length !== 1) throw new Error('Too many values in array of JSON structure')
    return { kind: 'list', element: structureType(structure[0]) }
  }
  if (typeof structure !== 'object' || structure === null) throw new Error('invalid JSON structure')
  const fields = Object.entries(structure).map(([name, inner]) => ({
    name,
    type: structureType(inner),
    nullable: true,
  }))
  if (fields.length === 0) throw new Error('Empty object in JSON structure')
  return { kind: 'struct', fields }
}
