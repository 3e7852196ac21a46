import { LakefrontError } from '../errors.ts'
import { readFooter } from '../format/parquet/footer.ts'
import type { ByteSource, StatOptions } from '../storage/storage.ts'
import { leavesOut } from './chosen-rows.ts'
import { DeletedRowsReader } from './deleted-rows-reader.ts'
import { FileIndex } from './file-index.ts'
import type { ListedFiles } from './listed-files.ts'
import type { ReadContext } from './parquet-reader.ts'
import type { ListedFile, ParquetFile } from './parquet-table.ts'
import type { Positions } from './positions.ts'

/** What a catalog says of a file's length. */
interface Extent {
  readonly size?: number | undefined
  readonly footerSize?: number | undefined
}

/** Bytes of footers kept, as they are stored; parsed they take some ten times as much. */
const keptFooterBytes = 8 * 1024 * 1024

/** Opens files that never change under their names, and keeps the footers that were read last. */
export class ListedOpener {
  readonly #kept = new Map<string, ParquetFile>()
  readonly #deleted = new DeletedRowsReader((source, extent, options) => this.#file(source, extent, options))
  #keptBytes = 0

  /** A file of `files` and the rows of it that a scan sees. */
  async open(files: ListedFiles, place: number, options: StatOptions & { context: ReadContext }): Promise<ParquetFile> {
    const { context, ...stat } = options
    const size = numberAt(files.sizes, place)
    const opening = this.#file(files.open(place), { size, footerSize: numberAt(files.footerSizes, place) }, stat)
    const isWhole = (files.deleted?.[place] ?? 0) === 0 && files.shows !== 'deleted'
    const [file, deleted] = await Promise.all([
      opening,
      isWhole ? undefined : this.#deleted.read(files.deletes!(place), files.rows[place]!, { ...stat, context }),
    ])
    const rows = files.rows[place]!
    if (file.footer.rows !== rows) throw changed(file, rows)
    return { ...file, listed: listedFile(files, place, deleted) }
  }

  clear(): void {
    this.#kept.clear()
    this.#keptBytes = 0
    this.#deleted.clear()
  }

  async #file(source: ByteSource, { size, footerSize }: Extent, options: StatOptions): Promise<ParquetFile> {
    const stat = size === undefined ? await source.stat(options) : { size }
    const key = `${source.label} ${stat.size}`
    const known = this.#kept.get(key)
    if (known !== undefined) {
      this.#kept.delete(key)
      this.#kept.set(key, known)
      return known
    }
    const footer = await readFooter(source, { ...options, stat, ...(footerSize === undefined ? {} : { footerSize }) })
    const file = { source, footer, key, index: new FileIndex(source, footer) }
    if (!this.#kept.has(key)) this.#keptBytes += footer.footerBytes
    this.#kept.set(key, file)
    for (const [oldest, { footer: old }] of this.#kept) {
      if (this.#keptBytes <= keptFooterBytes || oldest === key) break
      this.#kept.delete(oldest)
      this.#keptBytes -= old.footerBytes
    }
    return file
  }
}

function listedFile(files: ListedFiles, place: number, deleted: Positions | undefined): ListedFile {
  const { rowIds, snapshots, lastSnapshots, only, namings, names } = files
  const [rowId, snapshot] = [numberAt(rowIds, place), numberAt(snapshots, place)]
  const last = numberAt(lastSnapshots, place) ?? snapshot
  const naming = namings === undefined || namings[place]! < 0 ? undefined : names?.[namings[place]!]
  return {
    place,
    ...(rowId === undefined ? {} : { rowId }),
    ...(snapshot === undefined ? {} : { snapshot }),
    ...(deleted && { choice: { kind: files.shows === 'deleted' ? 'only' : 'without', positions: deleted } }),
    ...(only && leavesOut(only, snapshot ?? NaN, last ?? NaN) ? { only } : {}),
    ...(naming === undefined ? {} : { naming }),
  }
}

function numberAt(numbers: Float64Array | undefined, at: number): number | undefined {
  const number = numbers?.[at]
  return number === undefined || Number.isNaN(number) ? undefined : number
}

function changed({ footer, source }: ParquetFile, rows: number): LakefrontError {
  return new LakefrontError(
    'SOURCE_CHANGED',
    `"${source.label}" has ${footer.rows} rows, and the catalog says ${rows}: it is not the file that was registered. Restore it, or remove it from the table.`,
    { details: { source: source.label, rows: footer.rows, rowsListed: rows } },
  )
}
