import { formatTable } from '../../frame/show.ts'
import type { Field } from '../../types/logical-type.ts'
import { bytesText, countOf, countText } from '../quantity.ts'
import type { FileDescription } from './describe-file.ts'

/** Row groups that are listed; what is left out is counted. */
const listedRowGroups = 20

/** Characters of a value before it is cut. */
const longestCell = 48

/** A description for people: a head, the columns, the row groups, the key-value metadata. */
export function descriptionText(file: FileDescription): string {
  const uncompressed = file.columns.reduce((sum, column) => sum + column.uncompressedBytes, 0)
  const head = [
    ['file', file.file],
    [
      'size',
      `${bytesText(file.bytes)}, ${bytesText(uncompressed)} uncompressed, footer ${bytesText(file.footerBytes)}`,
    ],
    ['rows', `${countText(file.rows)} in ${countOf(file.rowGroups.length, 'row group')}`],
    ...(file.createdBy === null ? [] : [['created by', oneLine(file.createdBy)]]),
  ]
  const sections = [
    head.map(([name = '', value]) => `${name.padEnd(10)}  ${value}`).join('\n'),
    `Columns\n${columnTable(file)}`,
    `Row groups\n${rowGroupTable(file)}`,
    ...(file.keyValues.length === 0 ? [] : [`Key-value metadata\n${keyValueTable(file)}`]),
  ]
  return `${sections.join('\n\n')}\n`
}

function columnTable(file: FileDescription): string {
  return table(
    ['name', 'type', 'null', 'codec', 'size', 'uncompressed', 'nulls', 'min', 'max'],
    file.columns.map((column) => [
      column.name,
      column.type,
      column.nullable ? 'yes' : 'no',
      column.codecs.join(', '),
      bytesText(column.bytes),
      bytesText(column.uncompressedBytes),
      column.nulls === null ? '?' : countText(column.nulls),
      column.min ?? '?',
      column.max ?? '?',
    ]),
    new Set(['size', 'uncompressed', 'nulls']),
  )
}

function rowGroupTable({ rowGroups }: FileDescription): string {
  const listed = rowGroups.slice(0, listedRowGroups)
  const text = table(
    ['number', 'rows', 'size', 'uncompressed'],
    listed.map((group, index) => [
      countText(index),
      countText(group.rows),
      bytesText(group.bytes),
      bytesText(group.uncompressedBytes),
    ]),
    new Set(['number', 'rows', 'size', 'uncompressed']),
  )
  const rest = rowGroups.length - listed.length
  return rest === 0 ? text : `${text}\nand ${countText(rest)} more; --format json lists all, column by column`
}

function keyValueTable({ keyValues }: FileDescription): string {
  return table(
    ['key', 'value'],
    keyValues.map(({ key, value }) => [key, value]),
  )
}

function table(
  names: readonly string[],
  rows: readonly (readonly string[])[],
  right: ReadonlySet<string> = new Set(),
): string {
  // Columns of numbers stand to the right: their texts are padded before they are laid out.
  const columns = names.map((name, index) => {
    const texts = [name, ...rows.map((row) => row[index]!)]
    const longest = texts.reduce((length, text) => Math.max(length, text.length), 0)
    return right.has(name) ? texts.map((text) => text.padStart(longest)) : texts
  })
  const fields = columns.map(([name = '']): Field => ({ name, type: { kind: 'varchar' }, nullable: false }))
  const cells = rows.map((_, row) => Object.fromEntries(columns.map((texts) => [texts[0]!, texts[row + 1]!])))
  return formatTable(cells, { fields }, { truncate: longestCell })
}

function oneLine(text: string): string {
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
}
