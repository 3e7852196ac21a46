import { LakefrontError } from '../errors.ts'
import type { Bound } from '../format/parquet/statistics.ts'
import type { ByteSource } from '../storage/storage.ts'
import type { Field, LogicalType, Schema } from '../types/logical-type.ts'
import { columnFromValues } from '../types/column-from-values.ts'
import { parseType, typeName } from '../types/type-names.ts'
import { canWiden } from '../types/widen-column.ts'
import { valueReaderOf } from './bound-keys.ts'
import { columnsById } from './columns-by-id.ts'
import { fitById, fitByName } from './fit.ts'
import type { Fit } from './fit.ts'
import { partitionKeys, partitionsOf, partitionValue, samePartitions } from './hive.ts'
import type { ParquetFile } from './parquet-table.ts'
import type { MappedField, ParquetOptions } from './source.ts'
import { virtualOrigin } from './virtual-columns.ts'

/**
 * Where a column of a table comes from in one file: a stored column by its index, a value all rows have, the row's number counted from
 * `first`, or the snapshot that deleted the row.
 */
export type ColumnOrigin =
  | { readonly kind: 'stored'; readonly index: number; readonly fit: Fit }
  | {
      readonly kind: 'value'
      readonly value: unknown
      readonly bound: Bound | null | 'unknown'
      readonly isPartition?: true
    }
  | { readonly kind: 'rowNumber'; readonly first?: number }
  | { readonly kind: 'deletedIn' }

/** The origins of a table's columns in one file. */
export type FileColumns = readonly ColumnOrigin[]

export interface TableColumns {
  readonly schema: Schema
  readonly columns: readonly FileColumns[]
}

/** A file whose columns are known by name. */
export interface NamedColumns {
  readonly source: Pick<ByteSource, 'label'>
  readonly footer: { readonly columns: readonly { readonly field: Field }[] }
}

/** What is asked of the columns of a source. */
export interface TableSource {
  readonly options?: ParquetOptions
  readonly mapping?: readonly MappedField[]
}

const absent = { kind: 'value', value: null, bound: null } as const satisfies ColumnOrigin

/** The columns of a table of `files`, by DuckDB's rules for `read_parquet`, or those of `mapping`. */
export function tableColumns(files: readonly ParquetFile[], { options = {}, mapping }: TableSource): TableColumns {
  return mapping === undefined ? columnsByName(files, options) : withOptions(byId(files, mapping), files, options)
}

/** The columns of a table of `files` in any format, which have them by name. */
export function columnsByName(files: readonly NamedColumns[], options: ParquetOptions = {}): TableColumns {
  return withOptions(byName(files, options.unionByName !== false), files, options)
}

function withOptions(stored: TableColumns, files: readonly NamedColumns[], options: ParquetOptions): TableColumns {
  let table = stored
  if (options.fileRowNumber === true)
    table = withColumn(table, { name: 'file_row_number', type: { kind: 'bigint' } }, () => ({ kind: 'rowNumber' }))
  if (options.filename !== undefined && options.filename !== false) {
    const name = options.filename === true ? 'filename' : options.filename
    table = withColumn(table, { name, type: { kind: 'varchar' } }, (at) => {
      const { label } = files[at]!.source
      return { kind: 'value', value: label, bound: new TextEncoder().encode(label) }
    })
  }
  if (options.hivePartitioning !== false) return withPartitions(table, files, options)
  if (options.hiveTypes === undefined) return table
  throw new LakefrontError(
    'INVALID_ARGUMENT',
    'Types of columns that folders tell were declared (hive_types), and hive_partitioning = false says that folders tell none. Leave one of them away.',
  )
}

function byName(files: readonly NamedColumns[], isUnion: boolean): TableColumns {
  const fields: Field[] = []
  const origins: NamedColumns[] = []
  const indexByName = new Map<string, number>()
  for (const file of isUnion ? files : files.slice(0, 1)) {
    for (const { field } of file.footer.columns) {
      const known = indexByName.get(field.name.toLowerCase())
      if (known === undefined) {
        indexByName.set(field.name.toLowerCase(), fields.length)
        fields.push(field)
        origins.push(file)
      } else {
        const type = commonType(fields[known]!.type, field.type)
        if (type === undefined) throw mismatch(fields[known]!, origins[known]!, field, file)
        fields[known] = { ...fields[known]!, type }
      }
    }
  }
  const columns = files.map((file) => {
    const own = new Map(file.footer.columns.map(({ field }, index) => [field.name.toLowerCase(), index]))
    return fields.map((field, at): ColumnOrigin => {
      const index = own.get(field.name.toLowerCase())
      if (index === undefined) {
        if (isUnion) return absent
        throw missing(field, files[0]!, file)
      }
      const stored = file.footer.columns[index]!.field
      const fit = fitByName(stored.type, field.type)
      if (fit === undefined) throw mismatch(field, origins[at]!, stored, file)
      return { kind: 'stored', index, fit }
    })
  })
  return {
    schema: { fields: fields.map((field, index) => ({ ...field, nullable: isNullable(files, columns, index) })) },
    columns,
  }
}

