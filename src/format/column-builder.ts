import type { ColumnData } from '../types/column-data.ts'
import type { LogicalType } from '../types/logical-type.ts'

/**
 * Columns that grow value by value, for formats whose files are rows. `finish` hands the buffers over and starts anew with as much
 * room as was used, so that a steady stream of batches is never copied to grow.
 */
export abstract class ColumnBuilder {
  length = 0
  nullCount = 0
  #validity: Uint8Array | undefined

  /** Appends a null. */
  appendNull(): void {
    this.markNull(this.length)
    this.appendEmpty()
  }

  /** Appends what stands behind a null: a value nobody looks at. */
  abstract appendEmpty(): void

  /** The column so far; the builder is empty after that. */
  finish(): ColumnData {
    const { length, nullCount } = this
    const validity = this.#validity
    const column = {
      length,
      nullCount,
      ...(validity === undefined
        ? {}
        : { validity: grown(validity, (length + 7) >> 3).subarray(0, (length + 7) >> 3) }),
      ...this.take(),
    }
    this.length = 0
    this.nullCount = 0
    this.#validity = undefined
    return column
  }

  /** Makes the value at `row` null. */
  protected markNull(row: number): void {
    const bytes = (row >> 3) + 1
    if (this.#validity === undefined || this.#validity.length < bytes)
      this.#validity = grown(this.#validity ?? new Uint8Array(), Math.max(128, bytes * 2))
    this.#validity[row >> 3]! &= ~(1 << (row & 7))
    this.nullCount++
  }

  protected abstract take(): Pick<ColumnData, 'offsets' | 'values' | 'children'>
}

/** A bitmap of at least `bytes` bytes; the new ones say "not null". */
function grown(bits: Uint8Array, bytes: number): Uint8Array {
  if (bits.length >= bytes) return bits
  const larger = new Uint8Array(bytes).fill(0xff, bits.length)
  larger.set(bits)
  return larger
}

const firstCapacity = 1024

/** Values of one width. Appending is up to the caller: `room()`, then a write at `length++` into the view of the right type. */
export class FixedBuilder extends ColumnBuilder {
  readonly width: number
  capacity = 0
  bytes: Uint8Array = new Uint8Array()
  words: Int32Array = new Int32Array()
  floats: Float32Array = new Float32Array()
  doubles: Float64Array = new Float64Array()

  constructor(width: number) {
    super()
    this.width = width
  }

  /** Makes room for another value. */
  room(): void {
    if (this.length === this.capacity) this.#resize(Math.max(firstCapacity, this.capacity * 2))
  }

  appendEmpty(): void {
    this.room()
    this.length++
  }

  protected take(): { values: Uint8Array } {
    const values = this.bytes.subarray(0, this.length * this.width)
    const next = roomFor(this.length)
    this.capacity = 0
    this.bytes = new Uint8Array()
    this.#resize(next)
    return { values }
  }

  #resize(capacity: number): void {
    const buffer = new ArrayBuffer(Math.ceil((capacity * this.width) / 8) * 8)
    const bytes = new Uint8Array(buffer)
    bytes.set(this.bytes)
    this.capacity = capacity
    this.bytes = bytes
    this.words = new Int32Array(buffer, 0, buffer.byteLength >> 2)
    this.floats = new Float32Array(buffer, 0, buffer.byteLength >> 2)
    this.doubles = new Float64Array(buffer)
  }
}

/** Booleans. */
export class BooleanBuilder extends ColumnBuilder {
  #bits = new Uint8Array(firstCapacity >> 3)

  append(value: boolean): void {
    const row = this.length++
    if (row >> 3 >= this.#bits.length) this.#bits = larger(this.#bits, this.#bits.length * 2)
    if (value) this.#bits[row >> 3]! |= 1 << (row & 7)
  }

  appendEmpty(): void {
    this.append(false)
  }

  protected take(): { values: Uint8Array } {
    const values = this.#bits.subarray(0, (this.length + 7) >> 3)
    this.#bits = new Uint8Array((roomFor(this.length) + 7) >> 3)
    return { values }
  }
}

/** Texts and blobs. Their bytes are appended at `used`, after `roomFor`, and each value ends with `end()`. */
export class BytesBuilder extends ColumnBuilder {
  bytes: Uint8Array = new Uint8Array(firstCapacity * 8)
  used = 0
  #offsets = new Int32Array(firstCapacity)

  /** Makes room for `count` more bytes. */
  room(count: number): void {
    const wanted = this.used + count
    if (wanted <= this.bytes.length) return
    if (wanted > longestBytes) throw new RangeError('More than 2 GB of text in one batch.')
    this.bytes = larger(this.bytes, Math.min(longestBytes, Math.max(wanted, this.bytes.length * 2)))
  }

