import { type Data, DataType, Message, type Schema as ArrowSchema, Type, UnionMode, Vector } from 'apache-arrow'
import { Footer } from 'apache-arrow/ipc/metadata/file'
import { BufferRegion, FieldNode } from 'apache-arrow/ipc/metadata/message'
import { VectorLoader } from 'apache-arrow/visitor/vectorloader'
import { isLakefrontError, LakefrontError } from '../errors.ts'
import { columnFromArrow } from './arrow-decode.ts'
import type { ColumnData } from './column-data.ts'
import type { Field } from './logical-type.ts'
import { fieldFromArrow } from './type-from-arrow.ts'

/** Rows as a message of Arrow IPC describes them. */
export interface ArrowRows {
  readonly length: number
  readonly nodes: readonly { readonly length: number; readonly nulls: number }[]
  /** How many buffers there are. */
  readonly buffers: number
  /** Of columns of views, how many buffers each has beside its views. */
  readonly variadic: readonly number[]
}

/** A schema as it is written: in the metadata of a message, or in the footer of a file. */
export interface ArrowSchemaBytes {
  readonly of: 'message' | 'footer'
  readonly bytes: Uint8Array
}

/** Where the parts of a column are among those of its rows. */
export interface ArrowPlace {
  readonly nodes: number
  readonly buffers: number
  readonly variadic: number
}

/** The metadata version since which unions have no bitmap of their own. */
const version5 = 4

/**
 * Makes columns out of the buffers of Arrow IPC messages of one schema: only of the columns that are wanted, over the same memory where
 * the layouts are equal.
 */
export class ArrowLoader {
  readonly fields: readonly Field[]
  readonly #schema: ArrowSchema
  readonly #dictionaries = new Map<number, Vector>()

