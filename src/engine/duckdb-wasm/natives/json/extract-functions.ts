import type { LogicalType } from '../../../../types/logical-type.ts'
import type { Pointer } from '../../capi.ts'
import type { NativeFunctions, ScalarCall, ScalarOverload } from '../native-functions.ts'
import type { Column, VectorAccess } from '../vector-access.ts'
import { compileJsonPath } from './json-path.ts'
import type { JsonPath } from './json-path.ts'
import { jsonTags } from './json-reader.ts'
import type { JsonReader } from './json-reader.ts'

/** Functions of a document and a path, a list of paths, or (some) nothing more. */
interface Extraction {
  readonly names: readonly string[]
  readonly returns: LogicalType
  /** Whether it takes an index in the place of a path. */
  readonly takesIndex: boolean
  /** Whether the path may be left out. */
  readonly takesWhole: boolean
  /** Writes what is said of `value`, which is 0 when there is nothing at the path. */
  readonly put: (value: Pointer, vector: Pointer, row: number) => void
}

const json: LogicalType = { kind: 'json' }
const varchar: LogicalType = { kind: 'varchar' }
const bigint: LogicalType = { kind: 'bigint' }
const listOf = (element: LogicalType): LogicalType => ({ kind: 'list', element })

/** What `json_type` says of a tag. */
export const jsonTypeNames: Readonly<Record<number, string>> = {
  [jsonTags.raw]: 'DOUBLE',
  [jsonTags.null]: 'NULL',
  [jsonTags.false]: 'BOOLEAN',
  [jsonTags.true]: 'BOOLEAN',
  [jsonTags.unsigned]: 'UBIGINT',
  [jsonTags.signed]: 'BIGINT',
  [jsonTags.real]: 'DOUBLE',
  [jsonTags.text]: 'VARCHAR',
  [jsonTags.plainText]: 'VARCHAR',
  [jsonTags.array]: 'ARRAY',
  [jsonTags.object]: 'OBJECT',
}

const rememberedPaths = 256

/** `json_extract` and its relatives, `->>` among them; `->` is `json_extract` to DuckDB's parser. */
export class ExtractFunctions {
  readonly #functions: NativeFunctions
  readonly #reader: JsonReader
  readonly #vectors: VectorAccess
  readonly #paths = new Map<string, JsonPath>()

  constructor(functions: NativeFunctions, reader: JsonReader, vectors: VectorAccess) {
    this.#functions = functions
    this.#reader = reader
    this.#vectors = vectors
  }

  register(): void {
    for (const extraction of this.#extractions()) {
      const overloads = [varchar, json].flatMap((document) => this.#overloads(extraction, document))
      for (const name of extraction.names) this.#functions.scalar(name, overloads)
    }
  }

  #extractions(): readonly Extraction[] {
    const reader = this.#reader
    const vectors = this.#vectors
    const orNull =
      (put: Extraction['put']): Extraction['put'] =>
      (value, vector, row) =>
        value === 0 ? vectors.putNull(vector, row) : put(value, vector, row)
    const putJson = (value: Pointer, vector: Pointer, row: number): void => {
      const text = reader.write(value)
      vectors.putBytes(vector, row, text, reader.written)
    }
    return [
      {
        names: ['json_extract', 'json_extract_path'],
        returns: json,
        takesIndex: true,
        takesWhole: false,
        put: orNull(putJson),
      },
      {
        names: ['json_extract_string', 'json_extract_path_text', '->>'],
        returns: varchar,
        takesIndex: true,
        takesWhole: false,
        put: orNull((value, vector, row) => {
          const tag = reader.tag(value)
          if (tag === jsonTags.null) vectors.putNull(vector, row)
          else if (tag === jsonTags.text || tag === jsonTags.plainText)
            vectors.putBytes(vector, row, reader.address(value), reader.length(value))
          else putJson(value, vector, row)
        }),
      },
      {
        names: ['json_value'],
        returns: varchar,
        takesIndex: true,
        takesWhole: false,
        put: orNull((value, vector, row) => {
          if (reader.tag(value) === jsonTags.null || reader.isContainer(value)) vectors.putNull(vector, row)
          else putJson(value, vector, row)
        }),
      },
      {
        names: ['json_type'],
        returns: varchar,
        takesIndex: false,
        takesWhole: true,
        put: orNull((value, vector, row) => vectors.putText(vector, row, jsonTypeNames[reader.tag(value)]!)),
      },
      {
        names: ['json_exists'],
        returns: { kind: 'boolean' },
        takesIndex: false,
        takesWhole: false,
        put: (value, vector, row) => vectors.putBoolean(vector, row, value !== 0),
      },
      {
        names: ['json_array_length'],
        returns: { kind: 'ubigint' },
        takesIndex: false,
        takesWhole: true,
        put: orNull((value, vector, row) =>
          vectors.putCount(vector, row, reader.tag(value) === jsonTags.array ? reader.length(value) : 0),
        ),
      },
      {
        names: ['json_keys'],
        returns: listOf(varchar),
        takesIndex: false,
        takesWhole: true,
        put: orNull((value, vector, row) => {
          const isObject = reader.tag(value) === jsonTags.object
          let at = vectors.putList(vector, row, isObject ? reader.length(value) : 0)
          if (!isObject) return
          const keys = vectors.elementsOf(vector)
          let isKey = false
          for (const child of reader.children(value)) {
            isKey = !isKey
            if (isKey) vectors.putBytes(keys, at++, reader.address(child), reader.length(child))
          }
        }),
      },
    ]
  }

