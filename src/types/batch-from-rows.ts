import { LakefrontError, nearestName } from '../errors.ts'
import type { ColumnBatch, ColumnData } from './column-data.ts'
import { columnFromValues } from './column-from-values.ts'
import { ConversionFailure, describeValue } from './conversion-failure.ts'
import { elementType, inferType } from './infer-type.ts'
import type { Field, LogicalType, Schema } from './logical-type.ts'
import { isPlain } from './plain-object.ts'
import { parseType } from './type-names.ts'
import { bytesOf } from './typed-view.ts'

/** Whole columns by name, all of one length. A typed array is taken as it is, without a copy, when its type fits. */
export type ColumnValues = Readonly<Record<string, readonly unknown[] | ArrayBufferView>>

/** A schema, or types by column name: `{ id: 'bigint', tags: 'varchar[]' }`. */
export type SchemaLike = Schema | Readonly<Record<string, string | LogicalType>>

/**
 * One batch of rows given as objects (or, with a schema, as arrays in its order), or as whole columns by name.
 *
 * Without a schema, the types are inferred from every value: booleans, whole numbers (integer, beyond 32 bits bigint), other
 * numbers (double), bigints (bigint, hugeint), strings (varchar), `Date` (timestamp in UTC), `Uint8Array` (blob), arrays
 * (list), `Map` (map), plain objects (struct). In whole columns a typed array tells its own type, `Uint8Array` being utinyint.
 * With a schema every value is converted, exactly or not at all; `docs/values.md` has the table.
 *
 * Throws `TYPE_MISMATCH` or `INVALID_VALUE` naming column and row, `COLUMN_NOT_FOUND` for a property the schema lacks.
 */
export function batchFromRows(rows: Iterable<object> | ColumnValues, schema?: SchemaLike): ColumnBatch {
  if (typeof rows !== 'object' || rows === null) {
    throw invalid(`Rows are given as an array of objects or as an object of columns, not as ${describeValue(rows)}.`)
  }
  const known = schema === undefined ? undefined : schemaFrom(schema)
  return Symbol.iterator in rows ? fromRows([...rows], known) : fromColumns(rows, known)
}

/** The schema that text such as `{ id: 'bigint' }` means; a schema stays as it is. */
export function schemaFrom(schema: SchemaLike): Schema {
  if (isSchema(schema)) return schema
  const fields = Object.entries(schema).map(([name, type]): Field => {
    return { name, type: typeof type === 'string' ? parseType(type) : type, nullable: true }
  })
  return { fields }
}

function isSchema(schema: SchemaLike): schema is Schema {
  return Array.isArray((schema as Schema).fields)
}

function fromRows(rows: readonly unknown[], schema: Schema | undefined): ColumnBatch {
  const positional = schema !== undefined && rows.length > 0 && rows.every((row) => Array.isArray(row))
  rows.forEach((row, index) => {
    if (!positional && !isPlain(row)) {
      const hint = Array.isArray(row) ? ' Rows as arrays need a schema.' : ''
      throw invalid(`Row ${index} is ${describeValue(row)}; rows are objects with one property per column.${hint}`)
    }
  })
  if (schema === undefined) {
    const objects = rows as readonly Record<string, unknown>[]
    const names = columnNames(objects)
    return built(
      rows.length,
      names.map((name) => ({ name, values: valuesOf(objects, name) })),
    )
  }
  if (positional) {
    const arrays = rows as readonly (readonly unknown[])[]
    const width = schema.fields.length
    const wrong = arrays.findIndex((row) => row.length !== width)
    if (wrong >= 0) throw invalid(`Row ${wrong} has ${arrays[wrong]!.length} values, the schema has ${width} columns.`)
    return built(
      rows.length,
      schema.fields.map((field, at) => ({ ...field, values: arrays.map((row) => row[at]) })),
    )
  }
  const objects = rows as readonly Record<string, unknown>[]
  const allowed = new Set(schema.fields.map((field) => field.name))
  for (const row of objects)
    for (const name of Object.keys(row)) if (!allowed.has(name)) throw unknownColumn(name, allowed)
  return built(
    rows.length,
    schema.fields.map((field) => ({ ...field, values: valuesOf(objects, field.name) })),
  )
}

