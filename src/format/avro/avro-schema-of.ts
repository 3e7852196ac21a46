import { LakefrontError } from '../../errors.ts'
import type { Field, LogicalType, Schema } from '../../types/logical-type.ts'
import { typeName } from '../../types/type-names.ts'

/** A schema as JSON. */
export type AvroJson = string | readonly AvroJson[] | { readonly [property: string]: unknown }

/**
 * The Avro schema that a table is written with when none is given: a record with a field per column, each a union with null where nulls may
 * occur. The types are those that are read back as what was written, where Avro has them; `docs/formats.md` lists those that are not.
 */
export function avroSchemaOf(schema: Schema): AvroJson {
  return record('Row', schema.fields)
}

/** Names that Avro allows. */
const allowedName = /^[A-Za-z_][A-Za-z0-9_]*$/

/** Names as Avro allows them, each once: what is not a letter, digit or underscore becomes an underscore. */
export function avroNames(names: readonly string[]): string[] {
  const used = new Set<string>()
  return names.map((name) => {
    const plain = name.replaceAll(/[^A-Za-z0-9_]/g, '_').replace(/^(?=[0-9]|$)/, '_')
    let unique = plain
    for (let count = 1; used.has(unique); count++) unique = `${plain}_${count}`
    used.add(unique)
    return unique
  })
}

function record(path: string, fields: readonly Field[]): AvroJson {
  const names = avroNames(fields.map(({ name }) => name))
  return {
    type: 'record',
    name: path,
    fields: fields.map((field, index) => {
      const type = typeOf(field.type, `${path}_${names[index]}`)
      return field.nullable ? { name: names[index], type: nullable(type), default: null } : { name: names[index], type }
    }),
  }
}

function nullable(type: AvroJson): AvroJson {
  if (type === 'null') return type
  return Array.isArray(type) ? ['null', ...(type as AvroJson[])] : ['null', type]
}

function annotated(type: string, logicalType: string): AvroJson {
  return { type, logicalType }
}

function typeOf(type: LogicalType, path: string): AvroJson {
  switch (type.kind) {
    case 'null':
    case 'boolean':
    case 'float':
    case 'double':
      return type.kind
    case 'tinyint':
    case 'smallint':
    case 'integer':
    case 'utinyint':
    case 'usmallint':
      return 'int'
    case 'uinteger':
    case 'bigint':
      return 'long'
    case 'ubigint':
      return { type: 'bytes', logicalType: 'decimal', precision: 20, scale: 0 }
    case 'hugeint':
    case 'uhugeint':
      return { type: 'bytes', logicalType: 'decimal', precision: 38, scale: 0 }
    case 'decimal':
      return { type: 'bytes', logicalType: 'decimal', precision: type.precision, scale: type.scale }
    case 'varchar':
    case 'json':
      return 'string'
    case 'blob':
      return 'bytes'
    case 'uuid':
      return annotated('string', 'uuid')
    case 'date':
      return annotated('int', 'date')
    case 'time':
      return annotated('long', 'time-micros')
    case 'timestamp':
      return annotated('long', 'local-timestamp-micros')
    case 'timestamp_s':
    case 'timestamp_ms':
      return annotated('long', 'local-timestamp-millis')
    case 'timestamp_ns':
      return annotated('long', 'local-timestamp-nanos')
    case 'timestamptz':
      return annotated('long', 'timestamp-micros')
    case 'interval':
      return { type: 'fixed', name: `${path}_duration`, size: 12, logicalType: 'duration' }
    case 'enum':
      return type.values.every((value) => allowedName.test(value))
        ? { type: 'enum', name: `${path}_symbol`, symbols: type.values }
        : 'string'
    case 'list':
    case 'array':
      return { type: 'array', items: nullable(typeOf(type.element, `${path}_item`)) }
    case 'map':
      return type.key.kind === 'varchar'
        ? { type: 'map', values: nullable(typeOf(type.value, `${path}_value`)) }
        : {
            type: 'array',
            items: record(`${path}_entry`, [
              { name: 'key', type: type.key, nullable: false },
              { name: 'value', type: type.value, nullable: true },
            ]),
          }
    case 'struct':
      return record(path, type.fields)
    case 'union':
      return type.members.map((member, index) => typeOf(member.type, `${path}_${avroNames([member.name])[0]}_${index}`))
    case 'bit':
    case 'time_ns':
    case 'timetz':
      throw new LakefrontError(
        'UNSUPPORTED',
        `Avro has no type for ${typeName(type)}. Cast it: CAST(${path.split('_').slice(1).join('_')} AS VARCHAR).`,
        { details: { type: typeName(type) } },
      )
    default:
      return type satisfies never
  }
}
