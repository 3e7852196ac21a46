import { LakefrontError } from '../errors.ts'
import type { ParquetDecoder } from '../format/parquet/decode.ts'
import { readFooter } from '../format/parquet/footer.ts'
import type { ParquetFooter } from '../format/parquet/footer.ts'
import type { SplitPlace } from '../format/avro/read-avro.ts'
import type { ByteSource, ObjectStat, StatOptions, Traffic } from '../storage/storage.ts'
import { batchesTable } from './batches-table.ts'
import { ColumnCache } from './column-cache.ts'
import { DecodePool } from './decode-pool.ts'
import { FileIndex } from './file-index.ts'
import { FileListing } from './file-listing.ts'
import type { ListedFiles } from './listed-files.ts'
import { ListedOpener } from './listed-opener.ts'
import { listedTable } from './listed-table.ts'
import type { OpenListed } from './listed-table.ts'
import type { ReadContext } from './parquet-reader.ts'
import { parquetTable } from './parquet-table.ts'
import { splitPlace } from './split-place.ts'
import { MemoryBudget } from './memory-budget.ts'
import type { ParquetFile } from './parquet-table.ts'
import type {
  FileReference,
  FileSource,
  LakeSource,
  LakeTables,
  ListedSource,
  ScanProvider,
  ScanTable,
  Source,
  TableOptions,
} from './source.ts'
import { asOneType, explained, formatOfSource, openStreamed } from './streamed-files.ts'
import { streamedTable } from './streamed-table.ts'
import { tableWithRows } from './table-with-rows.ts'

export interface ScanProviderOptions {
  /** @param name What errors call a file that has no name of its own. */
  readonly openFile: (reference: FileReference, name?: string) => ByteSource
  /** The files that a name means where it is a pattern. Without it names are no patterns. */
  readonly expand?: (name: string, options: { readonly signal?: AbortSignal }) => Promise<readonly string[]>
  /** What tables of lakes consist of. Without it there are no lakes. */
  readonly lakes?: LakeTables
  /** Runs when the provider is closed. */
  readonly closeFiles?: () => Promise<void>
  /** Decodes in the scans' own thread, or, a pool, in workers too; a pool is closed with the provider. */
  readonly decoder: ParquetDecoder | DecodePool
  /** What all this may take. Without one there is no limit but `cacheBytes`. */
  readonly memory?: MemoryBudget
  /** Bytes of decoded columns to keep at most; what the budget allows by default. */
  readonly cacheBytes?: number
}

/** What is kept of a registered source between tables. */
interface Entry {
  readonly references: readonly FileReference[]
  readonly files: readonly ByteSource[]
  readonly footers: (ParquetFooter | undefined)[]
  readonly indexes: FileIndex[]
  /** Of the files in caches. */
  readonly keys: Set<string>
}

/** Files whose footers are read side by side. */
const parallelFiles = 8

/** Scans of Parquet files and of batches in memory, with one cache of decoded columns for all of them. */
export function scanProvider(options: ScanProviderOptions): ScanProvider {
  return new Provider(options)
}

class Provider implements ScanProvider {
  readonly #openFile: ScanProviderOptions['openFile']
  readonly #expand: ScanProviderOptions['expand']
  readonly #lakes: LakeTables | undefined
  readonly #closeFiles: (() => Promise<void>) | undefined
  readonly #decoder: DecodePool
  readonly #splits: SplitPlace | undefined
  readonly #cache: ColumnCache
  readonly #memory: MemoryBudget
  readonly #entries = new Map<string, Entry>()
  readonly #listings = new WeakMap<ListedFiles, FileListing>()
  readonly #listed = new ListedOpener()
  #unvalidated = 0
  #closed = false

