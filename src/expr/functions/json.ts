import type { LogicalType } from '../../types/logical-type.ts'
import { parseType, typeName } from '../../types/type-names.ts'
import { Column } from '../column.ts'
import type { Argument, ArgumentNeeds, ArgumentType, Deferred, Wants } from '../column-types.ts'
import { literal } from '../literal.ts'
import { argumentNode } from '../operand.ts'
import { callOf } from './call.ts'

/** `TRY(json_extract_string(json, path))`: text without quotes, anything else as JSON; NULL of what is no JSON. */
export function getJsonObject<A extends Argument>(
  json: A,
  path: string,
): Column<string | null, Wants<'string', A>, string> {
  return callOf('getJsonObject(string, string) varchar', 'scalar', [argumentNode(json), literal(path)])
}

/**
 * `CASE WHEN TRY(json_type(json)) = 'ARRAY' THEN CAST(json_array_length(json) AS INTEGER) END`: NULL where it is no array.
 */
export function jsonArrayLength<A extends Argument>(json: A): Column<number | null, Wants<'string', A>, string> {
  return callOf('jsonArrayLength(string) integer', 'scalar', [argumentNode(json)])
}

/** `CASE WHEN TRY(json_type(json)) = 'OBJECT' THEN json_keys(json) END`: of the object itself, not of those in it. */
export function jsonObjectKeys<A extends Argument>(json: A): Column<string[] | null, Wants<'string', A>, string> {
  return callOf('jsonObjectKeys(string) list<varchar>', 'scalar', [argumentNode(json)])
}

/** `CAST(to_json(value) AS VARCHAR)`: fields that are NULL stand there as null (PySpark leaves them out). */
export function toJson<A extends Argument>(
  value: A,
): Column<Deferred<'string', [ArgumentType<A>]>, ArgumentNeeds<A>, string> {
  return callOf('toJson(any) varchar', 'scalar', [argumentNode(value)])
}

/**
 * `TRY(from_json(value, '{"a":"INTEGER"}'))`: the value of JSON text, of a type such as `STRUCT(a INTEGER, b VARCHAR[])`; what the
 * JSON lacks is NULL, and so is what is no JSON (PySpark: a struct of NULLs).
 */
export function fromJson<V = unknown, A extends Argument = Argument>(
  value: A,
  type: string | LogicalType,
): Column<V | null, Wants<'string', A>, string> {
  const parsed = typeof type === 'string' ? parseType(type) : type
  const name = typeName(parsed)
  return new Column(
    Object.freeze({
      kind: 'Cast',
      operand: callOf('fromJson(string, string) unknown', 'scalar', [
        argumentNode(value),
        literal(JSON.stringify(jsonStructure(parsed))),
      ]).node,
      type: name,
      safe: false,
    }),
  )
}

/** A type as DuckDB's `from_json` takes it: structs as objects, lists in brackets. */
function jsonStructure(type: LogicalType): unknown {
  if (type.kind === 'struct')
    return Object.fromEntries(type.fields.map((field) => [field.name, jsonStructure(field.type)]))
  if (type.kind === 'list') return [jsonStructure(type.element)]
  return typeName(type)
}
