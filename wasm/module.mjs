// Just enough of the WebAssembly binary format to read names and to drop exports:
// https://webassembly.github.io/spec/core/binary/modules.html

/** @typedef {{ id: number, start: number, end: number }} Section a section's number and where its content lies */
/** @typedef {{ module: string, name: string, kind: ExternKind }} Import */
/** @typedef {{ name: string, kind: ExternKind, index: number }} Export */
/** @typedef {'function' | 'table' | 'memory' | 'global' | 'tag'} ExternKind */

/** @type {readonly ExternKind[]} */
const externKinds = ['function', 'table', 'memory', 'global', 'tag']
const importSection = 2
const exportSection = 7
const header = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]

/**
 * The sections of a module in file order.
 * @param {Uint8Array} bytes
 * @returns {Section[]}
 */
export function readSections(bytes) {
  if (header.some((byte, index) => bytes[index] !== byte)) throw new Error('Not a WebAssembly module of version 1.')
  const sections = []
  const reader = new Reader(bytes, header.length, bytes.length)
  while (!reader.done) {
    const id = reader.byte()
    const size = reader.unsigned()
    const start = reader.position
    reader.skip(size)
    sections.push({ id, start, end: start + size })
  }
  return sections
}

/**
 * What a module imports, in order.
 * @param {Uint8Array} bytes
 * @returns {Import[]}
 */
export function readImports(bytes) {
  return readEntries(bytes, importSection, (reader) => {
    const module = reader.name()
    const name = reader.name()
    const kind = reader.externKind()
    reader.skipImportType(kind)
    return { module, name, kind }
  })
}

/**
 * What a module exports, in order.
 * @param {Uint8Array} bytes
 * @returns {Export[]}
 */
export function readExports(bytes) {
  return readEntries(bytes, exportSection, (reader) => ({
    name: reader.name(),
    kind: reader.externKind(),
    index: reader.unsigned(),
  }))
}

/**
 * The module without the exports that `keep` refuses. Everything else is copied byte for byte.
 * @param {Uint8Array} bytes
 * @param {(name: string) => boolean} keep
 * @returns {Uint8Array}
 */
export function filterExports(bytes, keep) {
  const section = readSections(bytes).find(({ id }) => id === exportSection)
  if (section === undefined) return bytes
  const kept = readExports(bytes).filter(({ name }) => keep(name))
  const content = Buffer.concat([unsigned(kept.length), ...kept.map(exportEntry)])
  return Buffer.concat([
    bytes.subarray(0, sectionHeaderStart(bytes, section)),
    Buffer.of(exportSection),
    unsigned(content.length),
    content,
    bytes.subarray(section.end),
  ])
}

/**
 * @template Entry
 * @param {Uint8Array} bytes
 * @param {number} sectionId
 * @param {(reader: Reader) => Entry} readEntry
 * @returns {Entry[]}
 */
function readEntries(bytes, sectionId, readEntry) {
  const section = readSections(bytes).find(({ id }) => id === sectionId)
  if (section === undefined) return []
  const reader = new Reader(bytes, section.start, section.end)
  return Array.from({ length: reader.unsigned() }, () => readEntry(reader))
}

/** @param {Uint8Array} bytes @param {Section} section */
function sectionHeaderStart(bytes, section) {
  const previous = readSections(bytes).findLast(({ end }) => end < section.start)
  return previous?.end ?? header.length
}

/** @param {Export} entry */
function exportEntry({ name, kind, index }) {
  const utf8 = Buffer.from(name)
  return Buffer.concat([unsigned(utf8.length), utf8, Buffer.of(externKinds.indexOf(kind)), unsigned(index)])
}

/** LEB128. @param {number} value */
function unsigned(value) {
  const bytes = []
  do {
    const low = value & 0x7f
    value >>>= 7
    bytes.push(value === 0 ? low : low | 0x80)
  } while (value !== 0)
  return Buffer.from(bytes)
}

class Reader {
  /** @param {Uint8Array} bytes @param {number} position @param {number} end */
  constructor(bytes, position, end) {
    this.bytes = bytes
    this.position = position
    this.end = end
  }

  get done() {
    return this.position >= this.end
  }

  byte() {
    this.skip(1)
    return /** @type {number} */ (this.bytes[this.position - 1])
  }

  /** LEB128 of up to 32 bits. */
  unsigned() {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw new Error(`A number before byte ${this.position} is longer than 32 bits.`)
  }

  name() {
    const size = this.unsigned()
    this.skip(size)
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset + this.position - size, size).toString('utf8')
  }

  externKind() {
    const byte = this.byte()
    const kind = externKinds[byte]
    if (kind === undefined) throw new Error(`Unknown kind ${byte} of import or export before byte ${this.position}.`)
    return kind
  }

  /** @param {ExternKind} kind */
  skipImportType(kind) {
    switch (kind) {
      case 'function':
        this.unsigned()
        return
      case 'table':
        this.byte()
        this.skipLimits()
        return
      case 'memory':
        this.skipLimits()
        return
      case 'global':
        this.skip(2)
        return
      case 'tag':
        this.byte()
        this.unsigned()
    }
  }

  skipLimits() {
    const hasMaximum = (this.byte() & 1) === 1
    this.unsigned()
    if (hasMaximum) this.unsigned()
  }

  /** @param {number} count */
  skip(count) {
    this.position += count
    if (this.position > this.end) throw new Error(`The module ends early: byte ${this.position} of ${this.end} wanted.`)
  }
}
