import type {
  BooleanBuilder,
  BytesBuilder,
  FixedBuilder,
  ListBuilder,
  StructBuilder,
  ColumnBuilder,
  UnionBuilder,
} from '../column-builder.ts'
import {
  doubleAsDouble,
  floatAsFloat,
  intAsBigint,
  intAsInteger,
  longAsBigint,
  millisAsMicros,
  numberAs,
  symbolIndex,
} from './append-number.ts'
import type { Append } from './append-number.ts'
import { blob, decimal, decimalAsDouble, duration, lengthOf, text, uuidBytes, uuidText } from './append-bytes.ts'
import { AvroFailure } from './avro-failure.ts'
import { Cursor } from './cursor.ts'
import { defaultBytes } from './default-bytes.ts'
import { valueBranches } from './logical-type-of.ts'
import type { AvroField, AvroRecord, AvroType } from './schema.ts'
import { branchIndex, repeat, skipOf } from './skip.ts'

/**
 * Compiles what reads a value of the type `writer`, as the file has it, and appends it to a column of the type `reader`. Fails with
 * `TYPE_MISMATCH` where the rules of schema resolution do not allow that. No code is generated: one closure per type.
 */
export function appendOf(writer: AvroType, reader: AvroType, builder: ColumnBuilder): Append {
  if (writer.kind === 'union') return unionAppend(writer, reader, builder)
  if (reader.kind === 'union') return branchAppend(writer, reader, builder)
  switch (reader.kind) {
    case 'null':
      if (writer.kind === 'null') return () => builder.appendNull()
      break
    case 'boolean':
      if (writer.kind === 'boolean') return booleanAppend(builder as BooleanBuilder)
      break
    case 'int':
    case 'long':
    case 'float':
    case 'double': {
      const append = numberAppend(writer, reader, builder as FixedBuilder)
      if (append !== undefined) return append
      break
    }
    case 'bytes':
    case 'string':
      if (writer.kind === 'bytes' || writer.kind === 'string') return bytesAppend(reader, builder, writer)
      break
    case 'fixed':
      if (writer.kind === 'fixed' && writer.size === reader.size) return bytesAppend(reader, builder, writer)
      break
    case 'enum':
      if (writer.kind === 'enum') return enumAppend(writer, reader, builder as FixedBuilder)
      break
    case 'array':
      if (writer.kind === 'array') return arrayAppend(writer.items, reader.items, builder as ListBuilder)
      break
    case 'map':
      if (writer.kind === 'map') return mapAppend(writer.values, reader.values, builder as ListBuilder<StructBuilder>)
      break
    case 'record':
      if (writer.kind === 'record') {
        const { children } = builder as StructBuilder
        const row = recordAppend(writer, reader, children)
        return (cursor) => {
          row(cursor)
          builder.length++
        }
      }
      break
    default:
      return reader satisfies never
  }
  throw mismatch(writer, reader)
}

/** Compiles what reads the fields of a record into `columns`, those of the reader's fields; a field without a column is passed over. */
export function recordAppend(
  writer: AvroRecord,
  reader: AvroRecord,
  columns: readonly (ColumnBuilder | undefined)[],
): Append {
  const steps: Append[] = []
  const missing = new Set(reader.fields.keys())
  for (const field of writer.fields) {
    const at = reader === writer ? writer.fields.indexOf(field) : positionIn(reader, field, missing)
    const column = columns[at]
    missing.delete(at)
    steps.push(column === undefined ? skipOf(field.type) : appendField(field, reader.fields[at]!, column))
  }
  for (const at of missing) {
    const column = columns[at]
    if (column !== undefined) steps.push(defaultAppend(reader.fields[at]!, reader, column))
  }
  const { length } = steps
  return (cursor) => {
    for (let step = 0; step < length; step++) steps[step]!(cursor)
  }
}

/** Where the reader has a field of the writer, by its name first, then by an alias. */
function positionIn(reader: AvroRecord, { name }: AvroField, missing: ReadonlySet<number>): number {
  const same = reader.fields.findIndex((field) => field.name === name)
  if (same >= 0) return same
  return reader.fields.findIndex(({ aliases }, at) => missing.has(at) && aliases.includes(name))
}

