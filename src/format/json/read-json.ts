import { LakefrontError } from '../../errors.ts'
import type { ByteSource, ReadOptions } from '../../storage/storage.ts'
import type { ColumnData } from '../../types/column-data.ts'
import type { Field } from '../../types/logical-type.ts'
import { batchRows, defaultBatchBytes } from '../batch-size.ts'
import { byteChunks } from '../byte-chunks.ts'
import { columnBuilder } from '../column-builder.ts'
import type { ColumnBuilder } from '../column-builder.ts'
import { concatenated } from '../collect-bytes.ts'
import { appendOf, objectAppend } from './append-json.ts'
import type { Append } from './append-json.ts'
import { merged, nothingSeen, see, shapeOf, structShape } from './infer.ts'
import type { Seen, Shape } from './infer.ts'
import { JsonCursor } from './json-cursor.ts'
import { JsonFailure } from './json-failure.ts'
import { layoutOf, recordsOf, skipMark } from './records.ts'
import type { Layout, Records } from './records.ts'

/** Columns as they were inferred. */
interface JsonColumns {
  /** What they were inferred from. */
  readonly seen: Seen
  readonly fields: readonly Field[]
  /** Values are objects, whose fields are the columns; else there is one column of the values. */
  readonly hasObjects: boolean
  readonly shape: Shape
}

/** A file of JSON whose columns were inferred. */
export interface JsonFile extends JsonColumns {
  readonly source: ByteSource
  readonly layout: Layout
}

export interface JsonOpenOptions extends Omit<ReadOptions, 'ifMatch'> {
  /** How many values types are inferred from; −1 for all. Default 20,480. */
  readonly sampleSize?: number
}

const defaultSample = 20_480

/** Bytes that are looked at to find how values stand in the file. */
const layoutBytes = 64 * 1024

/** Reads the beginning of a file of JSON, one value per line, one array of them, or one after the other, and infers its columns. */
export async function openJson(source: ByteSource, options: JsonOpenOptions = {}): Promise<JsonFile> {
  const { sampleSize = defaultSample, ...own } = options
  const layout = await findLayout(source, own)
  const values = nothingSeen()
  const cursor = new JsonCursor()
  let count = 0
  const records = recordsOf(byteChunks(source, { ...own, readsAhead: false }), layout, source.label)
  sample: for await (const chunk of records) {
    const reader = new ValueReader(cursor, chunk, layout)
    try {
      while (reader.hasNext()) {
        if (sampleSize >= 0 && count === sampleSize) break sample
        see(values, cursor)
        reader.passed()
        count++
      }
    } catch (error) {
      throw located(error, source.label, { chunk, record: count })
    }
  }
  return { source, layout, ...columnsOf(values) }
}

/** `files` with the columns that the values of all have together. */
export function asOneTable(files: readonly JsonFile[]): readonly JsonFile[] {
  const columns = columnsOf(files.map(({ seen }) => seen).reduce(merged))
  return files.map((file) => ({ ...file, ...columns }))
}

function columnsOf(seen: Seen): JsonColumns {
  const hasObjects = seen.kinds.size === 1 && seen.kinds.has('object') && seen.fields.size > 0
  const shape = hasObjects ? structShape(seen.fields) : shapeOf(seen)
  const fields =
    hasObjects && shape.type.kind === 'struct'
      ? shape.type.fields.map((field, index) => (field.name === '' ? { ...field, name: `C${index}` } : field))
      : [{ name: 'json', type: shape.type, nullable: true }]
  return { seen, fields, hasObjects, shape }
}

async function findLayout(source: ByteSource, options: ReadOptions): Promise<Layout> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of byteChunks(source, { ...options, readsAhead: false })) {
    chunks.push(chunk)
    length += chunk.length
    if (length >= layoutBytes) return layoutOf(concatenated(chunks, length), false)
  }
  return layoutOf(concatenated(chunks, length), true)
}

