import { concatenated } from '../../format/collect-bytes.ts'
import type { ParquetEncoder, ParquetSummary } from '../../format/parquet/parquet-writer.ts'
import type { Storage } from '../../storage/storage.ts'
import type { ColumnBatch, ColumnData } from '../../types/column-data.ts'
import type { Field } from '../../types/logical-type.ts'
import { columnFromValues } from '../../types/column-from-values.ts'
import { bytesOf } from '../../types/typed-view.ts'
import { uuidV7 } from '../../types/uuid-v7.ts'
import type { DeletesBefore, DeletesRequest, WriteDeletes, WrittenDeletes } from './apply-rows.ts'

/** Positions in a data file, rising, and the snapshot each was deleted in. */
export interface DeletedPositions {
  readonly positions: ArrayLike<number>
  readonly snapshots: ArrayLike<number>
}

export interface DeleteFilesOptions {
  /** The lake's data path. */
  readonly storage: Storage
  readonly encoder: ParquetEncoder
  /** Reads what a file of the table says is deleted. */
  readonly read: (before: DeletesBefore, folder: string) => Promise<DeletedPositions>
  readonly signal?: AbortSignal
}

/** The `field_id`s that DuckLake gives the columns of a delete file. */
const fieldIds = { file_path: 2_147_483_646, pos: 2_147_483_645, _ducklake_internal_snapshot_id: 2_147_483_539 }

const fields: readonly Field[] = [
  { name: 'file_path', type: { kind: 'varchar' }, nullable: false },
  { name: 'pos', type: { kind: 'bigint' }, nullable: false },
  { name: '_ducklake_internal_snapshot_id', type: { kind: 'bigint' }, nullable: false },
]

/**
 * The files of deleted positions of one commit. A file is stored once, and found again when the commit is applied again; only one that has to name
 * the snapshot, because it takes the place of an older file, is stored anew for another one.
 */
export class DeleteFiles {
  readonly #options: DeleteFilesOptions
  readonly #stored = new Map<ArrayLike<number>, Map<string, WrittenDeletes & { readonly key: string }>>()
  readonly #used = new Set<string>()

  constructor(options: DeleteFilesOptions) {
    this.#options = options
  }

  readonly write: WriteDeletes = async (request) => {
    const name = request.before === undefined ? '' : `${request.before.path} ${request.snapshot}`
    const files = this.#stored.get(request.positions) ?? new Map<string, WrittenDeletes & { readonly key: string }>()
    const file = files.get(name) ?? (await this.#store(request))
    files.set(name, file)
    this.#stored.set(request.positions, files)
    this.#used.add(file.key)
    return file
  }

  /** To be called before a commit is applied: what it does not ask for again then is not needed. */
  begin(): void {
    this.#used.clear()
  }

  /** Keys of files that were stored; only those that are not part of the commit as it was applied last, when `all` is false. */
  keys({ all }: { readonly all: boolean }): readonly string[] {
    const keys = [...this.#stored.values()].flatMap((files) => [...files.values()].map(({ key }) => key))
    return all ? keys : keys.filter((key) => !this.#used.has(key))
  }

  async #store(request: DeletesRequest): Promise<WrittenDeletes & { readonly key: string }> {
    const { table, dataFile, before, positions, snapshot } = request
    const { storage, encoder, read, signal } = this.#options
    const old = before === undefined ? undefined : await read(before, table.folder)
    const { rows, snapshots } = merged(old, positions, snapshot)
    const isMerged = old !== undefined
    const chunks: Uint8Array[] = []
    const own = isMerged ? fields : fields.slice(0, 2)
    const writer = encoder.open(
      own.map(({ name, type }) => ({ name, type, id: fieldIds[name as keyof typeof fieldIds] })),
      { emit: (bytes) => void chunks.push(bytes.slice()) },
    )
    let summary: ParquetSummary
    try {
      const path = dataFile.isRelative ? table.folder + dataFile.path : dataFile.path
      await writer.write(batchOf(path, rows, isMerged ? snapshots : undefined))
      summary = await writer.finish()
    } finally {
      writer.close()
    }
    const path = `ducklake-${uuidV7()}-delete.parquet`
    const key = table.folder + path
    await storage.write(key, concatenated(chunks, summary.bytes), {
      contentType: 'application/vnd.apache.parquet',
      ...(signal === undefined ? {} : { signal }),
    })
    return {
      key,
      path,
      isRelative: true,
      bytes: summary.bytes,
      footerBytes: summary.footerBytes,
      count: rows.length,
      first: snapshots.reduce((least, own) => (own < least ? own : least), snapshot),
      last: snapshot,
    }
  }
}

/** Both, rising. */
function merged(
  old: DeletedPositions | undefined,
  positions: ArrayLike<number>,
  snapshot: number,
): { readonly rows: Float64Array; readonly snapshots: Float64Array } {
  const count = (old?.positions.length ?? 0) + positions.length
  const [rows, snapshots] = [new Float64Array(count), new Float64Array(count)]
  let [own, before] = [0, 0]
  for (let at = 0; at < count; at++) {
    const isOwn =
      old === undefined ||
      before === old.positions.length ||
      (own < positions.length && positions[own]! < old.positions[before]!)
    rows[at] = isOwn ? positions[own]! : old.positions[before]!
    snapshots[at] = isOwn ? snapshot : old.snapshots[before]!
    if (isOwn) own++
    else before++
  }
  return { rows, snapshots }
}

function batchOf(path: string, rows: Float64Array, snapshots: Float64Array | undefined): ColumnBatch {
  const numbers = [rows, ...(snapshots === undefined ? [] : [snapshots])]
  const columns: ColumnData[] = [
    {
      length: rows.length,
      nullCount: 0,
      values: bytesOf(new Int32Array(rows.length)),
      dictionary: columnFromValues({ kind: 'varchar' }, [path]),
    },
    ...numbers.map((values) => ({
      length: rows.length,
      nullCount: 0,
      values: bytesOf(BigInt64Array.from(values, BigInt)),
    })),
  ]
  return { schema: { fields: fields.slice(0, columns.length) }, length: rows.length, columns }
}
