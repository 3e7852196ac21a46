import { LakefrontError, nearestName } from '../errors.ts'
import type { FileField } from '../format/parquet/parquet-writer.ts'
import type { Field } from '../types/logical-type.ts'
import { partsOf } from '../types/nested-parts.ts'

/**
 * Parquet's `field_id`s of columns, or of the fields in one, by name: a number, or an object where what is in it has ids too. A list has one
 * field, `element`, a map has `key` and `value`.
 */
export interface FieldIds {
  readonly [name: string]: number | { readonly id?: number; readonly fields: FieldIds }
}

const largestId = 2 ** 31 - 1

/** `fields` with their ids. Throws `COLUMN_NOT_FOUND` for names that they have not, `INVALID_ARGUMENT` for what is no id or one of two fields. */
export function withFieldIds(fields: readonly Field[], ids: FieldIds): readonly FileField[] {
  return fieldsIn(fields, ids, [], new Map())
}

function fieldsIn(
  fields: readonly Omit<Field, 'nullable'>[],
  ids: FieldIds,
  path: readonly string[],
  taken: Map<number, string>,
): readonly FileField[] {
  const names = fields.map(({ name }) => name)
  const place = (name: string): string => [...path, name].join('.')
  for (const name of Object.keys(ids)) {
    if (names.includes(name)) continue
    const where = path.length === 0 ? 'the file has no such column' : `"${path.join('.')}" has no such field`
    const nearest = nearestName(name, names)
    throw new LakefrontError(
      'COLUMN_NOT_FOUND',
      `fieldIds names "${place(name)}", but ${where}. ${nearest === undefined ? `There are: ${names.slice(0, 20).join(', ')}.` : `Did you mean "${nearest}"?`}`,
      { details: { column: name } },
    )
  }
  return fields.map(({ name, type }) => {
    const given: unknown = Object.hasOwn(ids, name) ? ids[name] : undefined
    if (given === undefined) return { name, type }
    const { id, fields: inner } = typeof given === 'object' && given !== null ? (given as PartIds) : { id: given }
    const own = id === undefined ? {} : { id: checkedId(id, place(name), taken) }
    if (inner === undefined) return { name, type, ...own }
    return { name, type, ...own, fields: fieldsIn(partsOf(type), inner, [...path, name], taken) }
  })
}

interface PartIds {
  readonly id?: unknown
  readonly fields?: FieldIds
}

function checkedId(id: unknown, name: string, taken: Map<number, string>): number {
  if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id > largestId) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `The field id of "${name}" is ${JSON.stringify(id)}; it must be a whole number from 0 to ${largestId}.`,
      { details: { column: name } },
    )
  }
  const other = taken.get(id)
  if (other !== undefined) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `"${other}" and "${name}" have the field id ${id} both. Give each its own.`,
      { details: { column: name } },
    )
  }
  taken.set(id, name)
  return id
}