/** Reads the columns `wanted`, indices into the file's fields, straight into columns; other fields are passed over. Batches end with a range when nothing is read ahead. */
export async function* readJson(
  file: JsonFile,
  wanted: readonly number[],
  { batchBytes = defaultBatchBytes, ...options }: ReadOptions & { readsAhead: boolean; batchBytes?: number },
): AsyncGenerator<{ readonly length: number; readonly columns: readonly ColumnData[] }> {
  const builders = new Map(wanted.map((index) => [index, columnBuilder(file.fields[index]!.type)]))
  const append = rowAppend(file, builders)
  const cursor = new JsonCursor()
  const take = (length: number): { length: number; columns: ColumnData[] } => {
    const columns = new Map([...builders].map(([index, builder]) => [index, builder.finish()]))
    return { length, columns: wanted.map((index) => columns.get(index)!) }
  }
  let record = 0
  let rows = 0
  let bytes = 0
  for await (const chunk of recordsOf(byteChunks(file.source, options), file.layout, file.source.label)) {
    const reader = new ValueReader(cursor, chunk, file.layout)
    let start = 0
    try {
      while (reader.hasNext()) {
        append(cursor)
        reader.passed()
        record++
        rows++
        if (rows < batchRows && bytes + cursor.position - start < batchBytes) continue
        yield take(rows)
        rows = 0
        bytes = 0
        start = cursor.position
      }
    } catch (error) {
      throw located(error, file.source.label, { chunk, record })
    }
    bytes += cursor.position - start
    if (options.readsAhead || rows === 0) continue
    yield take(rows)
    rows = 0
    bytes = 0
  }
  if (rows > 0) yield take(rows)
}

function rowAppend({ hasObjects, shape, fields }: JsonFile, builders: ReadonlyMap<number, ColumnBuilder>): Append {
  if (!hasObjects) {
    const builder = builders.get(0)
    return builder === undefined ? (cursor) => cursor.skip() : appendOf(shape, builder)
  }
  const columns = fields.map((_, index) => builders.get(index))
  const object = objectAppend(shape, columns)
  return (cursor) => {
    if (cursor.peek() !== 0x6e) return object(cursor)
    cursor.skip()
    for (const column of builders.values()) column.appendNull()
  }
}

/** Goes from value to value of a chunk. */
class ValueReader {
  readonly #cursor: JsonCursor
  readonly #layout: Layout
  #isAfterValue: boolean

  constructor(cursor: JsonCursor, { bytes, end, offset }: Records, layout: Layout) {
    this.#cursor = cursor
    this.#layout = layout
    this.#isAfterValue = offset > 0
    cursor.open(bytes, end)
    if (offset === 0) skipMark(cursor)
    if (offset === 0 && layout === 'array' && cursor.peek() === 0x5b) cursor.position++
  }

  /** Goes to the next value, if there is one. */
  hasNext(): boolean {
    const cursor = this.#cursor
    let byte = cursor.peek()
    if (this.#layout !== 'array') return byte !== -1
    if (byte === 0x2c && this.#isAfterValue) {
      cursor.position++
      this.#isAfterValue = false
      byte = cursor.peek()
      if (byte === 0x5d) throw cursor.failure('a value is missing after ","')
    }
    if (byte !== 0x5d) return byte !== -1
    cursor.position++
    if (cursor.peek() !== -1) throw cursor.failure('there is more after the array')
    return false
  }

  passed(): void {
    this.#isAfterValue = true
  }
}

function located(error: unknown, label: string, at: { chunk: Records; record: number }): unknown {
  if (!(error instanceof JsonFailure)) return error
  const offset = at.chunk.offset + error.position
  const details = { file: label, record: at.record, offset }
  if (error.code === 'CORRUPT_FILE') {
    return new LakefrontError(
      'CORRUPT_FILE',
      `"${label}" is not JSON: record ${at.record + 1}, at byte ${offset} of its text: ${error.message}.`,
      {
        details,
      },
    )
  }
  return new LakefrontError(
    error.code,
    `"${label}": record ${at.record + 1}, at byte ${offset} of its text: ${error.message}, the type that the first records have. ` +
      'Infer it from more of them: sample_size = -1 looks at all.',
    { details },
  )
}
