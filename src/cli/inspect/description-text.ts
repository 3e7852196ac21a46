import { bytesText, countOf, countText } from '../quantity.ts'
import type { FileDescription } from './describe-file.ts'
import { textTable } from './text-table.ts'

/** Row groups that are listed; what is left out is counted. */
const listedRowGroups = 20

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
  return textTable(
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
  const text = textTable(
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
  return textTable(
    ['key', 'value'],
    keyValues.map(({ key, value }) => [key, value]),
  )
}

function oneLine(text: string): string {
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
}