function appendField(writer: AvroField, reader: AvroField, column: ColumnBuilder): Append {
  try {
    return appendOf(writer.type, reader.type, column)
  } catch (error) {
    if (error instanceof AvroFailure && error.code === 'TYPE_MISMATCH')
      throw new AvroFailure(`"${reader.name}": ${error.message}`, { code: error.code })
    throw error
  }
}

/** Fields that the file lacks: the default is encoded once and read for every row. */
function defaultAppend(field: AvroField, reader: AvroRecord, column: ColumnBuilder): Append {
  if (!('default' in field)) {
    throw new AvroFailure(
      `The record "${reader.name}" of the schema has a field "${field.name}" that the file lacks, and no default for it.`,
      { code: 'TYPE_MISMATCH' },
    )
  }
  const append = appendOf(field.type, field.type, column)
  const cursor = new Cursor()
  const bytes = defaultBytes(field)
  return () => {
    cursor.open(bytes)
    append(cursor)
  }
}

function booleanAppend(builder: BooleanBuilder): Append {
  return (cursor) => {
    const value = cursor.byte()
    if (value > 1) throw new AvroFailure(`a boolean is ${value}, neither 0 nor 1`)
    builder.append(value === 1)
  }
}

function numberAppend(writer: AvroType, reader: AvroType, builder: FixedBuilder): Append | undefined {
  checkLogical(writer, reader)
  const from = writer.kind
  switch (reader.kind) {
    case 'int':
      if (from !== 'int') return undefined
      return reader.logical?.as === 'time' ? millisAsMicros(builder, true) : intAsInteger(builder)
    case 'long': {
      if (from !== 'int' && from !== 'long') return undefined
      const { logical } = reader
      const isMillis = logical !== undefined && 'unit' in logical && logical.unit === 'millis'
      if (isMillis) return millisAsMicros(builder, from === 'int')
      return from === 'int' ? intAsBigint(builder) : longAsBigint(builder)
    }
    case 'float':
      if (from === 'float') return floatAsFloat(builder)
      return from === 'int' || from === 'long' ? numberAs('float', from, builder) : undefined
    case 'double':
      if (from === 'double') return doubleAsDouble(builder)
      return from === 'int' || from === 'long' || from === 'float' ? numberAs('double', from, builder) : undefined
    default:
      return undefined
  }
}

function bytesAppend(reader: AvroType, builder: ColumnBuilder, writer: AvroType): Append {
  checkLogical(writer, reader)
  const size = reader.kind === 'fixed' ? reader.size : undefined
  const logical = 'logical' in reader ? reader.logical : undefined
  if (logical?.as === 'decimal') {
    return logical.precision > 38
      ? decimalAsDouble(builder as FixedBuilder, logical.scale, lengthOf(size))
      : decimal(builder as FixedBuilder, logical.precision, lengthOf(size))
  }
  if (logical?.as === 'uuid')
    return reader.kind === 'fixed' ? uuidBytes(builder as FixedBuilder) : uuidText(builder as FixedBuilder)
  if (logical?.as === 'duration') return duration(builder as FixedBuilder)
  return reader.kind === 'string' ? text(builder as BytesBuilder) : blob(builder as BytesBuilder, lengthOf(size))
}

/** Two annotations that mean different things are not read as each other; a type without one is what the other says. */
function checkLogical(writer: AvroType, reader: AvroType): void {
  const from = 'logical' in writer ? writer.logical : undefined
  const to = 'logical' in reader ? reader.logical : undefined
  if (from === undefined || to === undefined || JSON.stringify(from) === JSON.stringify(to)) return
  const isWider =
    from.as === 'decimal' && to.as === 'decimal' && from.scale === to.scale && from.precision <= to.precision
  if (!isWider) throw mismatch(writer, reader)
}

function enumAppend(
  writer: AvroType & { kind: 'enum' },
  reader: AvroType & { kind: 'enum' },
  builder: FixedBuilder,
): Append {
  const fallback = reader.default === undefined ? -1 : reader.symbols.indexOf(reader.default)
  const positions = writer.symbols.map((symbol) => {
    const position = reader.symbols.indexOf(symbol)
    return position < 0 ? fallback : position
  })
  return symbolIndex(builder, positions, writer.symbols)
}

function arrayAppend(writer: AvroType, reader: AvroType, builder: ListBuilder): Append {
  return blocks(appendOf(writer, reader, builder.child), builder)
}

