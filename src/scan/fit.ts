import type { ParquetColumn, Shape } from '../format/parquet/schema.ts'
import type { ColumnData } from '../types/column-data.ts'
import type { Field, LogicalType } from '../types/logical-type.ts'
import { canPromote, promoteColumn } from '../types/promote-column.ts'
import { canWiden, widenColumn } from '../types/widen-column.ts'
import { constantColumn } from './constant-column.ts'
import type { MappedField } from './source.ts'

/** How values as stored become values of a table's column. */
export type Fit =
  | { readonly kind: 'same' }
  | { readonly kind: 'widen' | 'promote'; readonly from: LogicalType; readonly to: LogicalType }
  | { readonly kind: 'list'; readonly element: Fit }
  | { readonly kind: 'struct'; readonly fields: readonly FieldFit[] }

/** A field of a struct: one of the stored fields, or a value that all rows have. */
type FieldFit = { readonly from: number; readonly fit: Fit } | { readonly type: LogicalType; readonly value: unknown }

const same: Fit = { kind: 'same' }

/** How `from` becomes `to`, fields of structs matched by name; undefined when a value could be lost. */
export function fitByName(from: LogicalType, to: LogicalType): Fit | undefined {
  if (from.kind === 'list' && to.kind === 'list') return listFit(fitByName(from.element, to.element))
  if (from.kind === 'map' && to.kind === 'map')
    return listFit(entryFit(fitByName(from.key, to.key), fitByName(from.value, to.value)))
  if (from.kind === 'struct' && to.kind === 'struct') {
    const index = new Map(from.fields.map(({ name }, at) => [name.toLowerCase(), at]))
    return structFit(
      to.fields.map((field, place): FieldFit | undefined => {
        const isUnnamed = field.name === '' && from.fields[place]?.name === ''
        const at = isUnnamed ? place : index.get(field.name.toLowerCase())
        if (at === undefined) return { type: field.type, value: null }
        const fit = fitByName(from.fields[at]!.type, field.type)
        return fit && { from: at, fit }
      }),
      from.fields,
    )
  }
  return leafFit(from, to)
}

/** How a stored column becomes the field of a mapping, fields of structs matched by id; undefined when a value could be lost. */
export function fitById({ shape }: ParquetColumn, field: MappedField): Fit | undefined {
  return shapeFit(shape, field)
}

/** The id a file gives a column or field; those of lists and maps are the outermost. */
export function fieldIdOf(shape: Shape): number | undefined {
  return shape.fieldId ?? (shape.kind === 'unwrap' ? fieldIdOf(shape.inner) : undefined)
}

function shapeFit(stored: Shape, field: MappedField): Fit | undefined {
  const shape = stored.kind === 'unwrap' ? stored.inner : stored
  if (shape.kind === 'unwrap') return shapeFit(shape, field)
  const { type, fields } = field
  if (fields === undefined) return fitByName(shape.type, type) ?? promotion(shape.type, type)
  if (shape.kind === 'list' && type.kind === 'list') return listFit(shapeFit(shape.element, fields[0]!))
  if (shape.kind === 'list' && type.kind === 'map' && shape.element.kind === 'struct') {
    const [key, value] = shape.element.fields
    return listFit(entryFit(shapeFit(key!, fields[0]!), shapeFit(value!, fields[1]!)))
  }
  if (shape.kind !== 'struct' || type.kind !== 'struct' || shape.type.kind !== 'struct') return undefined
  const index = new Map(shape.fields.map((child, at) => [fieldIdOf(child), at]))
  const parts = fields.map((child): FieldFit | undefined => {
    const at = child.id === undefined ? undefined : index.get(child.id)
    if (at === undefined) return { type: child.type, value: child.default ?? null }
    const fit = shapeFit(shape.fields[at]!, child)
    return fit && { from: at, fit }
  })
  return structFit(parts, shape.type.fields)
}

function leafFit(from: LogicalType, to: LogicalType): Fit | undefined {
  if (JSON.stringify(from) === JSON.stringify(to)) return same
  return canWiden(from, to) ? { kind: 'widen', from, to } : undefined
}

function promotion(from: LogicalType, to: LogicalType): Fit | undefined {
  return canPromote(from, to) ? { kind: 'promote', from, to } : undefined
}

function listFit(element: Fit | undefined): Fit | undefined {
  return element === undefined || element.kind === 'same' ? element : { kind: 'list', element }
}

function entryFit(key: Fit | undefined, value: Fit | undefined): Fit | undefined {
  if (key === undefined || value === undefined) return undefined
  const parts = [
    { from: 0, fit: key },
    { from: 1, fit: value },
  ]
  return key.kind === 'same' && value.kind === 'same' ? same : { kind: 'struct', fields: parts }
}

function structFit(parts: readonly (FieldFit | undefined)[], stored: readonly Field[]): Fit | undefined {
  if (!parts.every((part) => part !== undefined)) return undefined
  const isSame =
    parts.length === stored.length &&
    parts.every((part, index) => 'from' in part && part.from === index && part.fit.kind === 'same')
  return isSame ? same : { kind: 'struct', fields: parts }
}

/** `column` as the table has it. */
export function fitted(column: ColumnData, fit: Fit): ColumnData {
  switch (fit.kind) {
    case 'same':
      return column
    case 'widen':
      return fit.from.kind === 'null'
        ? constantColumn(fit.to, null, column.length)
        : widenColumn(column, fit.from, fit.to)
    case 'promote':
      return promoteColumn(column, fit.from, fit.to)
    case 'list':
      return { ...column, children: [fitted(column.children![0]!, fit.element)] }
    case 'struct':
      return {
        ...column,
        children: fit.fields.map((field) =>
          'from' in field
            ? fitted(column.children![field.from]!, field.fit)
            : constantColumn(field.type, field.value, column.length),
        ),
      }
    default:
      throw fit satisfies never
  }
}
