import { formatValue } from '../types/format-value.ts'
import type { LogicalType, Schema } from '../types/logical-type.ts'
import { uniqueNames } from '../types/unique-names.ts'

export interface FormatTableOptions {
  /** Characters a cell may have before it is cut with `…`; `false` or 0 shows all. Default 20, as in PySpark. */
  readonly truncate?: number | false
}

const numeric: ReadonlySet<LogicalType['kind']> = new Set([
  'tinyint',
  'smallint',
  'integer',
  'bigint',
  'hugeint',
  'utinyint',
  'usmallint',
  'uinteger',
  'ubigint',
  'uhugeint',
  'float',
  'double',
  'decimal',
])

/**
 * Rows as a table in a box of `+`, `-` and `|`: numbers to the right, NULL shown, line breaks and control characters
 * escaped, columns as wide as a terminal shows their text.
 */
export function formatTable(
  rows: readonly Readonly<Record<string, unknown>>[],
  schema: Schema,
  options: FormatTableOptions = {},
): string {
  const { truncate = 20 } = options
  const names = uniqueNames(schema.fields)
  const cell = (text: string): string => cut(escaped(text), truncate === false || truncate <= 0 ? Infinity : truncate)
  const columns = schema.fields.map(({ name, type }, index) => {
    const texts = [cell(name), ...rows.map((row) => cell(formatValue(row[names[index]!], type)))]
    const widths = texts.map(displayWidth)
    return { texts, widths, width: Math.max(...shortened(widths)), right: numeric.has(type.kind) }
  })
  const rule = `+${columns.map(({ width }) => '-'.repeat(width + 2)).join('+')}+`
  const line = (at: number): string =>
    `|${columns
      .map(({ texts, widths, width, right }) => {
        const space = ' '.repeat(width - widths[at]!)
        return right ? ` ${space}${texts[at]} ` : ` ${texts[at]}${space} `
      })
      .join('|')}|`
  return [rule, line(0), rule, ...rows.map((_, index) => line(index + 1)), ...(rows.length > 0 ? [rule] : [])].join(
    '\n',
  )
}

/** The widest of many, which would be too many arguments for one call. */
function shortened(widths: readonly number[]): readonly number[] {
  return [widths.reduce((widest, width) => Math.max(widest, width), 1)]
}

function cut(text: string, limit: number): string {
  if (text.length <= limit) return text
  const characters = Array.from(text)
  return characters.length <= limit ? text : `${characters.slice(0, limit - 1).join('')}…`
}

function escaped(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (character) => {
    const short = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[character]
    return short ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|[\u{20000}-\u{3fffd}]/u
const invisible = /\p{Mark}|\p{Cf}/u

/** Columns of a terminal that `text` takes: East Asian wide characters and emoji two, marks none. */
function displayWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length
  let width = 0
  for (const character of text) width += invisible.test(character) ? 0 : wide.test(character) ? 2 : 1
  return width
}
