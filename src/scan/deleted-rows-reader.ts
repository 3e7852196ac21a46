import { LakefrontError } from '../errors.ts'
import { readDeletionVectors } from '../format/puffin/deletion-vector.ts'
import type { ByteSource, StatOptions } from '../storage/storage.ts'
import type { ColumnBatch } from '../types/column-data.ts'
import type { LogicalType } from '../types/logical-type.ts'
import { valueReader } from '../types/value-reader.ts'
import type { DeletedRows, DeleteFile } from './listed-files.ts'
import { openParquetReader } from './parquet-reader.ts'
import type { ReadContext } from './parquet-reader.ts'
import type { ParquetFile } from './parquet-table.ts'
import { joinPositions, positionsWithin, sortedPositions, withoutPositions } from './positions.ts'
import type { Positions } from './positions.ts'
import { snapshotFieldId } from './virtual-columns.ts'

type OpenFile = (
  source: ByteSource,
  extent: { readonly size?: number | undefined; readonly footerSize?: number | undefined },
  options: StatOptions,
) => Promise<ParquetFile>

type Options = StatOptions & { readonly context: ReadContext }

/** Bytes of positions kept. */
const keptBytes = 32 * 1024 * 1024

/** With a signal of its own: many files are read at once, and Node warns of more than ten listeners of one signal. */
const ownSignal = ({ signal, ...options }: Options): Options =>
  signal === undefined ? options : { ...options, signal: AbortSignal.any([signal]) }

/** Reads which rows of files are deleted, and keeps what it read last. */
export class DeletedRowsReader {
  readonly #openFile: OpenFile
  readonly #kept = new Map<string, Positions>()
  #bytes = 0

  constructor(openFile: OpenFile) {
    this.#openFile = openFile
  }

  /** The positions that `deleted` says of a file of `rows` rows. */
  async read(deleted: DeletedRows, rows: number, options: Options): Promise<Positions> {
    const { files = [], positions, positionSnapshots, all, except } = deleted
    const [read, before] = await Promise.all([
      Promise.all(files.map((file) => this.#ofFile(file, ownSignal(options)))),
      except && this.read(except, rows, options),
    ])
    const own = positions === undefined ? [] : [sortedPositions(positions, positionSnapshots)]
    const whole = all === undefined ? [] : [everyPosition(rows, all)]
    const joined = joinPositions([...read, ...own, ...whole])
    return before === undefined ? joined : withoutPositions(joined, before)
  }

  clear(): void {
    this.#kept.clear()
    this.#bytes = 0
  }

  async #ofFile(file: DeleteFile, options: Options): Promise<Positions> {
    const key = `${file.source.label} ${file.size ?? ''} ${file.format === 'puffin' ? JSON.stringify(file.only) : ''}`
    const known = this.#kept.get(key)
    const read =
      known ?? (await (file.format === 'puffin' ? vectorOf(file, options) : this.#positionsOf(file, options)))
    this.#keep(key, read)
    const { snapshot, only = {} } = file
    const snapshots = snapshot === undefined ? undefined : new Float64Array(read.rows.length).fill(snapshot)
    return positionsWithin({ ...(snapshots && { snapshots }), ...read }, only)
  }

  #keep(key: string, read: Positions): void {
    if (!this.#kept.delete(key)) this.#bytes += bytesOf(read)
    this.#kept.set(key, read)
    for (const [oldest, old] of this.#kept) {
      if (this.#bytes <= keptBytes || oldest === key) break
      this.#kept.delete(oldest)
      this.#bytes -= bytesOf(old)
    }
  }

  async #positionsOf({ source, size, footerSize }: DeleteFile, { context, ...options }: Options): Promise<Positions> {
    const file = await this.#openFile(source, { size, footerSize }, options)
    const { columns } = file.footer
    const named = columns.findIndex(({ field }) => field.name === 'pos')
    const position = named < 0 ? 1 : named
    const snapshot = columns.findIndex(
      ({ field, shape }) => shape.fieldId === snapshotFieldId || field.name === '_ducklake_internal_snapshot_id',
    )
    const wanted = snapshot < 0 ? [position] : [position, snapshot]
    if (!wanted.every((column) => isInteger(columns[column]?.field.type))) throw noDeleteFile(source)
    const origins = wanted.map((index) => ({ kind: 'stored', index, fit: { kind: 'same' } }) as const)
    const schema = { fields: wanted.map((column) => columns[column]!.field) }
    const reader = openParquetReader(
      { files: [file], columns: [origins], schema },
      { columns: [...wanted.keys()], ...(options.signal === undefined ? {} : { signal: options.signal }) },
      context,
    )
    try {
      const batches: ColumnBatch[] = []
      for (;;) {
        const next = reader.poll()
        if (next === 'done') break
        if (next === 'pending') await reader.ready()
        else batches.push(next)
      }
      const rows = numbersOf(batches, 0)
      return sortedPositions(rows, snapshot < 0 ? undefined : numbersOf(batches, 1))
    } finally {
      if (options.meter !== undefined) {
        options.meter.requests += reader.metrics.requests
        options.meter.bytes += reader.metrics.bytesFetched
      }
      reader.close()
    }
  }
}

async function vectorOf({ source, size, only }: DeleteFile, options: StatOptions): Promise<Positions> {
  const length = size ?? (await source.stat(options)).size
  const vectors = readDeletionVectors(await source.read(0, length, options), source.label)
  const upTo = vectors.filter(({ snapshot }) => snapshot === undefined || snapshot <= (only?.to ?? Infinity))
  return { rows: upTo.at(-1)?.positions ?? new Uint32Array() }
}

function everyPosition(rows: number, snapshot: number): Positions {
  return { rows: Uint32Array.from({ length: rows }, (_, row) => row), snapshots: new Float64Array(rows).fill(snapshot) }
}

function numbersOf(batches: readonly ColumnBatch[], column: number): Float64Array {
  const numbers = new Float64Array(batches.reduce((rows, { length }) => rows + length, 0))
  let at = 0
  for (const { schema, columns, length } of batches) {
    const read = valueReader(schema.fields[column]!.type, columns[column]!)
    for (let row = 0; row < length; row++) numbers[at++] = Number(read(row))
  }
  return numbers
}

function isInteger(type: LogicalType | undefined): boolean {
  return type?.kind === 'bigint' || type?.kind === 'integer'
}

function noDeleteFile(source: ByteSource): LakefrontError {
  return new LakefrontError(
    'CORRUPT_FILE',
    `"${source.label}" is no file of deleted rows: it has no column "pos" of whole numbers.`,
    { details: { source: source.label } },
  )
}

function bytesOf({ rows, snapshots }: Positions): number {
  return rows.byteLength + (snapshots?.byteLength ?? 0)
}
