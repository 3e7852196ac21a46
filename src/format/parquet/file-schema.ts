import { LakefrontError } from '../../errors.ts'
import type { LogicalType } from '../../types/logical-type.ts'
import { typeName } from '../../types/type-names.ts'
import { leafStorage } from './leaf-storage.ts'
import type { FileField } from './parquet-writer.ts'
import { physicalTypes } from './schema.ts'
import type { ThriftFields } from './thrift.ts'

/** The schema of a file that is written. */
export interface FileSchema {
  /** The elements as the footer has them, the root first. */
  readonly elements: readonly ThriftFields[]
  /** In the order of the column chunks. */
  readonly leaves: readonly FileLeaf[]
}

export interface FileLeaf {
  readonly type: LogicalType
  /** Names of fields, without the groups that lists and maps are made of. */
  readonly path: readonly string[]
  /** The path with them. */
  readonly storedPath: readonly string[]
  /** Number of the physical type in the format. */
  readonly physical: number
  readonly id?: number
}

const [required, optional, repeated] = [0, 1, 2]
const [mapConverted, listConverted] = [1, 3]
const [mapLogical, listLogical] = [2, 3]

/** Lays a schema out as DuckDB does: all is optional but keys of maps; lists, arrays too, and maps in three levels. */
export function fileSchema(fields: readonly FileField[]): FileSchema {
  if (fields.length === 0) {
    throw new LakefrontError('INVALID_ARGUMENT', 'A Parquet file has one column at least; there are none to write.')
  }
  const names = new Set<string>()
  for (const { name } of fields) {
    if (names.has(name)) {
      throw new LakefrontError(
        'COLUMN_AMBIGUOUS',
        `Two columns are named "${name}". Rename one to write them to a file.`,
      )
    }
    names.add(name)
  }
  const elements: ThriftFields[] = [element('schema', { childCount: fields.length })]
  const leaves: FileLeaf[] = []
  for (const field of fields) add({ elements, leaves }, field, { path: [], storedPath: [], repetition: optional })
  return { elements, leaves }
}

interface Target {
  readonly elements: ThriftFields[]
  readonly leaves: FileLeaf[]
}

interface Place {
  readonly path: readonly string[]
  readonly storedPath: readonly string[]
  readonly repetition: number
}

function add(target: Target, field: FileField, place: Place): void {
  const { name, type, id } = field
  const { repetition } = place
  const path = [...place.path, name]
  const storedPath = [...place.storedPath, name]
  const child = (childName: string, childType: LogicalType, index: number): FileField => ({
    ...(field.fields?.[index]?.name === childName ? field.fields[index] : undefined),
    name: childName,
    type: childType,
  })
  const within = (group: string): Place => ({ path, storedPath: [...storedPath, group], repetition: optional })
  switch (type.kind) {
    case 'list':
    case 'array':
      target.elements.push(
        element(name, { repetition, id, childCount: 1, converted: listConverted, logical: listLogical }),
        element('list', { repetition: repeated, childCount: 1 }),
      )
      add(target, child('element', type.element, 0), within('list'))
      return
    case 'map':
      target.elements.push(
        element(name, { repetition, id, childCount: 1, converted: mapConverted, logical: mapLogical }),
        element('key_value', { repetition: repeated, childCount: 2 }),
      )
      add(target, child('key', type.key, 0), { ...within('key_value'), repetition: required })
      add(target, child('value', type.value, 1), within('key_value'))
      return
    case 'struct':
      target.elements.push(element(name, { repetition, id, childCount: type.fields.length }))
      type.fields.forEach((part, index) =>
        add(target, child(part.name, part.type, index), { path, storedPath, repetition: optional }),
      )
      return
    case 'union':
      throw new LakefrontError(
        'UNSUPPORTED',
        `Column "${path.join('.')}" cannot be written as Parquet, which has no type for ${typeName(type)}. Write a struct of its members, or cast it to VARCHAR.`,
        { details: { column: path.join('.'), type: typeName(type) } },
      )
    default: {
      const { physical, typeLength, converted, decimal, logical } = leafStorage(type)
      const physicalCode = physicalTypes.indexOf(physical)
      target.elements.push([
        [1, { type: 'i32', value: physicalCode }],
        [2, typeLength === undefined ? undefined : { type: 'i32', value: typeLength }],
        [3, { type: 'i32', value: repetition }],
        [4, { type: 'binary', value: name }],
        [6, converted === undefined ? undefined : { type: 'i32', value: converted }],
        [7, decimal === undefined ? undefined : { type: 'i32', value: decimal.scale }],
        [8, decimal === undefined ? undefined : { type: 'i32', value: decimal.precision }],
        [9, id === undefined ? undefined : { type: 'i32', value: id }],
        [10, logical === undefined ? undefined : { type: 'struct', value: [logical] }],
      ])
      target.leaves.push({ type, path, storedPath, physical: physicalCode, ...(id === undefined ? {} : { id }) })
    }
  }
}

/** An element that is a group. */
function element(
  name: string,
  group: {
    readonly childCount: number
    readonly repetition?: number
    readonly id?: number | undefined
    readonly converted?: number
    readonly logical?: number
  },
): ThriftFields {
  const { childCount, repetition, id, converted, logical } = group
  return [
    [3, repetition === undefined ? undefined : { type: 'i32', value: repetition }],
    [4, { type: 'binary', value: name }],
    [5, { type: 'i32', value: childCount }],
    [6, converted === undefined ? undefined : { type: 'i32', value: converted }],
    [9, id === undefined ? undefined : { type: 'i32', value: id }],
    [10, logical === undefined ? undefined : { type: 'struct', value: [[logical, { type: 'struct', value: [] }]] }],
  ]
}
