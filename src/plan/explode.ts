import { LakefrontError } from '../errors.ts'
import { type ValueType, commonType, typeText, unknownType } from '../expr/value-type.ts'
import { scopeOf } from './check.ts'
import type { Explode, OutputColumn, Plan, Unpivot } from './nodes.ts'
import { column as outputColumn } from './output.ts'

/** One row per element of a list or map, or the fields of a struct as columns, in the place of `column`. */
export function explode(
  input: Plan,
  column: string,
  options: { outer?: boolean; position?: string; names?: readonly string[] } = {},
): Explode {
  const { outer = false, position, names } = options
  for (const name of [...(names ?? []), ...(position === undefined ? [] : [position])]) {
    if (typeof name !== 'string' || name === '')
      throw new LakefrontError('INVALID_ARGUMENT', 'explode() needs names that are not empty.')
  }
  const node = {
    kind: 'Explode',
    input,
    column,
    outer,
    ...(position === undefined ? {} : { position }),
    ...(names === undefined ? {} : { names: Object.freeze([...names]) }),
  } as const
  const scope = scopeOf(input)
  if (scope === undefined) return Object.freeze(node)
  const { index, fields } = scope.resolve(column)
  if (fields.length > 0)
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `explode() takes a column; "${column}" is a field of one. Select it first.`,
    )
  const source = scope.columns[index]!
  if (source.type === undefined || source.type.kind === 'unknown') return Object.freeze(node)
  const made = explodedColumns(source.name, source.type, node)
  const output = scope.columns.flatMap((each, at): readonly OutputColumn[] => (at === index ? made : [each]))
  return Object.freeze({ ...node, output: Object.freeze(output) })
}

/** The columns that take the place of one of `type`. */
function explodedColumns(
  name: string,
  type: ValueType,
  { position, names }: Pick<Explode, 'position' | 'names'>,
): readonly OutputColumn[] {
  const made = (given: readonly string[], types: readonly ValueType[]): readonly OutputColumn[] => {
    if (names !== undefined && names.length !== types.length) {
      throw new LakefrontError(
        'INVALID_ARGUMENT',
        `explode("${name}") makes ${types.length} column${types.length === 1 ? '' : 's'} of ${typeText(type)}, but ${names.length} name${names.length === 1 ? ' was' : 's were'} given.`,
      )
    }
    const counted = position === undefined ? [] : [outputColumn(position, { kind: 'integer' })]
    return [...counted, ...types.map((each, index) => outputColumn((names ?? given)[index]!, each))]
  }
  switch (type.kind) {
    case 'list':
    case 'array':
      return made([name], [type.element])
    case 'map':
      return made(['key', 'value'], [type.key, type.value])
    case 'struct':
      if (position !== undefined)
        throw new LakefrontError('INVALID_ARGUMENT', `explode("${name}"): the fields of a struct have no position.`)
      return made(
        type.fields.map((field) => field.name),
        type.fields.map((field) => field.type),
      )
    default:
      throw new LakefrontError(
        'TYPE_MISMATCH',
        `explode("${name}") needs a list, a map or a struct, but the column is ${typeText(type)}.`,
        { details: { column: name, type: typeText(type) } },
      )
  }
}

/** One row per row and column of `values`: `ids`, the name of the column, and what is in it. */
export function unpivot(
  input: Plan,
  options: { ids: readonly string[]; values?: readonly string[]; variable: string; value: string },
): Unpivot {
  const { ids, values, variable, value } = options
  if (values?.length === 0)
    throw new LakefrontError('INVALID_ARGUMENT', 'unpivot() needs at least one column of values.')
  if ([variable, value].some((name) => typeof name !== 'string' || name === ''))
    throw new LakefrontError('INVALID_ARGUMENT', 'unpivot() needs names that are not empty.')
  const node = {
    kind: 'Unpivot',
    input,
    ids: Object.freeze([...ids]),
    variable,
    value,
    ...(values === undefined ? {} : { values: Object.freeze([...values]) }),
  } as const
  const scope = scopeOf(input)
  if (scope === undefined) return Object.freeze(node)
  const kept = ids.map((name) => scope.columns[scope.resolve(name).index]!)
  const taken = unpivotedColumns(node).map((index) => scope.columns[index]!)
  if (taken.length === 0)
    throw new LakefrontError('INVALID_ARGUMENT', 'unpivot(): every column is an id, so there is none left to unpivot.')
  const type = taken.map((each) => each.type ?? unknownType).reduce((a, b) => commonType(a, b) ?? refuseMixed(taken))
  return Object.freeze({
    ...node,
    output: Object.freeze([
      ...kept,
      outputColumn(variable, { kind: 'varchar' }),
      outputColumn(value, type.kind === 'unknown' ? undefined : type),
    ]),
  })
}

function refuseMixed(columns: readonly OutputColumn[]): never {
  const types = columns.map(({ name, type }) => `${name} ${typeText(type ?? unknownType)}`)
  throw new LakefrontError(
    'TYPE_MISMATCH',
    `unpivot() makes one column of all values, and these have no type in common: ${types.join(', ')}. cast() them, or choose some.`,
  )
}

/** Where the columns that {@link unpivot} turns into rows are in the input, whose columns are known. */
export function unpivotedColumns({ input, ids, values }: Pick<Unpivot, 'input' | 'ids' | 'values'>): readonly number[] {
  const scope = scopeOf(input)!
  if (values !== undefined) return values.map((name) => scope.resolve(name).index)
  const kept = new Set(ids.map((name) => scope.resolve(name).index))
  return [...scope.columns.keys()].filter((index) => !kept.has(index))
}
