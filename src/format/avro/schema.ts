import { AvroFailure } from './avro-failure.ts'

/** An Avro schema with its names resolved. Plain nodes; a recursive record holds itself. */
export type AvroType =
  | { readonly kind: Primitive; readonly logical?: Logical }
  | (Named & { readonly kind: 'fixed'; readonly size: number; readonly logical?: Logical })
  | (Named & { readonly kind: 'enum'; readonly symbols: readonly string[]; readonly default?: string })
  | (Named & { readonly kind: 'record'; readonly fields: readonly AvroField[] })
  | { readonly kind: 'array'; readonly items: AvroType }
  | { readonly kind: 'map'; readonly values: AvroType }
  | { readonly kind: 'union'; readonly branches: readonly AvroType[] }

export type AvroRecord = AvroType & { readonly kind: 'record' }

export type Primitive = 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'bytes' | 'string'

interface Named {
  /** With its namespace. */
  readonly name: string
  readonly aliases: readonly string[]
}

export interface AvroField {
  readonly name: string
  readonly aliases: readonly string[]
  readonly type: AvroType
  /** As JSON, where there is one; a default of null is there. */
  readonly default?: unknown
}

/** What a type means beyond its encoding. Annotations that do not fit their type are left out, as the format asks. */
export type Logical =
  | { readonly as: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly as: 'uuid' | 'date' | 'duration' }
  | { readonly as: 'time' | 'timestamp' | 'local-timestamp'; readonly unit: 'millis' | 'micros' | 'nanos' }

/** How deep a schema may nest. */
const deepest = 200

/** The type that a schema's JSON, as text or parsed, describes. Specification: avro.apache.org, "Schema Declaration". */
export function parseAvroSchema(schema: unknown): AvroType {
  let json = schema
  if (typeof schema === 'string' && !primitives.has(schema)) {
    try {
      json = JSON.parse(schema)
    } catch (cause) {
      throw new AvroFailure('The schema is not JSON.', { cause })
    }
  }
  return typeOf(json, { names: new Map(), namespace: '', depth: 0 })
}

interface Scope {
  readonly names: Map<string, AvroType>
  readonly namespace: string
  readonly depth: number
}

const primitives: ReadonlySet<unknown> = new Set([
  'null',
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'bytes',
  'string',
])

type Json = Readonly<Record<string, unknown>>

function typeOf(json: unknown, outer: Scope): AvroType {
  const scope = { ...outer, depth: outer.depth + 1 }
  if (scope.depth > deepest) throw new AvroFailure(`The schema nests deeper than ${deepest} types.`)
  if (typeof json === 'string') return named(json, scope)
  if (Array.isArray(json)) return union(json, scope)
  if (typeof json !== 'object' || json === null) throw new AvroFailure(`${quoted(json)} is not a type.`)
  const declared = json as Json
  const { type } = declared
  switch (type) {
    case 'record':
    case 'error':
      return record(declared, scope)
    case 'enum':
      return enumeration(declared, scope)
    case 'fixed':
      return fixed(declared, scope)
    case 'array':
      return { kind: 'array', items: typeOf(declared['items'], scope) }
    case 'map':
      return { kind: 'map', values: typeOf(declared['values'], scope) }
    default: {
      const inner = typeOf(type, scope)
      const logical = logicalOf(declared, inner)
      return logical === undefined || !('kind' in inner) ? inner : ({ ...inner, logical } as AvroType)
    }
  }
}

function named(name: string, { names, namespace }: Scope): AvroType {
  if (primitives.has(name)) return { kind: name as Primitive }
  const type = names.get(name.includes('.') || namespace === '' ? name : `${namespace}.${name}`) ?? names.get(name)
  if (type === undefined) {
    const known = [...names.keys()].slice(0, 20)
    throw new AvroFailure(
      `The schema names a type ${quoted(name)} that it does not declare before. Declared: ${known.length === 0 ? 'none' : known.join(', ')}.`,
    )
  }
  return type
}

function union(json: readonly unknown[], scope: Scope): AvroType {
  if (json.length === 0) throw new AvroFailure('The schema has a union without types.')
  const branches = json.map((branch) => typeOf(branch, scope))
  const seen = new Set<string>()
  for (const branch of branches) {
    if (branch.kind === 'union') throw new AvroFailure('The schema has a union directly in a union.')
    const name = 'name' in branch ? branch.name : branch.kind
    if (seen.has(name)) throw new AvroFailure(`The schema has a union with ${quoted(name)} twice.`)
    seen.add(name)
  }
  return { kind: 'union', branches }
}

