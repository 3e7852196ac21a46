import { LakefrontError } from '../../errors.ts'
import type { Field, LogicalType } from '../../types/logical-type.ts'
import { leafMapping } from './leaf-mapping.ts'
import type { Conversion } from './leaf-mapping.ts'
import type { ThriftStruct, ThriftValue } from './thrift.ts'

/** A root column: its type, and what is needed to decode it. */
export interface ParquetColumn {
  readonly field: Field
  readonly node: ParquetNode
  readonly shape: Shape
  /** Its physical columns are `firstLeaf` (inclusive) to `endLeaf` (exclusive). */
  readonly firstLeaf: number
  readonly endLeaf: number
}

/** The physical schema as stored. */
export interface ParquetNode {
  readonly name: string
  readonly repetition: Repetition
  /** Physical type of a leaf; absent for groups. */
  readonly physical?: PhysicalType
  readonly typeLength?: number
  readonly conversion?: Conversion
  readonly children: readonly ParquetNode[]
}

export type Repetition = 'required' | 'optional' | 'repeated'

export const physicalTypes = [
  'boolean',
  'int32',
  'int64',
  'int96',
  'float',
  'double',
  'byte_array',
  'fixed_len_byte_array',
] as const
export type PhysicalType = (typeof physicalTypes)[number]

/**
 * How the purely structural arrays of a decoder (every repeated node a list, every group a struct) become the logical type.
 * `unwrap` means: a struct of one child that stands for that child, as in the three-level form of lists.
 */
export type Shape =
  | (ShapeBase & { readonly kind: 'leaf'; readonly conversion: Conversion })
  | (ShapeBase & { readonly kind: 'list'; readonly element: Shape })
  | (ShapeBase & { readonly kind: 'struct'; readonly fields: readonly Shape[] })
  | (ShapeBase & { readonly kind: 'unwrap'; readonly inner: Shape })

interface ShapeBase {
  readonly type: LogicalType
  /** The id the writer gave the field, for tables whose columns are renamed. */
  readonly fieldId?: number
}

const repetitions = ['required', 'optional', 'repeated'] as const
const convertedMap = 1
const convertedMapKeyValue = 2
const convertedList = 3
const maximumDepth = 64

/** The columns of a schema, typed as DuckDB types them, legacy forms of lists and maps included. */
export function columnsOf(
  elements: readonly ThriftStruct[],
  label: string,
): { columns: ParquetColumn[]; leaves: PhysicalType[] } {
  const reader: SchemaReader = { elements, next: 1, leaves: [], label }
  const root = elements[0]
  if (root === undefined) throw damaged('has no schema')
  const count = childCount(root, elements.length)
  if (count === 0) throw new LakefrontError('UNSUPPORTED', `"${label}" has no columns.`)
  const columns: ParquetColumn[] = []
  const names = new Names()
  for (let index = 0; index < count; index++) {
    const firstLeaf = reader.leaves.length
    const { node, shape } = readNode(reader, root, 0)
    const field = { name: names.unique(node.name), type: shape.type, nullable: node.repetition === 'optional' }
    columns.push({ field, node, shape, firstLeaf, endLeaf: reader.leaves.length })
  }
  if (reader.next !== elements.length) throw damaged('has more schema elements than its root counts')
  return { columns, leaves: reader.leaves }
}

interface SchemaReader {
  readonly elements: readonly ThriftStruct[]
  readonly label: string
  readonly leaves: PhysicalType[]
  next: number
}

function readNode(reader: SchemaReader, parent: ThriftStruct, depth: number): { node: ParquetNode; shape: Shape } {
  if (depth > maximumDepth) throw damaged('nests its schema too deeply')
  const element = reader.elements[reader.next++]
  if (element === undefined) throw damaged('has fewer schema elements than it counts')
  const name = nameOf(element)
  const repetition = repetitions[typeof element[3] === 'number' ? element[3] : 0]
  if (repetition === undefined) throw damaged(`gives column "${name}" an unknown repetition`)
  const count = childCount(element, reader.elements.length)
  const { node, shape } =
    count === 0
      ? readLeaf(reader, element, { name, repetition })
      : readGroup(reader, element, { name, repetition, count, parent, depth })
  return { node, shape: typeof element[9] === 'number' ? { ...shape, fieldId: element[9] } : shape }
}