function byId(files: readonly ParquetFile[], mapping: readonly MappedField[]): TableColumns {
  const columns = files.map((file) => {
    const own = columnsById(file, mapping)
    const partitions = partitionsOfNames(file)
    return mapping.map((field): ColumnOrigin => {
      if (field.virtual !== undefined) return virtualOrigin(field, file, own)
      const partition = field.id === undefined ? undefined : partitions.get(field.id)
      if (partition !== undefined) return partitionOrigin(field, partition, file)
      const stored = field.id === undefined ? undefined : own.get(field.id)
      if (stored === undefined) return valueOrigin(field.type, field.default)
      const fit = fitById(stored.column, field)
      if (fit === undefined) throw unmapped(field, stored.column.field, file)
      return { kind: 'stored', index: stored.index, fit }
    })
  })
  const fields = mapping.map(({ name, type }, index) => ({ name, type, nullable: isNullable(files, columns, index) }))
  return { schema: { fields }, columns }
}

function valueOrigin(type: LogicalType, value: unknown): ColumnOrigin {
  if (value === null || value === undefined) return absent
  return { kind: 'value', value, bound: boundOf(type, value) ?? 'unknown' }
}

/** What the folders of a file say of columns, by their ids, where a catalog takes them from there. */
function partitionsOfNames({ listed, source }: ParquetFile): ReadonlyMap<number, { readonly text: string | null }> {
  const names = (listed?.naming ?? []).filter(({ isPartition }) => isPartition === true)
  if (names.length === 0) return new Map()
  const keys = partitionKeys(source.label)
  return new Map(names.map(({ name, id }) => [id, { text: keys.get(name) ?? null }]))
}

function partitionOrigin(
  field: Pick<Field, 'name' | 'type'>,
  { text }: { readonly text: string | null },
  file: NamedColumns,
): ColumnOrigin {
  if (text === null) return { ...absent, isPartition: true }
  try {
    const value = partitionValue(field.type, text)
    return { kind: 'value', value, bound: boundOf(field.type, value) ?? 'unknown', isPartition: true }
  } catch (error) {
    throw new LakefrontError(
      'TYPE_MISMATCH',
      `The folder of "${file.source.label}" says "${text}" for column "${field.name}", which is no ${typeName(field.type)}.`,
      { details: { column: field.name, file: file.source.label }, cause: error },
    )
  }
}

/** A JavaScript value of a type as a bound; undefined for none, and for types that have no order of ours. */
function boundOf(type: LogicalType, value: unknown): Bound | undefined {
  return valueReaderOf(type, columnFromValues(type, [value]))?.(0) ?? undefined
}

function isNullable(files: readonly NamedColumns[], columns: readonly FileColumns[], index: number): boolean {
  return files.some((file, at) => {
    const origin = columns[at]![index]!
    if (origin.kind !== 'stored') return origin.kind === 'value' && origin.value === null
    return file.footer.columns[origin.index]!.field.nullable
  })
}

/** Appends a column; a stored one of that name is an error, as in DuckDB. */
function withColumn(
  { schema, columns }: TableColumns,
  { name, type }: { name: string; type: LogicalType },
  originIn: (file: number) => ColumnOrigin,
): TableColumns {
  if (schema.fields.some((field) => field.name.toLowerCase() === name.toLowerCase())) {
    throw new LakefrontError(
      'COLUMN_AMBIGUOUS',
      `The files have a column "${name}" already. Leave the option away, or give the column another name: filename = 'source'.`,
      { details: { column: name } },
    )
  }
  return {
    schema: { fields: [...schema.fields, { name, type, nullable: false }] },
    columns: columns.map((origins, at) => [...origins, originIn(at)]),
  }
}

