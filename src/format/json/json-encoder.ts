import { blobText } from '../../types/bytes-text.ts'
import type { ColumnBatch } from '../../types/column-data.ts'
import { formatValue } from '../../types/format-value.ts'
import type { Schema, LogicalType } from '../../types/logical-type.ts'
import { isUnnamed } from '../../types/type-names.ts'
import { uniqueNames } from '../../types/unique-names.ts'
import { valueReader } from '../../types/value-reader.ts'
import type { FileEncoder } from '../file-encoder.ts'
import { inChunks } from '../in-chunks.ts'

/** How JSON is written. */
export interface JsonWriteOptions {
  /** `'lines'`, an object on each line (NDJSON), or `'array'`, one array of objects. Default `'lines'`. */
  readonly form?: 'lines' | 'array'
}

/**
 * An object per row and line, as they are or in one array. Nothing is rounded: whole numbers of 2^53 and more are text, as are decimals, dates, times,
 * NaN and the infinities, all as DuckDB prints them. Maps are objects of text keys, unions `{ "tag", "value" }`.
 */
export function jsonEncoder(schema: Schema, { form = 'lines' }: JsonWriteOptions = {}): FileEncoder {
  const isArray = form === 'array'
  const types = schema.fields.map(({ type }) => type)
  const keys = uniqueNames(schema.fields).map((name) => `${JSON.stringify(name)}:`)
  let isFirst = true
  function* rows(batch: ColumnBatch): Generator<string> {
    const readers = types.map((type, index) => valueReader(type, batch.columns[index]!))
    for (let row = 0; row < batch.length; row++) {
      const members = readers.map((read, index) => keys[index]! + jsonText(read(row), types[index]!))
      yield isArray ? `${isFirst ? '\n' : ',\n'}{${members.join(',')}}` : `{${members.join(',')}}\n`
      isFirst = false
    }
  }
  return {
    head: () => (isArray ? ['['] : []),
    batch: (batch) => inChunks(rows(batch)),
    tail: () => (isArray ? [isFirst ? ']\n' : '\n]\n'] : []),
  }
}

/** One value of a row as JSON. */
function jsonText(value: unknown, type: LogicalType): string {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'bigint') {
    return BigInt.asIntN(54, value) === value && value !== -(2n ** 53n) ? value.toString() : `"${value}"`
  }
  switch (type.kind) {
    case 'float':
    case 'double':
      // Also keeps the sign of -0, which JSON.stringify drops; the text of a float is shorter than that of the same double.
      return Number.isFinite(value) ? formatValue(value, type) : JSON.stringify(formatValue(value, type))
    case 'list':
    case 'array':
      return `[${(value as unknown[]).map((item) => jsonText(item, type.element)).join(',')}]`
    case 'struct': {
      if (isUnnamed(type.fields)) {
        return `[${type.fields.map((field, index) => jsonText((value as unknown[])[index], field.type)).join(',')}]`
      }
      const names = uniqueNames(type.fields)
      const members = type.fields.map((field, index) => {
        const name = names[index]!
        return `${JSON.stringify(name)}:${jsonText((value as Record<string, unknown>)[name], field.type)}`
      })
      return `{${members.join(',')}}`
    }
    case 'map': {
      const members = [...(value as ReadonlyMap<unknown, unknown>)].map(
        ([key, item]) => `${JSON.stringify(formatValue(key, type.key))}:${jsonText(item, type.value)}`,
      )
      return `{${members.join(',')}}`
    }
    case 'union': {
      const { tag, value: held } = value as { tag: string; value: unknown }
      const member = type.members.find(({ name }) => name === tag)
      return `{"tag":${JSON.stringify(tag)},"value":${member === undefined ? 'null' : jsonText(held, member.type)}}`
    }
    case 'blob':
      return JSON.stringify(blobText(value as Uint8Array))
    default:
      return JSON.stringify(value)
  }
}