function readLeaf(
  reader: SchemaReader,
  element: ThriftStruct,
  { name, repetition }: { name: string; repetition: Repetition },
): { node: ParquetNode; shape: Shape } {
  const physical = typeof element[1] === 'number' ? physicalTypes[element[1]] : undefined
  if (physical === undefined) throw damaged(`gives column "${name}" neither a physical type nor children`)
  reader.leaves.push(physical)
  const typeLength = typeof element[2] === 'number' ? element[2] : undefined
  if (physical === 'fixed_len_byte_array' && !(typeLength !== undefined && typeLength > 0 && typeLength < 1 << 24)) {
    throw damaged(`gives column "${name}" no valid length`)
  }
  const { type, conversion } = leafMapping(element, { name, physical, typeLength: typeLength ?? 0 })
  const leaf: Shape = { kind: 'leaf', type, conversion }
  const node = {
    name,
    repetition,
    physical,
    conversion,
    children: [],
    ...(typeLength === undefined ? {} : { typeLength }),
  }
  return { node, shape: repetition === 'repeated' ? listOf(leaf) : leaf }
}

function readGroup(
  reader: SchemaReader,
  element: ThriftStruct,
  group: { name: string; repetition: Repetition; count: number; parent: ThriftStruct; depth: number },
): { node: ParquetNode; shape: Shape } {
  const children: ParquetNode[] = []
  const shapes: Shape[] = []
  for (let index = 0; index < group.count; index++) {
    const child = readNode(reader, element, group.depth + 1)
    children.push(child.node)
    shapes.push(child.shape)
  }
  const node = { name: group.name, repetition: group.repetition, children }
  const isMapEntry =
    element[6] === convertedMapKeyValue || (convertedOf(group.parent) === convertedMap && group.parent[5] === 1)
  if (isMapEntry && convertedOf(element) !== convertedMap) return { node, shape: mapOf(group, shapes, reader.label) }
  const annotated = [convertedList, convertedMap].includes(convertedOf(element) ?? -1)
  const isRepeated = group.repetition === 'repeated'
  const only = shapes.length === 1 && (annotated || isRepeated) ? shapes[0]! : undefined
  const shape: Shape =
    only === undefined ? structOf(children, shapes) : { kind: 'unwrap', type: only.type, inner: only }
  return { node, shape: isRepeated ? listOf(shape) : shape }
}

function structOf(children: readonly ParquetNode[], shapes: readonly Shape[]): Shape {
  const names = new Names()
  const fields = shapes.map((shape, index) => {
    const child = children[index]!
    return { name: names.unique(child.name), type: shape.type, nullable: child.repetition === 'optional' }
  })
  return { kind: 'struct', type: { kind: 'struct', fields }, fields: shapes }
}

function listOf(element: Shape): Shape {
  return { kind: 'list', type: { kind: 'list', element: element.type }, element }
}

function mapOf(group: { name: string; repetition: Repetition }, shapes: readonly Shape[], label: string): Shape {
  const [key, value] = shapes
  if (shapes.length !== 2 || key === undefined || value === undefined || group.repetition !== 'repeated') {
    throw new LakefrontError(
      'UNSUPPORTED',
      `"${label}": the map column around "${group.name}" does not have exactly a key and a value per entry.`,
    )
  }
  const fields = [
    { name: 'key', type: key.type, nullable: false },
    { name: 'value', type: value.type, nullable: true },
  ]
  const entry: Shape = { kind: 'struct', type: { kind: 'struct', fields }, fields: shapes }
  return { kind: 'list', type: { kind: 'map', key: key.type, value: value.type }, element: entry }
}

/** Names made unique without regard to case, by DuckDB's rule: `a`, `A_1`, `a_2`. */
class Names {
  readonly #seen = new Map<string, number>()

  unique(name: string): string {
    let candidate = name
    for (
      let count = this.#seen.get(name.toLowerCase());
      count !== undefined;
      count = this.#seen.get(candidate.toLowerCase())
    ) {
      this.#seen.set(name.toLowerCase(), (this.#seen.get(name.toLowerCase()) ?? 0) + 1)
      candidate = `${name}_${this.#seen.get(name.toLowerCase())}`
    }
    this.#seen.set(candidate.toLowerCase(), 0)
    return candidate
  }
}

/** The converted type of a group; a file that has only the newer logical type means the same. */
function convertedOf(element: ThriftStruct): number | undefined {
  if (typeof element[6] === 'number') return element[6]
  const logical = element[10] as { readonly [id: number]: ThriftValue } | undefined
  if (logical?.[2] !== undefined) return convertedMap
  return logical?.[3] === undefined ? undefined : convertedList
}

function childCount(element: ThriftStruct, limit: number): number {
  const count = element[5] ?? 0
  if (typeof count === 'number' && Number.isInteger(count) && count >= 0 && count < limit) return count
  throw damaged('counts more schema elements than it has')
}

function nameOf(element: ThriftStruct): string {
  if (element[4] instanceof Uint8Array) return new TextDecoder().decode(element[4])
  throw damaged('has a column without a name')
}

function damaged(what: string): LakefrontError {
  return new LakefrontError('CORRUPT_FILE', `Parquet metadata ${what}: it is truncated or damaged.`)
}