/** A partition takes the place of a stored column of its name. */
function withPartitions(
  table: TableColumns,
  files: readonly NamedColumns[],
  { hivePartitioning, hiveTypes }: ParquetOptions,
): TableColumns {
  const keys = files.map(({ source }) => partitionKeys(source.label))
  const { isHive, odd } = samePartitions(keys)
  if ((hivePartitioning === true || hiveTypes !== undefined) && odd !== undefined) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `The folders of "${files[odd]!.source.label}" name other partitions than those of "${files[0]!.source.label}". ` +
        'Leave out files that are elsewhere, or set hive_partitioning = false.',
      { details: { files: [files[0]!.source.label, files[odd]!.source.label] } },
    )
  }
  const declared = declaredTypes(hiveTypes ?? {}, [...(keys[0]?.keys() ?? [])])
  if (!isHive) return table
  const partitions = partitionsOf(keys)
  const fields = [...table.schema.fields]
  const columns = table.columns.map((origins) => [...origins])
  partitions.fields.forEach((found, key) => {
    const { name } = found
    const type = declared.get(name.toLowerCase())
    const field = type === undefined ? found : { ...found, type }
    const known = fields.findIndex((other) => other.name.toLowerCase() === name.toLowerCase())
    const at = known < 0 ? fields.length : known
    fields[at] = known < 0 ? field : { ...field, name: fields[known]!.name }
    columns.forEach((origins, file) => {
      origins[at] =
        type === undefined
          ? { kind: 'value', ...partitions.values[file]![key]!, isPartition: true }
          : partitionOrigin({ name, type }, { text: keys[file]!.get(name) ?? null }, files[file]!)
    })
  })
  return { schema: { fields }, columns }
}

/** The types that were declared, by the names of partitions in lower case. */
function declaredTypes(
  types: Readonly<Record<string, string>>,
  partitions: readonly string[],
): ReadonlyMap<string, LogicalType> {
  const known = new Set(partitions.map((name) => name.toLowerCase()))
  return new Map(
    Object.entries(types).map(([name, type]) => {
      if (known.has(name.toLowerCase())) return [name.toLowerCase(), parseType(type)]
      throw new LakefrontError(
        'COLUMN_NOT_FOUND',
        `hive_types names "${name}", which no folder tells. ${partitions.length === 0 ? 'The files are in no folders such as year=2024.' : `Folders tell: ${partitions.join(', ')}.`}`,
        { details: { column: name, columns: partitions } },
      )
    }),
  )
}

/** The type that holds the values of both; undefined when none does for certain. */
function commonType(a: LogicalType, b: LogicalType): LogicalType | undefined {
  if (typeKey(a) === typeKey(b)) return a
  if (canWiden(a, b)) return b
  if (canWiden(b, a)) return a
  if (a.kind === 'list' && b.kind === 'list') {
    const element = commonType(a.element, b.element)
    return element && { kind: 'list', element }
  }
  if (a.kind !== 'struct' || b.kind !== 'struct') return undefined
  const fields = [...a.fields]
  for (const field of b.fields) {
    const known = fields.findIndex(({ name }) => name.toLowerCase() === field.name.toLowerCase())
    const type = known < 0 ? field.type : commonType(fields[known]!.type, field.type)
    if (type === undefined) return undefined
    fields[known < 0 ? fields.length : known] = { ...(fields[known] ?? field), type }
  }
  return { kind: 'struct', fields }
}

/** Equal for equal types; whether nulls may occur does not matter. */
function typeKey(type: LogicalType): string {
  return JSON.stringify(type, (key, value: unknown) => (key === 'nullable' ? undefined : value))
}

function mismatch(first: Field, firstFile: NamedColumns, other: Field, otherFile: NamedColumns): LakefrontError {
  const [label, firstLabel] = [otherFile.source.label, firstFile.source.label]
  return new LakefrontError(
    'TYPE_MISMATCH',
    `Column "${other.name}" is ${typeName(other.type).toLowerCase()} in "${label}" but ${typeName(first.type).toLowerCase()} in "${firstLabel}". ` +
      (commonType(first.type, other.type) === undefined
        ? 'Read the files separately and cast one of them.'
        : 'Set union_by_name = true to read both as the wider type.'),
    { details: { column: other.name, files: [firstLabel, label] } },
  )
}

function missing(field: Field, firstFile: NamedColumns, file: NamedColumns): LakefrontError {
  const [label, firstLabel] = [file.source.label, firstFile.source.label]
  return new LakefrontError(
    'COLUMN_NOT_FOUND',
    `Column "${field.name}" of "${firstLabel}" is not in "${label}". Set union_by_name = true to read files of different columns together.`,
    { details: { column: field.name, files: [firstLabel, label] } },
  )
}

function unmapped(field: MappedField, stored: Field, file: ParquetFile): LakefrontError {
  return new LakefrontError(
    'TYPE_MISMATCH',
    `Column "${field.name}" is ${typeName(field.type)} in the table but ${typeName(stored.type)}, as "${stored.name}", in "${file.source.label}", which it cannot be widened from.`,
    { details: { column: field.name, file: file.source.label } },
  )
}