  /** Throws `UNSUPPORTED`, naming the column, for types without a counterpart. */
  constructor({ of, bytes }: ArrowSchemaBytes) {
    try {
      this.#schema = of === 'footer' ? Footer.decode(bytes).schema : (Message.decode(bytes).header() as ArrowSchema)
    } catch (cause) {
      const name = cause instanceof Error ? /^Unrecognized type: "(\w+)"/.exec(cause.message)?.[1] : undefined
      if (name === undefined) throw new RangeError('its schema cannot be read', { cause })
      const message = `A column has the Arrow type ${name}, which is not read here. Cast it before it is written.`
      throw new LakefrontError('UNSUPPORTED', message, { details: { arrowType: name }, cause })
    }
    this.fields = whole(() => this.#schema.fields.map((field) => fieldFromArrow(field)))
  }

  /** Whether a column, or anything inside of it, is encoded with a dictionary. */
  usesDictionaries(columns: readonly number[]): boolean {
    return columns.some((column) => holdsDictionary(this.#schema.fields[column]!.type))
  }

  /** Where each column begins in `rows`, and at last where they end. */
  placesOf(rows: ArrowRows): readonly ArrowPlace[] {
    const place = { nodes: 0, buffers: 0, variadic: 0 }
    const places = this.#schema.fields.map(({ type }) => {
      const start = { ...place }
      this.#pass(type, place, rows)
      return start
    })
    if (place.nodes !== rows.nodes.length || place.buffers !== rows.buffers)
      throw new RangeError('it has not the parts that its schema says')
    return [...places, place]
  }

  /** The columns `wanted`; `buffers` has theirs at their places, aligned to 8 bytes. Throws RangeError where they are damaged. */
  columns(rows: ArrowRows, wanted: readonly number[], buffers: readonly (Uint8Array | undefined)[]): ColumnData[] {
    const places = this.placesOf(rows)
    return wanted.map((column) => {
      const { type } = this.#schema.fields[column]!
      const data = this.#load(rows, [places[column]!, places[column + 1]!], type, buffers)
      if (data.length !== rows.length) throw new RangeError('its columns differ in length')
      return whole(() => columnFromArrow(this.fields[column]!.type, data))
    })
  }

  /** Takes a dictionary, or more values of one; columns that come later use it. */
  takeDictionary(id: number, rows: ArrowRows, buffers: readonly Uint8Array[], isDelta: boolean): void {
    const type = this.#schema.dictionaries.get(id)
    if (type === undefined) return
    const end = { nodes: 0, buffers: 0, variadic: 0 }
    this.#pass(type, end, rows)
    const values = new Vector([this.#load(rows, [{ nodes: 0, buffers: 0, variadic: 0 }, end], type, buffers)])
    const known = this.#dictionaries.get(id)
    this.#dictionaries.set(id, isDelta && known !== undefined ? known.concat(values) : values)
  }

  #load(
    rows: ArrowRows,
    [start, end]: readonly [ArrowPlace, ArrowPlace],
    type: DataType,
    buffers: readonly (Uint8Array | undefined)[],
  ): Data {
    const nodes = rows.nodes.slice(start.nodes, end.nodes).map(({ length, nulls }) => new FieldNode(length, nulls))
    return whole(() => {
      const loader = new BufferLoader(nodes, buffers.slice(start.buffers, end.buffers), {
        dictionaries: this.#dictionaries,
        version: this.#schema.metadataVersion,
        variadic: rows.variadic.slice(start.variadic, end.variadic),
      })
      return loader.visitMany([type])[0]!
    })
  }

  /** Moves `place` behind a column of `type`. */
  #pass(type: DataType, place: { -readonly [Part in keyof ArrowPlace]: number }, rows: ArrowRows): void {
    place.nodes++
    switch (type.typeId as Type) {
      case Type.Null:
        return
      case Type.Utf8:
      case Type.Binary:
      case Type.LargeUtf8:
      case Type.LargeBinary:
        place.buffers += 3
        return
      case Type.Utf8View:
      case Type.BinaryView:
        place.buffers += 2 + (rows.variadic[place.variadic++] ?? 0)
        return
      case Type.Struct:
      case Type.FixedSizeList:
        place.buffers += 1
        break
      case Type.Union: {
        const isSparse = (type as unknown as { mode: UnionMode }).mode === UnionMode.Sparse
        place.buffers += (isSparse ? 1 : 2) + ((this.#schema.metadataVersion as number) < version5 ? 1 : 0)
        break
      }
      default:
        place.buffers += 2
    }
    if (DataType.isDictionary(type)) return
    for (const child of type.children ?? []) this.#pass((child as { type: DataType }).type, place, rows)
  }
}

/** Reads buffers one by one, where the library's own takes them out of one body. */
class BufferLoader extends VectorLoader {
  readonly #buffers: readonly (Uint8Array | undefined)[]

  constructor(
    nodes: FieldNode[],
    buffers: readonly (Uint8Array | undefined)[],
    rest: { dictionaries: Map<number, Vector>; version: number; variadic: number[] },
  ) {
    const regions = buffers.map((buffer) => new BufferRegion(0, buffer?.length ?? 0))
    super(new Uint8Array(), nodes, regions, rest.dictionaries, rest.version, rest.variadic)
    this.#buffers = buffers
  }

  protected override readData<T extends DataType>(
    _type: T,
    _region: BufferRegion = this.nextBufferRange(),
  ): Uint8Array {
    const buffer = this.#buffers[this.buffersIndex]
    if (buffer === undefined) throw new RangeError('a buffer is missing')
    return buffer
  }

  protected override readDictionary<T extends DataType>(type: T): never {
    const dictionary = super.readDictionary(type as never) as unknown
    if (dictionary === undefined) throw new RangeError('a column uses a dictionary that is not there')
    return dictionary as never
  }
}

/** What `load` answers; whatever the library fails with means damage. */
function whole<T>(load: () => T): T {
  try {
    return load()
  } catch (cause) {
    if (isLakefrontError(cause) || cause instanceof RangeError) throw cause
    throw new RangeError(cause instanceof Error ? cause.message : 'it cannot be read', { cause })
  }
}

function holdsDictionary(type: DataType): boolean {
  return (
    DataType.isDictionary(type) ||
    (type.children ?? []).some((child) => holdsDictionary((child as { type: DataType }).type))
  )
}