  #overloads({ returns, takesIndex, takesWhole, put }: Extraction, document: LogicalType): ScalarOverload[] {
    const byPath = (type: LogicalType): ScalarOverload => ({
      parameters: [document, type],
      returns,
      bind: (call) => {
        const text = call.constantText(1)
        if (text === undefined || text === null) return
        const path = this.#compile(text, type === bigint)
        if (path.kind === 'steps' && path.isWild) call.setReturnType(listOf(returns))
      },
      run: (call) => this.#runPath(call, put, returns, type === bigint),
    })
    return [
      ...(takesWhole
        ? [{ parameters: [document], returns, run: (call: ScalarCall) => this.#runWhole(call, put) }]
        : []),
      ...(takesIndex ? [byPath(bigint)] : []),
      byPath(varchar),
      {
        parameters: [document, listOf(varchar)],
        returns: listOf(returns),
        bind: (call) => {
          if (call.constantText(1) === undefined) throw new Error('List of paths must be constant')
        },
        run: (call) => this.#runPaths(call, put),
      },
    ]
  }

  #runWhole({ input, output, rows }: ScalarCall, put: Extraction['put']): void {
    const [documents] = this.#begin(input, 1)
    for (let row = 0; row < rows; row++) {
      const root = this.#parse(documents!, row)
      if (root === 0) this.#vectors.putNull(output, row)
      else put(root, output, row)
    }
    this.#reader.trim()
  }

  #runPath({ input, output, rows }: ScalarCall, put: Extraction['put'], returns: LogicalType, isIndex: boolean): void {
    const [documents, paths] = this.#begin(input, 2)
    const isWild = this.#listDepth(output) > (returns.kind === 'list' ? 1 : 0)
    let path: JsonPath | undefined
    let last = -1
    const found: Pointer[] = []
    for (let row = 0; row < rows; row++) {
      if (this.#vectors.isNull(paths!, row) || this.#vectors.isNull(documents!, row)) {
        this.#vectors.putNull(output, row)
        continue
      }
      if (isIndex) path = this.#compile(String(this.#bigintAt(paths!, row)), true)
      else if (last < 0 || !this.#vectors.isSame(paths!, row, last))
        path = this.#compile(this.#vectors.text(paths!, row), false)
      last = row
      const root = this.#parse(documents!, row)
      if (path!.kind === 'steps' && path!.isWild) {
        if (!isWild) throw new Error('JSON path cannot contain wildcards if the path is not a constant parameter')
        found.length = 0
        this.#reader.findAll(root, path!.steps, found)
        this.#putAll(found, output, row, put)
      } else put(this.#reader.find(root, path!), output, row)
    }
    this.#reader.trim()
  }

  #runPaths({ input, output, rows }: ScalarCall, put: Extraction['put']): void {
    const [documents, lists] = this.#begin(input, 2)
    const texts = this.#vectors.column(this.#vectors.elementsOf(lists!.vector))
    const { heap } = this.#functions.duckdb
    for (let row = 0; row < rows; row++) {
      const root = this.#parse(documents!, row)
      if (root === 0 || this.#vectors.isNull(lists!, row)) {
        this.#vectors.putNull(output, row)
        continue
      }
      const entry = (lists!.data + row * 16) >>> 2
      const start = heap.words[entry]!
      const count = heap.words[entry + 2]!
      const found = Array.from({ length: count }, (_, index) => {
        if (this.#vectors.isNull(texts, start + index)) throw new Error('JSON path cannot be NULL')
        const path = this.#compile(this.#vectors.text(texts, start + index), false)
        if (path.kind === 'steps' && path.isWild)
          throw new Error('Cannot have wildcards in JSON path when supplying multiple paths')
        return this.#reader.find(root, path)
      })
      this.#putAll(found, output, row, put)
    }
    this.#reader.trim()
  }

  #putAll(values: readonly Pointer[], output: Pointer, row: number, put: Extraction['put']): void {
    const start = this.#vectors.putList(output, row, values.length)
    const elements = this.#vectors.elementsOf(output)
    values.forEach((value, index) => put(value, elements, start + index))
  }

  #begin(input: Pointer, count: number): Column[] {
    this.#vectors.begin()
    return this.#vectors.columns(input, count)
  }

  /** The root of the document of `row`, or 0 for null. */
  #parse(documents: Column, row: number): Pointer {
    if (this.#vectors.isNull(documents, row)) return 0
    this.#vectors.seek(documents, row)
    return this.#reader.parse(this.#vectors.address, this.#vectors.bytes)
  }

  #compile(text: string, isIndex: boolean): JsonPath {
    if (isIndex) return compileJsonPath(text, true)
    const known = this.#paths.get(text)
    if (known !== undefined) return known
    if (this.#paths.size >= rememberedPaths) this.#paths.clear()
    const path = compileJsonPath(text, false)
    this.#paths.set(text, path)
    return path
  }

  #bigintAt({ data }: Column, row: number): bigint {
    const { bytes } = this.#functions.duckdb.heap
    return new DataView(bytes.buffer).getBigInt64(data + row * 8, true)
  }

  /** How many lists deep the elements of a vector lie. */
  #listDepth(vector: Pointer): number {
    const { duckdb, types } = this.#functions
    let type = types.take(duckdb.capi.vectorGetColumnType(vector), 'result')
    let depth = 0
    for (; type.kind === 'list'; type = type.element) depth++
    return depth
  }
}