function mapAppend(writer: AvroType, reader: AvroType, builder: ListBuilder<StructBuilder>): Append {
  const [keys, values] = builder.child.children as [BytesBuilder, ColumnBuilder]
  const key = text(keys)
  const value = appendOf(writer, reader, values)
  return blocks((cursor) => {
    key(cursor)
    value(cursor)
    builder.child.length++
  }, builder)
}

function blocks(item: Append, builder: ListBuilder): Append {
  return (cursor) => {
    for (let count = cursor.count(); count !== 0; count = cursor.count()) {
      if (count < 0) cursor.long()
      repeat(cursor, Math.abs(count), item)
    }
    builder.end()
  }
}

function unionAppend(writer: AvroType & { kind: 'union' }, reader: AvroType, builder: ColumnBuilder): Append {
  const branches = writer.branches.map((branch, index) => {
    const same = reader === writer ? memberAppend(branch, reader, { index, builder }) : undefined
    return same ?? branchOrFailure(branch, reader, builder)
  })
  if (branches.length !== 2) return (cursor) => branches[branchIndex(cursor, branches.length)]!(cursor)
  const [first, second] = branches as [Append, Append]
  return (cursor) => {
    const branch = cursor.int()
    if (branch === 0) first(cursor)
    else if (branch === 1) second(cursor)
    else throw new AvroFailure(`a value is of type ${branch} of a union that has types 0 and 1`)
  }
}

/** A branch that cannot be read fails when a value of it comes, unless none can be read. */
function branchOrFailure(branch: AvroType, reader: AvroType, builder: ColumnBuilder): Append {
  try {
    return appendOf(branch, reader, builder)
  } catch (error) {
    if (!(error instanceof AvroFailure) || error.code !== 'TYPE_MISMATCH') throw error
    return () => {
      throw new AvroFailure(error.message, { code: 'INVALID_VALUE' })
    }
  }
}

/** A value of one type where the reader has a union: of the branch that is the same type, else the first that it can become. */
function branchAppend(writer: AvroType, reader: AvroType & { kind: 'union' }, builder: ColumnBuilder): Append {
  const order = [...reader.branches.keys()]
  const same = order.filter((index) => isSameType(writer, reader.branches[index]!))
  for (const index of [...same, ...order]) {
    try {
      return memberAppend(writer, reader, { index, builder })
    } catch (error) {
      if (!(error instanceof AvroFailure) || error.code !== 'TYPE_MISMATCH') throw error
    }
  }
  throw mismatch(writer, reader)
}

/** A value for branch `index` of a union's column. */
function memberAppend(
  writer: AvroType,
  reader: AvroType & { kind: 'union' },
  { index, builder }: { index: number; builder: ColumnBuilder },
): Append {
  const branch = reader.branches[index]!
  if (branch.kind === 'null') {
    if (writer.kind !== 'null') throw mismatch(writer, reader)
    return () => builder.appendNull()
  }
  const members = valueBranches(reader)
  if (members.length === 1) return appendOf(writer, branch, builder)
  const union = builder as UnionBuilder
  const member = members.indexOf(branch)
  const append = appendOf(writer, branch, union.members[member]!)
  return (cursor) => {
    union.choose(member)
    append(cursor)
  }
}

function isSameType(a: AvroType, b: AvroType): boolean {
  if (a.kind !== b.kind) return false
  return !('name' in a) || !('name' in b) || a.name === b.name || b.aliases.includes(a.name)
}

function mismatch(writer: AvroType, reader: AvroType): AvroFailure {
  return new AvroFailure(`the file has ${described(writer)}, which cannot be read as ${described(reader)}`, {
    code: 'TYPE_MISMATCH',
  })
}

function described(type: AvroType): string {
  if (type.kind === 'union') return `[${type.branches.map(described).join(', ')}]`
  const name = 'name' in type ? `${type.kind} ${type.name}` : type.kind
  const logical = 'logical' in type ? type.logical : undefined
  if (logical === undefined) return name
  if (logical.as === 'decimal') return `${name} (decimal ${logical.precision}, ${logical.scale})`
  return `${name} (${'unit' in logical ? `${logical.as}-${logical.unit}` : logical.as})`
}