function record(json: Json, scope: Scope): AvroType {
  const fields: AvroField[] = []
  const type = declare({ kind: 'record', ...nameOf(json, scope), fields }, scope)
  if (!Array.isArray(json['fields'])) throw new AvroFailure(`The record ${quoted(type.name)} has no list of fields.`)
  const inner = { ...scope, namespace: namespaceOf(type.name) }
  const seen = new Set<string>()
  for (const field of json['fields'] as readonly unknown[]) {
    const { name, type: fieldType, aliases, ...rest } = (field ?? {}) as Json
    if (typeof name !== 'string' || name === '')
      throw new AvroFailure(`A field of the record ${quoted(type.name)} has no name.`)
    if (seen.has(name)) throw new AvroFailure(`The record ${quoted(type.name)} has two fields ${quoted(name)}.`)
    seen.add(name)
    fields.push({
      name,
      aliases: textsOf(aliases),
      type: typeOf(fieldType, inner),
      ...('default' in rest ? { default: rest['default'] } : {}),
    })
  }
  return type
}

function enumeration(json: Json, scope: Scope): AvroType {
  const own = nameOf(json, scope)
  const symbols = json['symbols']
  if (!Array.isArray(symbols) || symbols.length === 0 || !symbols.every((symbol) => typeof symbol === 'string'))
    throw new AvroFailure(`The enum ${quoted(own.name)} has no list of symbols.`)
  if (new Set(symbols).size < symbols.length) throw new AvroFailure(`The enum ${quoted(own.name)} has a symbol twice.`)
  const fallback = json['default']
  const isKnown = typeof fallback === 'string' && symbols.includes(fallback)
  return declare({ kind: 'enum', ...own, symbols, ...(isKnown ? { default: fallback } : {}) }, scope)
}

function fixed(json: Json, scope: Scope): AvroType {
  const own = nameOf(json, scope)
  const size = json['size']
  if (typeof size !== 'number' || !Number.isInteger(size) || size < 0 || size > 2 ** 28)
    throw new AvroFailure(`The fixed type ${quoted(own.name)} has the size ${quoted(size)}.`)
  const plain = { kind: 'fixed', ...own, size } as const
  const logical = logicalOf(json, plain)
  return declare(logical === undefined ? plain : { ...plain, logical }, scope)
}

function declare<T extends AvroType & Named>(type: T, { names }: Scope): T {
  if (names.has(type.name)) throw new AvroFailure(`The schema declares ${quoted(type.name)} twice.`)
  names.set(type.name, type)
  return type
}

function nameOf(json: Json, { namespace }: Scope): Named {
  const { name } = json
  if (typeof name !== 'string' || name === '')
    throw new AvroFailure(`A ${String(json['type'])} of the schema has no name.`)
  const own = typeof json['namespace'] === 'string' ? json['namespace'] : namespace
  const full = (text: string, space: string): string => (text.includes('.') || space === '' ? text : `${space}.${text}`)
  const fullName = full(name, own)
  const space = namespaceOf(fullName)
  return { name: fullName, aliases: textsOf(json['aliases']).map((alias) => full(alias, space)) }
}

function namespaceOf(name: string): string {
  return name.includes('.') ? name.slice(0, name.lastIndexOf('.')) : ''
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((text) => typeof text === 'string') : []
}

/** Logical types by name: the encodings they are of, and what they mean. */
const logicalTypes: Readonly<Record<string, { readonly of: readonly string[]; readonly means: Logical }>> = {
  uuid: { of: ['string', 'fixed'], means: { as: 'uuid' } },
  date: { of: ['int'], means: { as: 'date' } },
  duration: { of: ['fixed'], means: { as: 'duration' } },
  'time-millis': { of: ['int'], means: { as: 'time', unit: 'millis' } },
  'time-micros': { of: ['long'], means: { as: 'time', unit: 'micros' } },
  'timestamp-millis': { of: ['long'], means: { as: 'timestamp', unit: 'millis' } },
  'timestamp-micros': { of: ['long'], means: { as: 'timestamp', unit: 'micros' } },
  'timestamp-nanos': { of: ['long'], means: { as: 'timestamp', unit: 'nanos' } },
  'local-timestamp-millis': { of: ['long'], means: { as: 'local-timestamp', unit: 'millis' } },
  'local-timestamp-micros': { of: ['long'], means: { as: 'local-timestamp', unit: 'micros' } },
  'local-timestamp-nanos': { of: ['long'], means: { as: 'local-timestamp', unit: 'nanos' } },
}

function logicalOf(json: Json, type: AvroType): Logical | undefined {
  const name = json['logicalType']
  if (name === 'decimal') return decimalOf(json, type)
  if (typeof name !== 'string' || !Object.hasOwn(logicalTypes, name)) return undefined
  const { of, means } = logicalTypes[name]!
  if (!of.includes(type.kind)) return undefined
  if (type.kind === 'fixed' && type.size !== (means.as === 'uuid' ? 16 : 12)) return undefined
  return means
}

function decimalOf(json: Json, type: AvroType): Logical | undefined {
  if (type.kind !== 'bytes' && type.kind !== 'fixed') return undefined
  const { precision, scale = 0 } = json as { precision?: unknown; scale?: unknown }
  if (typeof precision !== 'number' || !Number.isInteger(precision) || precision < 1) return undefined
  if (typeof scale !== 'number' || !Number.isInteger(scale) || scale < 0 || scale > precision) return undefined
  return { as: 'decimal', precision, scale }
}

function quoted(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
