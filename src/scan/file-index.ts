import { bloomHeaderBytes, bloomLength, readBloomFilter } from '../format/parquet/bloom-filter.ts'
import type { BloomFilter } from '../format/parquet/bloom-filter.ts'
import type { ColumnChunk, ParquetFooter, RawStatistics } from '../format/parquet/footer.ts'
import { readPageLocations, readPageStatistics } from '../format/parquet/page-index.ts'
import type { PageLocations } from '../format/parquet/page-index.ts'
import { coalesce, readRanges } from '../storage/coalesce.ts'
import type { ByteRange } from '../storage/coalesce.ts'
import type { ByteSource, ReadOptions } from '../storage/storage.ts'

/** An index of one physical column in one row group, both by number. */
export interface IndexPart {
  readonly group: number
  readonly leaf: number
  readonly kind: 'pages' | 'statistics' | 'bloom'
}

/** Indexes lie close to each other, and are small: gaps up to this many bytes are read over. */
const gapBytes = 256 * 1024

/** Bytes kept of one file; beyond that all is forgotten and read again. */
const keptBytes = 8 * 1024 * 1024

/** Page indexes and Bloom filters of one file, read when they are first needed and kept. */
export class FileIndex {
  readonly #source: ByteSource
  readonly #footer: ParquetFooter
  readonly #bytes = new Map<string, Uint8Array>()
  #held = 0

  constructor(source: ByteSource, footer: ParquetFooter) {
    this.#source = source
    this.#footer = footer
  }

  /** Bytes that {@link load} would read for `parts`. */
  cost(parts: readonly IndexPart[]): number {
    return this.#missing(parts).reduce((bytes, part) => {
      const { start, end } = this.#rangeOf(part)!
      return bytes + end - start
    }, 0)
  }

  /** Reads what is not there yet; parts the file does not have are passed over. */
  async load(parts: readonly IndexPart[], read: ReadOptions): Promise<void> {
    if (this.#held > keptBytes) this.#forget()
    const missing = this.#missing(parts)
    const ranges = missing.map((part) => this.#rangeOf(part)!)
    const bytes = await this.#read(ranges, read)
    const open: { readonly part: IndexPart; readonly range: ByteRange }[] = []
    missing.forEach((part, index) => {
      const length = part.kind === 'bloom' ? bloomLength(bytes[index]!) : undefined
      if (length === undefined || length <= bytes[index]!.length) this.#keep(part, bytes[index]!)
      else open.push({ part, range: { start: ranges[index]!.start, end: ranges[index]!.start + length } })
    })
    const inside = open.filter(({ range }) => range.end <= this.#footer.size)
    const rest = await this.#read(
      inside.map(({ range }) => range),
      read,
    )
    inside.forEach(({ part }, index) => this.#keep(part, rest[index]!))
  }

  /** The pages of a column; undefined unless they were loaded and make sense. */
  locations(group: number, leaf: number): PageLocations | undefined {
    const bytes = this.#bytes.get(nameOf({ group, leaf, kind: 'pages' }))
    const rowGroup = this.#footer.rowGroups[group]!
    return bytes === undefined ? undefined : readPageLocations(bytes, rowGroup.chunks[leaf]!, rowGroup.rows)
  }

  /** The statistics of each of its pages. */
  statistics(group: number, leaf: number, locations: PageLocations): RawStatistics[] | undefined {
    const bytes = this.#bytes.get(nameOf({ group, leaf, kind: 'statistics' }))
    return bytes === undefined ? undefined : readPageStatistics(bytes, locations, this.#footer.rowGroups[group]!.rows)
  }

  bloom(group: number, leaf: number): BloomFilter | undefined {
    const bytes = this.#bytes.get(nameOf({ group, leaf, kind: 'bloom' }))
    return bytes === undefined ? undefined : readBloomFilter(bytes)
  }

  #missing(parts: readonly IndexPart[]): IndexPart[] {
    const known = new Map<string, IndexPart>()
    for (const part of parts)
      if (!this.#bytes.has(nameOf(part)) && this.#rangeOf(part) !== undefined) known.set(nameOf(part), part)
    return [...known.values()]
  }

  #rangeOf({ group, leaf, kind }: IndexPart): ByteRange | undefined {
    const chunk: ColumnChunk = this.#footer.rowGroups[group]!.chunks[leaf]!
    if (kind === 'pages') return chunk.offsetIndex
    if (kind === 'statistics') return chunk.columnIndex
    const { bloom } = chunk
    return (
      bloom && { start: bloom.start, end: bloom.end ?? Math.min(bloom.start + bloomHeaderBytes, this.#footer.size) }
    )
  }

  /** What came with the footer needs no request. */
  async #read(ranges: readonly ByteRange[], read: ReadOptions): Promise<Uint8Array[]> {
    const { start, bytes } = this.#footer.indexes ?? { start: this.#footer.size, bytes: new Uint8Array() }
    const results: (Uint8Array | undefined)[] = ranges.map((range) =>
      range.start >= start && range.end <= start + bytes.length
        ? bytes.subarray(range.start - start, range.end - start)
        : undefined,
    )
    const open = [...ranges.keys()].filter((index) => results[index] === undefined)
    const wanted = open.map((index) => ranges[index]!)
    const reads = coalesce(wanted, { gapBytes: Math.min(gapBytes, this.#source.gapBytes), waste: Infinity })
    const answers = await readRanges(this.#source, reads, read)
    reads.forEach(({ start: from, parts }, index) => {
      for (const part of parts) {
        const range = wanted[part]!
        results[open[part]!] = answers[index]!.slice(range.start - from, range.end - from)
      }
    })
    return results as Uint8Array[]
  }

  #keep(part: IndexPart, bytes: Uint8Array): void {
    this.#bytes.set(nameOf(part), bytes)
    this.#held += bytes.length
  }

  #forget(): void {
    this.#bytes.clear()
    this.#held = 0
  }
}

function nameOf({ group, leaf, kind }: IndexPart): string {
  return `${kind} ${group} ${leaf}`
}