function fromColumns(columns: ColumnValues, schema: Schema | undefined): ColumnBatch {
  const names = Object.keys(columns)
  let length: number | undefined
  for (const name of names) {
    const values: unknown = columns[name]
    if (!Array.isArray(values) && !isTypedArray(values)) {
      throw invalid(
        `Column "${name}" is ${describeValue(values)}; columns are arrays or typed arrays, rows are given as an array.`,
      )
    }
    length ??= values.length
    if (values.length !== length) {
      throw invalid(`Column "${name}" has ${values.length} values, column "${names[0]}" has ${length}.`)
    }
  }
  if (schema === undefined) {
    return built(
      length ?? 0,
      names.map((name) => ({ name, values: columns[name] as ColumnLike })),
    )
  }
  const allowed = new Set(schema.fields.map((field) => field.name))
  for (const name of names) if (!allowed.has(name)) throw unknownColumn(name, allowed)
  const rows = length ?? 0
  return built(
    rows,
    schema.fields.map((field) => {
      const values = Object.hasOwn(columns, field.name)
        ? (columns[field.name] as ColumnLike)
        : new Array(rows).fill(null)
      return { ...field, values }
    }),
  )
}

type TypedArray = ArrayBufferView & ArrayLike<unknown>
type ColumnLike = readonly unknown[] | TypedArray

interface Input {
  readonly name: string
  readonly type?: LogicalType
  readonly nullable?: boolean
  readonly values: ColumnLike
}

function built(length: number, inputs: readonly Input[]): ColumnBatch {
  const fields: Field[] = []
  const columns: ColumnData[] = []
  for (const input of inputs) {
    try {
      const shared = sharedColumn(input)
      const values = shared === undefined && isTypedArray(input.values) ? Array.from(input.values) : input.values
      const type = shared?.type ?? input.type ?? inferType(values as readonly unknown[])
      const column = shared?.column ?? columnFromValues(type, values as readonly unknown[])
      const nullable = input.nullable ?? true
      if (!nullable && column.nullCount > 0) {
        const failure = new ConversionFailure('INVALID_VALUE', 'NULL in a column that allows none.')
        failure.index = (values as readonly unknown[]).findIndex((value) => value === null || value === undefined)
        throw failure
      }
      fields.push({ name: input.name, type, nullable })
      columns.push(column)
    } catch (error) {
      throw error instanceof ConversionFailure ? located(error, input.name) : error
    }
  }
  return { schema: { fields }, length, columns }
}

/** A typed array as a column over the same memory, when its elements are stored as the type wants them. */
function sharedColumn({ values, type }: Input): { type: LogicalType; column: ColumnData } | undefined {
  if (!isTypedArray(values)) return undefined
  const own: LogicalType = elementType(values) ?? { kind: 'utinyint' }
  if (type !== undefined && type.kind !== own.kind) return undefined
  return { type: own, column: { length: values.length, nullCount: 0, values: bytesOf(values) } }
}

function isTypedArray(values: unknown): values is TypedArray {
  return ArrayBuffer.isView(values) && !(values instanceof DataView)
}

function columnNames(rows: readonly Record<string, unknown>[]): string[] {
  const names = new Set<string>()
  for (const row of rows) for (const name of Object.keys(row)) names.add(name)
  return [...names]
}

function valuesOf(rows: readonly Record<string, unknown>[], name: string): unknown[] {
  const inherited = name in Object.prototype
  return rows.map((row) => (inherited && !Object.hasOwn(row, name) ? undefined : row[name]))
}

function located(failure: ConversionFailure, column: string): LakefrontError {
  const row = failure.index
  const place = `Column "${column}"${failure.path === '' ? '' : ` at ${column}${failure.path}`}, row ${row}`
  const details = { column, row, ...(failure.path === '' ? {} : { path: failure.path }) }
  return new LakefrontError(failure.code, `${place}: ${failure.message}`, { details })
}

function unknownColumn(name: string, allowed: ReadonlySet<string>): LakefrontError {
  const nearest = nearestName(name, [...allowed])
  const hint = nearest === undefined ? '' : ` Did you mean "${nearest}"?`
  return new LakefrontError(
    'COLUMN_NOT_FOUND',
    `Column "${name}" not found in the schema. Columns: ${[...allowed].join(', ')}.${hint}`,
    { details: { column: name, columns: [...allowed] } },
  )
}

function invalid(message: string): LakefrontError {
  return new LakefrontError('INVALID_ARGUMENT', message)
}
