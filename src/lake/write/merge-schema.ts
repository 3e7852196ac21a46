import { LakefrontError } from '../../errors.ts'
import type { Field, Schema } from '../../types/logical-type.ts'
import { partsOf } from '../../types/nested-parts.ts'
import type { Change } from '../commit/change.ts'
import { fits } from './fitting-type.ts'
import { sameName, storedType } from '../snapshot/lake-columns.ts'
import { promotes, wider } from '../commit/promotion.ts'
import type { SchemaOptions } from './write-request.ts'
import type { LakeTarget } from '../snapshot/lake-target.ts'

/**
 * What has to be done to a table so that rows of other columns go into it: columns it lacks are added, ones that are too narrow are widened, in structs, lists
 * and maps too. Nothing is dropped, and nothing rewritten.
 *
 * @throws LakefrontError `TYPE_MISMATCH` where no type holds the values of both.
 */
export function addedByMerging(target: LakeTarget, { fields }: Schema, options: SchemaOptions): readonly Change[] {
  const own = target.columns.map(({ name, type }): Field => ({ name, type, nullable: true }))
  return merged({ target, path: [], own, given: fields, options })
}

function merged({
  target,
  path,
  own,
  given,
  options,
}: {
  readonly target: LakeTarget
  readonly path: readonly string[]
  readonly own: readonly Pick<Field, 'name' | 'type'>[]
  readonly given: readonly Pick<Field, 'name' | 'type'>[]
  readonly options: SchemaOptions
}): readonly Change[] {
  return given.flatMap((field): readonly Change[] => {
    const known = own.find(({ name }) => sameName(name, field.name))
    const table = target.uuid
    if (known === undefined) {
      if (field.type.kind === 'null') return []
      return [{ kind: 'addColumn', table, into: path, column: { name: field.name, type: storedType(field.type) } }]
    }
    const column = [...path, known.name]
    if (fits(field.type, known.type, options.castToVarchar === true)) return []
    const stored = storedType(field.type)
    const [parts, more] = [partsOf(known.type), partsOf(stored)]
    if (parts.length > 0 && known.type.kind === stored.kind)
      return merged({ target, path: column, own: parts, given: more, options })
    const type = wider(known.type, stored)
    if (type !== undefined && promotes(known.type, type)) return [{ kind: 'alterType', table, column, type }]
    throw new LakefrontError(
      'TYPE_MISMATCH',
      `Column "${column.join('.')}" of "${target.name}" is ${known.type.kind}, the rows have ${field.type.kind}, and neither becomes the other without loss. Cast the rows${options.castToVarchar === true ? '' : ', or where the table has text say { castToVarchar: true }'}.`,
      { details: { table: target.name, column: column.join('.') } },
    )
  })
}