  constructor({
    openFile,
    expand,
    lakes,
    closeFiles,
    decoder,
    memory = new MemoryBudget(Number.MAX_SAFE_INTEGER),
    cacheBytes,
  }: ScanProviderOptions) {
    this.#openFile = openFile
    this.#expand = expand
    this.#lakes = lakes
    this.#closeFiles = closeFiles
    this.#decoder = decoder instanceof DecodePool ? decoder : new DecodePool({ decoder })
    memory.watch('decoders', () => this.#decoder.memoryBytes)
    memory.watch('slack', () => this.#decoder.threads * memory.slackOfThread)
    this.#memory = memory
    this.#splits = this.#decoder.isConcurrent ? splitPlace(this.#decoder, memory) : undefined
    this.#cache = new ColumnCache(memory, cacheBytes)
  }

  async table(given: Source | ListedSource, { csv, ...options }: TableOptions = {}): Promise<ScanTable> {
    options.signal?.throwIfAborted()
    if (this.#closed) throw new LakefrontError('CLOSED', 'The session was closed.')
    if (given.format === 'batches') return batchesTable(given)
    const context = {
      decoder: this.#decoder,
      cache: this.#cache,
      memory: this.#memory,
      ...(options.scope === undefined ? {} : { scope: options.scope }),
    }
    if (given.format === 'listed') return this.#listedTable(given, context)
    if (given.format === 'lake') return this.#lakeTable(given, context, options)
    if (given.files.length === 0) {
      throw new LakefrontError('INVALID_ARGUMENT', `Source "${given.id}" has no files. Name one at least.`)
    }
    const references = await this.#filesOf(given, options)
    const cost: Traffic = { requests: 0, bytes: 0 }
    const reading = { ...options, meter: cost }
    // Registered files have a name that someone chose; ids of others are made.
    const open = (reference: FileReference): ByteSource =>
      this.#openFile(reference, given.format === 'any' ? given.id : undefined)
    const source =
      given.format === 'any' ? { ...given, format: await formatOfSource(given, open(references[0]!), reading) } : given
    if (source.format !== 'parquet') {
      const files = await mapParallel(references, (reference) => {
        const file = open(reference)
        const opening = { ...reading, ...(csv && { csv }), ...(this.#splits && { splits: this.#splits }) }
        return explained(file, source.format, reading, openStreamed(source, file, opening))
      })
      return streamedTable(asOneType(files), source.options, { cost, memory: this.#memory, ...options })
    }
    const entry = this.#entry(source.id, references, open)
    entry.keys.clear()
    const files = await mapParallel(entry.files, (file, index) =>
      this.#open(entry, index, file, { ...options, meter: cost }),
    )
    return parquetTable(files, source, { ...context, cost })
  }

  async #lakeTable(source: LakeSource, context: ReadContext, options: TableOptions): Promise<ScanTable> {
    if (this.#lakes === undefined) {
      throw new LakefrontError('UNSUPPORTED', `This session reads no lakes, such as "${source.lake}".`)
    }
    const { files, rows } = await this.#lakes(source, options)
    const table = this.#listedTable(files, context)
    return rows === undefined ? table : tableWithRows(table, batchesTable(rows))
  }

  #listedTable(source: ListedSource, context: ReadContext): ScanTable {
    const { files, mapping } = source
    const known = this.#listings.get(files)
    const listing = known ?? new FileListing(files, mapping)
    this.#listings.set(files, listing)
    const open: OpenListed = async (places, metrics, signal) => {
      const meter: Traffic = { requests: 0, bytes: 0 }
      const options = { signal, meter, context, ...(context.scope && { scope: context.scope }) }
      try {
        return await mapParallel(places, (place) => this.#listed.open(files, place, options))
      } finally {
        metrics.requests += meter.requests
        metrics.bytesFetched += meter.bytes
      }
    }
    return listedTable(source, listing, { open, context })
  }

  trim(): void {
    this.#cache.trim()
  }

  drop(id: string): void {
    const entry = this.#entries.get(id)
    this.#entries.delete(id)
    const used = new Set([...this.#entries.values()].flatMap((other) => [...other.keys]))
    for (const key of entry?.keys ?? []) if (!used.has(key)) this.#cache.deleteAll(`${key}\n`)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#decoder.close()
    this.#entries.clear()
    this.#listed.clear()
    this.#cache.deleteAll('')
    await this.#closeFiles?.()
  }

  async #filesOf(source: FileSource, { signal }: TableOptions): Promise<readonly FileReference[]> {
    const { files } = source
    const expand = this.#expand
    if (expand === undefined) return files
    const own = signal === undefined ? {} : { signal }
    return (await Promise.all(files.map((file) => (typeof file === 'string' ? expand(file, own) : [file])))).flat()
  }

  #entry(id: string, references: readonly FileReference[], open: (reference: FileReference) => ByteSource): Entry {
    const known = this.#entries.get(id)
    const isSame =
      known?.references.length === references.length && known.references.every((file, at) => file === references[at])
    if (known !== undefined && isSame) return known
    const files = references.map(open)
    const entry: Entry = { references, files, footers: files.map(() => undefined), indexes: [], keys: new Set() }
    this.#entries.set(id, entry)
    return entry
  }

  async #open(entry: Entry, index: number, file: ByteSource, options: StatOptions): Promise<ParquetFile> {
    const stat = await file.stat(options)
    const known = entry.footers[index]
    const footer =
      known !== undefined && isSameObject(known, stat) ? known : await readFooter(file, { ...options, stat })
    if (footer !== known) entry.indexes[index] = new FileIndex(file, footer)
    entry.footers[index] = footer
    const key = this.#key(file, stat)
    entry.keys.add(key)
    return { source: file, footer, key, index: entry.indexes[index]! }
  }

  /** Without a validator nothing can be known to be the same later: such bytes get a key that never comes again. */
  #key(file: ByteSource, { etag }: ObjectStat): string {
    return etag === undefined ? `unvalidated ${this.#unvalidated++}` : `${file.label} ${etag}`
  }
}

function isSameObject(footer: ParquetFooter, stat: ObjectStat): boolean {
  return stat.etag !== undefined && footer.etag === stat.etag && footer.size === stat.size
}

async function mapParallel<T, R>(items: readonly T[], run: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const work = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++
      results[index] = await run(items[index]!, index)
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.min(parallelFiles, items.length) }, work))
  } catch (error) {
    next = items.length
    throw error
  }
  return results
}