  /** Ends a value whose bytes were put before `used`. */
  end(): void {
    const next = ++this.length
    if (next >= this.#offsets.length) this.#offsets = largerOffsets(this.#offsets)
    this.#offsets[next] = this.used
  }

  append(bytes: Uint8Array): void {
    this.room(bytes.length)
    this.bytes.set(bytes, this.used)
    this.used += bytes.length
    this.end()
  }

  appendEmpty(): void {
    this.end()
  }

  protected take(): { offsets: Int32Array; values: Uint8Array } {
    const offsets = this.#offsets.subarray(0, this.length + 1)
    const values = this.bytes.subarray(0, this.used)
    this.bytes = new Uint8Array(roomFor(this.used))
    this.#offsets = new Int32Array(roomFor(this.length + 1))
    this.used = 0
    return { offsets, values }
  }
}

/** Lists, or maps, whose child is a struct. Items are appended to the child, and each list ends with `end()`. */
export class ListBuilder<Child extends ColumnBuilder = ColumnBuilder> extends ColumnBuilder {
  readonly child: Child
  #offsets = new Int32Array(firstCapacity)

  constructor(child: Child) {
    super()
    this.child = child
  }

  end(): void {
    const next = ++this.length
    if (next >= this.#offsets.length) this.#offsets = largerOffsets(this.#offsets)
    this.#offsets[next] = this.child.length
  }

  appendEmpty(): void {
    this.end()
  }

  protected take(): { offsets: Int32Array; children: ColumnData[] } {
    const offsets = this.#offsets.subarray(0, this.length + 1)
    this.#offsets = new Int32Array(roomFor(this.length + 1))
    return { offsets, children: [this.child.finish()] }
  }
}

/** Structs. A value is appended to every child, then `length` is counted up. */
export class StructBuilder extends ColumnBuilder {
  readonly children: readonly ColumnBuilder[]

  constructor(children: readonly ColumnBuilder[]) {
    super()
    this.children = children
  }

  appendEmpty(): void {
    for (const child of this.children) child.appendNull()
    this.length++
  }

  protected take(): { children: ColumnData[] } {
    return { children: this.children.map((child) => child.finish()) }
  }
}

/** Unions. `choose` says which member the value appended next is of; the others get nulls when they are used again. */
export class UnionBuilder extends ColumnBuilder {
  readonly members: readonly ColumnBuilder[]
  readonly #tags = new FixedBuilder(1)

  constructor(members: readonly ColumnBuilder[]) {
    super()
    this.members = members
  }

  choose(member: number): void {
    this.#tags.room()
    this.#tags.bytes[this.#tags.length++] = member
    pad(this.members[member]!, this.length++)
  }

  appendEmpty(): void {
    this.#tags.appendEmpty()
    this.length++
  }

  protected take(): { values: Uint8Array; children: ColumnData[] } {
    const children = this.members.map((member) => {
      pad(member, this.length)
      return member.finish()
    })
    return { values: this.#tags.finish().values!, children }
  }
}

/** Nulls only. */
class NullBuilder extends ColumnBuilder {
  override appendNull(): void {
    this.length++
    this.nullCount++
  }

  appendEmpty(): void {
    this.appendNull()
  }

  protected take(): Record<string, never> {
    return {}
  }
}

/** A builder of columns of `type`. */
export function columnBuilder(type: LogicalType): ColumnBuilder {
  switch (type.kind) {
    case 'null':
      return new NullBuilder()
    case 'boolean':
      return new BooleanBuilder()
    case 'varchar':
    case 'json':
    case 'blob':
    case 'bit':
      return new BytesBuilder()
    case 'list':
      return new ListBuilder(columnBuilder(type.element))
    case 'map':
      return new ListBuilder(new StructBuilder([columnBuilder(type.key), columnBuilder(type.value)]))
    case 'struct':
      return new StructBuilder(type.fields.map((field) => columnBuilder(field.type)))
    case 'union':
      return new UnionBuilder(type.members.map((member) => columnBuilder(member.type)))
    case 'array':
      throw new TypeError('No format of rows has arrays of a fixed size.')
    default:
      return new FixedBuilder(widthOf(type))
  }
}

type Nested = 'null' | 'boolean' | 'varchar' | 'json' | 'blob' | 'bit' | 'list' | 'map' | 'struct' | 'union' | 'array'

function widthOf(type: Exclude<LogicalType, { kind: Nested }> | LogicalType): number {
  switch (type.kind) {
    case 'tinyint':
    case 'utinyint':
      return 1
    case 'smallint':
    case 'usmallint':
      return 2
    case 'integer':
    case 'uinteger':
    case 'float':
    case 'date':
      return 4
    case 'hugeint':
    case 'uhugeint':
    case 'uuid':
    case 'interval':
      return 16
    case 'decimal':
      return type.precision <= 4 ? 2 : type.precision <= 9 ? 4 : type.precision <= 18 ? 8 : 16
    case 'enum':
      return type.values.length <= 256 ? 1 : type.values.length <= 65_536 ? 2 : 4
    default:
      return 8
  }
}

/** Offsets are int32. */
const longestBytes = 2 ** 31 - 1

/** A little more than what was used: the next batch will probably be of that size. */
function roomFor(used: number): number {
  return Math.max(64, used + (used >> 4))
}

function larger(bytes: Uint8Array, capacity: number): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(capacity)
  copy.set(bytes)
  return copy
}

function largerOffsets(offsets: Int32Array): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(offsets.length * 2)
  copy.set(offsets)
  return copy
}

function pad(builder: ColumnBuilder, length: number): void {
  while (builder.length < length) builder.appendNull()
}
