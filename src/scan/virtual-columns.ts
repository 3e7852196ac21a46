import { LakefrontError } from '../errors.ts'
import type { Schema } from '../types/logical-type.ts'
import type { IdentifiedColumn } from './columns-by-id.ts'
import { fieldIdOf } from './fit.ts'
import type { ParquetFile } from './parquet-table.ts'
import type { MappedField } from './source.ts'
import type { ColumnOrigin } from './table-columns.ts'

/** Ids of the columns by which files of DuckLake say a row's id, and the snapshot it came with. */
const rowIdFieldId = 2147483540
export const snapshotFieldId = 2147483539

/** Where a virtual column comes from in a file. */
export function virtualOrigin(
  { virtual }: MappedField,
  file: ParquetFile,
  stored: ReadonlyMap<number, IdentifiedColumn>,
): ColumnOrigin {
  const { listed, source } = file
  switch (virtual) {
    case 'rowNumber':
      return { kind: 'rowNumber' }
    case 'rowId':
      return storedOrigin(stored.get(rowIdFieldId)) ?? numbersFrom(listed?.rowId)
    case 'snapshot':
      if (listed?.choice?.positions.snapshots !== undefined && listed.choice.kind === 'only')
        return { kind: 'deletedIn' }
      return storedOrigin(stored.get(snapshotFieldId)) ?? numberOf(listed?.snapshot)
    case 'fileIndex':
      return numberOf(listed?.place)
    case 'fileName':
      return { kind: 'value', value: source.label, bound: new TextEncoder().encode(source.label) }
    case undefined:
      return { kind: 'value', value: null, bound: null }
    default:
      throw virtual satisfies never
  }
}

function storedOrigin(stored: IdentifiedColumn | undefined): ColumnOrigin | undefined {
  return stored && { kind: 'stored', index: stored.index, fit: { kind: 'same' } }
}

function numbersFrom(first: number | undefined): ColumnOrigin {
  return first === undefined ? { kind: 'value', value: null, bound: null } : { kind: 'rowNumber', first }
}

function numberOf(number: number | undefined): ColumnOrigin {
  if (number === undefined) return { kind: 'value', value: null, bound: null }
  return { kind: 'value', value: BigInt(number), bound: BigInt(number) }
}

/** The column by which a file says of each row which snapshot it came with. */
export function snapshotColumn({ footer, source }: ParquetFile): number {
  const index = footer.columns.findIndex(({ shape }) => fieldIdOf(shape) === snapshotFieldId)
  if (index >= 0 && footer.columns[index]!.field.type.kind === 'bigint') return index
  throw new LakefrontError(
    'CORRUPT_FILE',
    `The catalog says that "${source.label}" holds rows of several snapshots, but it has no column that says which each is of.`,
    { details: { source: source.label } },
  )
}

/** The schema of a mapping. */
export function schemaOfMapping(mapping: readonly MappedField[]): Schema {
  return { fields: mapping.map(({ name, type }) => ({ name, type, nullable: true })) }
}
