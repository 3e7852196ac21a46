import { avroBlocks, openAvro } from '../../format/avro/container.ts'
import type { ByteSource } from '../../storage/storage.ts'
import { typeName } from '../../types/type-names.ts'
import { bytesText, countOf, countText } from '../quantity.ts'
import { textTable } from './text-table.ts'

/** What an Avro file holds. This is what `lakefront inspect --format json` prints; sizes are bytes. */
export interface AvroDescription {
  readonly file: string
  readonly bytes: number
  readonly rows: number
  readonly codec: string
  readonly blocks: { readonly count: number; readonly largestBytes: number; readonly largestRows: number }
  readonly columns: readonly { readonly name: string; readonly type: string; readonly nullable: boolean }[]
  readonly metadata: readonly { readonly key: string; readonly value: string }[]
}

/** Reads the header and the heads of all blocks. */
export async function describeAvro(source: ByteSource, signal: AbortSignal): Promise<AvroDescription> {
  const file = await openAvro(source, { signal })
  const blocks = { count: 0, largestBytes: 0, largestRows: 0 }
  let rows = 0
  for await (const block of avroBlocks(file, { signal, skipsRows: true, readsAhead: false })) {
    blocks.count++
    blocks.largestBytes = Math.max(blocks.largestBytes, block.size)
    blocks.largestRows = Math.max(blocks.largestRows, block.rows)
    rows += block.rows
  }
  return {
    file: source.label,
    bytes: file.size,
    rows,
    codec: file.codec,
    blocks,
    columns: file.fields.map(({ name, type, nullable }) => ({ name, type: typeName(type), nullable })),
    metadata: [...file.metadata].map(([key, value]) => ({ key, value })),
  }
}

/** A description for people. */
export function avroText({ file, bytes, rows, codec, blocks, columns, metadata }: AvroDescription): string {
  const head = [
    ['file', file],
    ['size', bytesText(bytes)],
    ['rows', `${countText(rows)} in ${countOf(blocks.count, 'block')}`],
    ['largest', `${bytesText(blocks.largestBytes)}, ${countOf(blocks.largestRows, 'row')}`],
    ['codec', codec],
  ]
  const sections = [
    head.map(([name = '', value]) => `${name.padEnd(10)}  ${value}`).join('\n'),
    `Columns\n${textTable(
      ['name', 'type', 'null'],
      columns.map(({ name, type, nullable }) => [name, type, nullable ? 'yes' : 'no']),
    )}`,
    ...(metadata.length === 0
      ? []
      : [
          `Metadata\n${textTable(
            ['key', 'value'],
            metadata.map(({ key, value }) => [key, value]),
          )}`,
        ]),
  ]
  return `${sections.join('\n\n')}\n`
}
