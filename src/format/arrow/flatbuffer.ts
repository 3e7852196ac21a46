/**
 * A table of a FlatBuffer, read with every place checked against the bytes there are. Format: flatbuffers.dev, "FlatBuffer Internals".
 * Throws RangeError where it is damaged.
 */
export class FlatTable {
  readonly #view: DataView
  readonly #at: number
  readonly #fields: number
  readonly #fieldBytes: number

  private constructor(view: DataView, at: number) {
    this.#view = view
    this.#at = at
    this.#fields = at - view.getInt32(at, true)
    this.#fieldBytes = view.getUint16(this.#fields, true)
  }

  static rootOf(bytes: Uint8Array): FlatTable {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return new FlatTable(view, view.getUint32(0, true))
  }

  /** A table inside; undefined where it is absent. */
  table(field: number): FlatTable | undefined {
    const at = this.#place(field)
    return at === 0 ? undefined : new FlatTable(this.#view, at + this.#view.getUint32(at, true))
  }

  byte(field: number): number {
    const at = this.#place(field)
    return at === 0 ? 0 : this.#view.getUint8(at)
  }

  /** A 64-bit number, which has to be one that JavaScript holds. */
  long(field: number): number {
    const at = this.#place(field)
    return at === 0 ? 0 : longAt(this.#view, at)
  }

  /** The tables of a vector. */
  tables(field: number): FlatTable[] {
    const { start, length } = this.#vector(field, 4)
    return Array.from({ length }, (_, index) => {
      const at = start + index * 4
      return new FlatTable(this.#view, at + this.#view.getUint32(at, true))
    })
  }

  /** The structs of a vector, of `bytes` each: `read` is given a reader of 64-bit and one of 32-bit numbers at an offset inside. */
  structs<T>(
    field: number,
    bytes: number,
    read: (long: (offset: number) => number, int: (offset: number) => number) => T,
  ): T[] {
    const { start, length } = this.#vector(field, bytes)
    return Array.from({ length }, (_, index) => {
      const at = start + index * bytes
      return read(
        (offset) => longAt(this.#view, at + offset),
        (offset) => this.#view.getInt32(at + offset, true),
      )
    })
  }

  #vector(field: number, bytes: number): { start: number; length: number } {
    const at = this.#place(field)
    if (at === 0) return { start: 0, length: 0 }
    const vector = at + this.#view.getUint32(at, true)
    const length = this.#view.getUint32(vector, true)
    if (vector + 4 + length * bytes > this.#view.byteLength)
      throw new RangeError('a list is longer than the bytes there are')
    return { start: vector + 4, length }
  }

  /** Where a field is; 0 for absent. */
  #place(field: number): number {
    const slot = 4 + field * 2
    if (slot + 2 > this.#fieldBytes) return 0
    const offset = this.#view.getUint16(this.#fields + slot, true)
    return offset === 0 ? 0 : this.#at + offset
  }
}

function longAt(view: DataView, at: number): number {
  const value = Number(view.getBigInt64(at, true))
  if (!Number.isSafeInteger(value)) throw new RangeError('a length is beyond all bounds')
  return value
}
