import type { ByteRange } from './coalesce.ts'
import { checksum } from './checksum.ts'
import type { HeldRange, HeldRanges, KnownObject } from './range-store.ts'
import { Segments } from './segments.ts'

/** A file as the log reads it. */
export interface LogFile {
  size(): number
  /** Bytes `start` to `end`, fewer at the end of the file. */
  read(start: number, end: number): Promise<Uint8Array> | Uint8Array
}

/** A file as the log writes it. Fails when there is no room. */
export interface WritableLogFile extends LogFile {
  write(bytes: Uint8Array, at: number): void
  truncate(size: number): void
}

/** Which object a log is of. */
export interface LoggedObject extends KnownObject {
  readonly label: string
}

interface Block extends ByteRange {
  /** Where the bytes are in the file. */
  readonly at: number
  readonly sum: number
}

/** "LFR1", the beginning of the file, and "LFB1", of every block. */
const magic = { file: 0x3152464c, block: 0x3142464c }

const fileHeaderBytes = 16
const blockHeaderBytes = 24

/** Blocks are read and checked as a whole. */
const mostBlockBytes = 256 * 1024

const mostNameBytes = 64 * 1024

/**
 * Parts of one version of one object in one file: which object, then blocks in the order they came, each with its place in the object and a
 * sum over both. What was written last may be cut off or damaged: a file is read as far as it makes sense, and a block is checked
 * when it is read.
 */
export class BlockLog {
  readonly object: LoggedObject
  readonly #file: LogFile
  readonly #blocks = new Segments<Block>()
  #end: number

  private constructor(file: LogFile, object: LoggedObject, end: number) {
    this.#file = file
    this.object = object
    this.#end = end
  }

  /** Reads what a file holds; undefined when it is no log. */
  static async open(file: LogFile): Promise<BlockLog | undefined> {
    const header = viewOf(await file.read(0, fileHeaderBytes))
    if (header.byteLength < fileHeaderBytes || header.getUint32(0, true) !== magic.file) return undefined
    const nameBytes = header.getUint32(4, true)
    if (nameBytes > mostNameBytes) return undefined
    const name = await file.read(fileHeaderBytes, fileHeaderBytes + nameBytes)
    if (name.length < nameBytes || checksum(name, magic.file) !== header.getUint32(8, true)) return undefined
    const object = JSON.parse(new TextDecoder().decode(name)) as LoggedObject
    const log = new BlockLog(file, object, fileHeaderBytes + nameBytes)
    await log.#scan()
    return log
  }

  /** Makes `file` the log of `object`; whatever it held is gone. */
  static create(file: WritableLogFile, { label, size, etag }: LoggedObject): BlockLog {
    const object = { label, size, etag }
    const name = new TextEncoder().encode(JSON.stringify(object))
    const bytes = new Uint8Array(fileHeaderBytes + name.length)
    const header = viewOf(bytes)
    header.setUint32(0, magic.file, true)
    header.setUint32(4, name.length, true)
    header.setUint32(8, checksum(name, magic.file), true)
    bytes.set(name, fileHeaderBytes)
    file.truncate(0)
    file.write(bytes, 0)
    return new BlockLog(file, object, bytes.length)
  }

  /** Bytes of the file that are in use. */
  get fileBytes(): number {
    return this.#end
  }

  /** What is there of `start` to `end`; undefined when a block is damaged. */
  async read(start: number, end: number): Promise<HeldRanges | undefined> {
    const { found, gaps } = this.#blocks.find(start, end)
    const parts: HeldRange[] = []
    for (const block of found) {
      const bytes = await this.#file.read(block.at, block.at + block.end - block.start)
      if (bytes.length !== block.end - block.start || sumOf(block.start, bytes) !== block.sum) return undefined
      const from = Math.max(start, block.start)
      parts.push({ start: from, bytes: bytes.subarray(from - block.start, Math.min(end, block.end) - block.start) })
    }
    return { parts, gaps }
  }

  /** How many bytes at the end of the object are there without a gap. */
  heldAtEnd(): number {
    return this.#blocks.heldBefore(this.object.size)
  }

  /** How much a file grows by {@link append}, at most. */
  static costOf(bytes: number): number {
    return bytes + blockHeaderBytes * (Math.ceil(bytes / mostBlockBytes) + 1)
  }

  /** Adds what is not there yet. */
  append(file: WritableLogFile, start: number, bytes: Uint8Array): void {
    for (const gap of this.#blocks.find(start, start + bytes.length).gaps) {
      for (let from = gap.start; from < gap.end; from += mostBlockBytes) {
        const to = Math.min(gap.end, from + mostBlockBytes)
        this.#appendBlock(file, from, bytes.subarray(from - start, to - start))
      }
    }
  }

  #appendBlock(file: WritableLogFile, start: number, bytes: Uint8Array): void {
    const sum = sumOf(start, bytes)
    const block = new Uint8Array(blockHeaderBytes + bytes.length)
    const header = viewOf(block)
    header.setUint32(0, magic.block, true)
    header.setUint32(4, bytes.length, true)
    header.setFloat64(8, start, true)
    header.setUint32(16, sum, true)
    block.set(bytes, blockHeaderBytes)
    file.write(block, this.#end)
    this.#blocks.insert({ start, end: start + bytes.length, at: this.#end + blockHeaderBytes, sum })
    this.#end += block.length
  }

  async #scan(): Promise<void> {
    for (;;) {
      const header = viewOf(await this.#file.read(this.#end, this.#end + blockHeaderBytes))
      if (header.byteLength < blockHeaderBytes || header.getUint32(0, true) !== magic.block) return
      const length = header.getUint32(4, true)
      const start = header.getFloat64(8, true)
      const at = this.#end + blockHeaderBytes
      const isPlausible = length > 0 && length <= mostBlockBytes && Number.isSafeInteger(start) && start >= 0
      if (!isPlausible || start + length > this.object.size || at + length > this.#file.size()) return
      if (this.#blocks.find(start, start + length).found.length > 0) return
      this.#blocks.insert({ start, end: start + length, at, sum: header.getUint32(16, true) })
      this.#end = at + length
    }
  }
}

function sumOf(start: number, bytes: Uint8Array): number {
  return checksum(bytes, start % 0x7fffffff)
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
