import { blobText } from '../../types/bytes-text.ts'
import type { ColumnBatch, ColumnData } from '../../types/column-data.ts'
import { formatValue } from '../../types/format-value.ts'
import type { Schema, LogicalType } from '../../types/logical-type.ts'
import { isUnnamed } from '../../types/type-names.ts'
import { uniqueNames } from '../../types/unique-names.ts'
import { isValid } from '../../types/validity.ts'
import { valueReader } from '../../types/value-reader.ts'
import type { FileEncoder } from '../file-encoder.ts'
import { integerReader } from '../integer-reader.ts'
import { TextSink } from '../text-sink.ts'

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
  const keys = uniqueNames(schema.fields).map((name, index) =>
    new TextEncoder().encode(`${index === 0 ? '{' : ','}${JSON.stringify(name)}:`),
  )
  const sink = new TextSink()
  let isFirst = true
  function* chunks(batch: ColumnBatch): Generator<Uint8Array> {
    const appenders = schema.fields.map(({ type }, index) => valueAppender(type, batch.columns[index]!, sink))
    for (let row = 0; row < batch.length; row++) {
      if (isArray) sink.text(isFirst ? '\n' : ',\n')
      isFirst = false
      if (keys.length === 0) sink.text('{')
      for (let index = 0; index < keys.length; index++) {
        sink.copy(keys[index]!, 0, keys[index]!.length)
        if (isValid(batch.columns[index]!, row)) appenders[index]!(row)
        else sink.text('null')
      }
      sink.text(isArray ? '}' : '}\n')
      if (sink.position >= chunkBytes) yield sink.take()
    }
    if (sink.position > 0) yield sink.take()
  }
  return {
    head: () => (isArray ? ['['] : []),
    batch: chunks,
    tail: () => (isArray ? [isFirst ? ']\n' : '\n]\n'] : []),
  }
}

const chunkBytes = 64 * 1024

/** Appends the value of a row that is not null. Texts are copied as the bytes they are, but for what JSON escapes. */
function valueAppender(type: LogicalType, column: ColumnData, sink: TextSink): (row: number) => void {
  const integer = integerReader(type, column)
  if (integer !== undefined) {
    return (row) => {
      const value = integer(row)
      if (typeof value === 'number') sink.integer(value)
      else sink.text(jsonText(value, type))
    }
  }
  if (type.kind === 'varchar' && column.dictionary === undefined) {
    const { offsets = new Int32Array(1), values = new Uint8Array() } = column
    return (row) => {
      const [start, end] = [offsets[row]!, offsets[row + 1]!]
      sink.byte(0x22)
      let from = start
      for (let at = start; at < end; at++) {
        const byte = values[at]!
        if (byte >= 0x20 && byte !== 0x22 && byte !== 0x5c) continue
        sink.copy(values, from, at)
        sink.text(JSON.stringify(String.fromCharCode(byte)).slice(1, -1))
        from = at + 1
      }
      sink.copy(values, from, end)
      sink.byte(0x22)
    }
  }
  const read = valueReader(type, column)
  return (row) => sink.text(jsonText(read(row), type))
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
