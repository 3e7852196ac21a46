import type { ParquetColumn, Shape } from '../format/parquet/schema.ts'
import { fieldIdOf } from './fit.ts'
import type { ParquetFile } from './parquet-table.ts'
import type { MappedField } from './source.ts'

/** What names in a file mean; a {@link MappedField} and a name of a catalog both say that. */
interface Named {
  readonly name: string
  readonly id?: number
  readonly fields?: readonly Named[]
}

/** A stored column by its index, with ids where they belong. */
export interface IdentifiedColumn {
  readonly index: number
  readonly column: ParquetColumn
}

/**
 * The columns of a file by their ids: those the file gives them, or those a catalog gives their names. In a listed file without any of these,
 * columns are those of `mapping` in their order, as DuckLake takes them.
 */
export function columnsById(file: ParquetFile, mapping: readonly MappedField[]): ReadonlyMap<number, IdentifiedColumn> {
  const found = new Map<number, IdentifiedColumn>()
  const { columns } = file.footer
  const { listed } = file
  const hasIds = columns.some(({ shape }) => fieldIdOf(shape) !== undefined)
  const isPositional = listed !== undefined && listed.naming === undefined && !hasIds
  const stored = mapping.filter(({ virtual }) => virtual === undefined)
  columns.forEach((column, index) => {
    const meant = isPositional
      ? stored[index]
      : listed?.naming && byName(listed.naming.filter(isStored), column.field.name)
    const shape = meant === undefined ? column.shape : identified(column.shape, meant)
    const id = listed?.naming === undefined || meant !== undefined ? fieldIdOf(shape) : undefined
    if (id !== undefined && !found.has(id)) found.set(id, { index, column: { ...column, shape } })
  })
  return found
}

function isStored(name: Named & { readonly isPartition?: boolean }): boolean {
  return name.isPartition !== true
}

/** The one of that very name, else one that differs in case only. */
function byName(named: readonly Named[], name: string): Named | undefined {
  return named.find((own) => own.name === name) ?? named.find((own) => own.name.toLowerCase() === name.toLowerCase())
}

function identified(shape: Shape, { id, fields = [] }: Named): Shape {
  const own = id === undefined ? {} : { fieldId: id }
  const child = (inner: Shape, name: string | undefined, at: number): Shape => {
    const meant = name === undefined ? fields[at] : byName(fields, name)
    return meant === undefined ? inner : identified(inner, meant)
  }
  switch (shape.kind) {
    case 'leaf':
      return { ...shape, ...own }
    case 'unwrap':
      return { ...shape, ...own, inner: identified(shape.inner, { name: '', fields }) }
    case 'list':
      if (shape.type.kind !== 'map' || shape.element.kind !== 'struct')
        return { ...shape, ...own, element: child(shape.element, undefined, 0) }
      return {
        ...shape,
        ...own,
        element: { ...shape.element, fields: shape.element.fields.map((part, at) => child(part, undefined, at)) },
      }
    case 'struct': {
      const names = shape.type.kind === 'struct' ? shape.type.fields.map(({ name }) => name) : []
      return { ...shape, ...own, fields: shape.fields.map((part, at) => child(part, names[at], at)) }
    }
    default:
      throw shape satisfies never
  }
}
