import type { LogicalType } from '../../../../types/logical-type.ts'
import type { Pointer } from '../../capi.ts'
import type { CastCall, NativeFunctions, ScalarCall, ScalarOverload } from '../native-functions.ts'
import type { VectorAccess } from '../vector-access.ts'
import { JsonReader, jsonTags } from './json-reader.ts'
import { addToStructure, structureText } from './json-structure.ts'

const json: LogicalType = { kind: 'json' }
const varchar: LogicalType = { kind: 'varchar' }
const boolean: LogicalType = { kind: 'boolean' }

/** Functions of whole documents, and the type `JSON` itself, which is text that was checked. */
export class DocumentFunctions {
  readonly #functions: NativeFunctions
  readonly #reader: JsonReader
  readonly #vectors: VectorAccess

  constructor(functions: NativeFunctions, reader: JsonReader, vectors: VectorAccess) {
    this.#functions = functions
    this.#reader = reader
    this.#vectors = vectors
  }

  register(): void {
    const functions = this.#functions
    functions.nameType(json)
    this.#registerCasts()
    this.#registerListCasts()
    const ofText = (returns: LogicalType, run: (call: ScalarCall) => void): ScalarOverload[] =>
      [varchar, json].map((type) => ({ parameters: [type], returns, run }))
    functions.scalar(
      'json_valid',
      ofText(boolean, (call) =>
        this.#eachRow(call, 1, (row, text, bytes) => {
          this.#vectors.putBoolean(call.output, row, this.#reader.tryParse(text, bytes) !== 0)
        }),
      ),
    )
    const rewrite =
      (isPretty: boolean) =>
      (call: ScalarCall): void =>
        this.#eachRow(call, 1, (row, text, bytes) => {
          const written = this.#reader.write(this.#reader.parse(text, bytes), isPretty)
          this.#vectors.putBytes(call.output, row, written, this.#reader.written)
        })
    functions.scalar('json_pretty', [{ parameters: [json], returns: varchar, run: rewrite(true) }])
    functions.scalar('json', ofText(json, rewrite(false)))
    functions.scalar(
      'json_structure',
      ofText(json, (call) =>
        this.#eachRow(call, 1, (row, text, bytes) => {
          const root = this.#reader.parse(text, bytes)
          this.#vectors.putText(call.output, row, structureText(addToStructure(this.#reader, root, undefined)))
        }),
      ),
    )
    functions.scalar(
      'json_contains',
      [varchar, json].flatMap((haystack) =>
        [varchar, json].map((needle) => ({
          parameters: [haystack, needle],
          returns: boolean,
          run: (call: ScalarCall) => this.#contains(call),
        })),
      ),
    )
    functions.scalar('json_merge_patch', [
      { parameters: [json, json], rest: json, returns: json, takesNulls: true, run: (call) => this.#merge(call) },
    ])
  }

  #registerCasts(): void {
    const { capi } = this.#functions.duckdb
    this.#functions.cast({
      from: json,
      to: varchar,
      implicitCost: 1,
      run: ({ input, output }) => capi.vectorReferenceVector(output, input),
    })
    this.#functions.cast({
      from: { kind: 'null' },
      to: json,
      implicitCost: 150,
      run: ({ output, rows }) => {
        for (let row = 0; row < rows; row++) this.#vectors.putNull(output, row)
      },
    })
    this.#functions.cast({
      from: varchar,
      to: json,
      implicitCost: 161,
      run: ({ input, output, rows, fail }) => {
        this.#vectors.begin()
        const column = this.#vectors.column(input)
        for (let row = 0; row < rows; row++) {
          if (this.#vectors.isNull(column, row)) {
            this.#vectors.putNull(output, row)
            continue
          }
          this.#vectors.seek(column, row)
          const { address, bytes } = this.#vectors
          if (this.#reader.tryParse(address, bytes) === 0) fail(row, this.#reader.failure(address, bytes))
          else this.#vectors.putBytes(output, row, address, bytes)
        }
        this.#reader.trim()
      },
    })
  }

  /** Lists of JSON and text: elements stand in it as they are, without quotes of their own. */
  #registerListCasts(): void {
    const list: LogicalType = { kind: 'list', element: json }
    const toText = ({ input, output, rows }: CastCall): void => {
      this.#vectors.begin()
      const lists = this.#vectors.column(input)
      const elements = this.#vectors.column(this.#vectors.elementsOf(input))
      const { heap } = this.#functions.duckdb
      for (let row = 0; row < rows; row++) {
        if (this.#vectors.isNull(lists, row)) {
          this.#vectors.putNull(output, row)
          continue
        }
        const entry = (lists.data + row * 16) >>> 2
        const start = heap.words[entry]!
        const texts = Array.from({ length: heap.words[entry + 2]! }, (_, index) =>
          this.#vectors.isNull(elements, start + index) ? 'NULL' : this.#vectors.text(elements, start + index),
        )
        this.#vectors.putText(output, row, `[${texts.join(', ')}]`)
      }
    }
    this.#functions.cast({ from: list, to: varchar, implicitCost: -1, run: toText })
    this.#functions.cast({ from: list, to: json, implicitCost: 100, run: toText })
    this.#functions.cast({
      from: varchar,
      to: list,
      implicitCost: -1,
      run: ({ input, output, rows, fail }) => {
        this.#vectors.begin()
        const column = this.#vectors.column(input)
        for (let row = 0; row < rows; row++) {
          if (this.#vectors.isNull(column, row)) {
            this.#vectors.putNull(output, row)
            continue
          }
          this.#vectors.seek(column, row)
          const { address, bytes } = this.#vectors
          const root = this.#reader.tryParse(address, bytes)
          if (root === 0) fail(row, this.#reader.failure(address, bytes))
          else if (this.#reader.tag(root) !== jsonTags.array) fail(row, 'Cannot cast to list of JSON.')
          else {
            let at = this.#vectors.putList(output, row, this.#reader.length(root))
            const elements = this.#vectors.elementsOf(output)
            for (const child of this.#reader.children(root)) {
              const text = this.#reader.write(child)
              this.#vectors.putBytes(elements, at++, text, this.#reader.written)
            }
          }
        }
        this.#reader.trim()
      },
    })
  }

  /** Runs `use` with the text of every row that has one; the others become null. */
  #eachRow(call: ScalarCall, columns: number, use: (row: number, text: Pointer, bytes: number) => void): void {
    const vectors = this.#vectors
    vectors.begin()
    const [first, ...rest] = vectors.columns(call.input, columns)
    for (let row = 0; row < call.rows; row++) {
      if (vectors.isNull(first!, row) || rest.some((column) => vectors.isNull(column, row))) {
        vectors.putNull(call.output, row)
        continue
      }
      vectors.seek(first!, row)
      use(row, vectors.address, vectors.bytes)
    }
    this.#reader.trim()
  }

  #contains(call: ScalarCall): void {
    const { duckdb, cpp } = this.#functions
    const [, needles] = this.#vectors.columns(call.input, 2)
    const reader = new JsonReader(duckdb, cpp)
    try {
      this.#eachRow(call, 2, (row, text, bytes) => {
        this.#vectors.seek(needles!, row)
        const needle = reader.parse(this.#vectors.address, this.#vectors.bytes)
        const haystack = this.#reader.parse(text, bytes)
        this.#vectors.putBoolean(call.output, row, this.#holds(haystack, needle))
      })
    } finally {
      reader.close()
    }
  }

  /** Whether `needle` is `haystack` or something in it, where objects may have more members and arrays more elements. */
  #holds(haystack: Pointer, needle: Pointer): boolean {
    if (this.#covers(haystack, needle)) return true
    const isObject = this.#reader.tag(haystack) === jsonTags.object
    if (!this.#reader.isContainer(haystack)) return false
    let isKey = false
    for (const child of this.#reader.children(haystack)) {
      isKey = isObject && !isKey
      if (!isKey && this.#holds(child, needle)) return true
    }
    return false
  }

  #covers(haystack: Pointer, needle: Pointer): boolean {
    const reader = this.#reader
    if (this.#functions.cpp.jsonEquals(haystack, needle) !== 0) return true
    const tag = reader.tag(needle)
    if (tag !== reader.tag(haystack) || !reader.isContainer(needle)) return false
    if (tag === jsonTags.array) {
      for (const wanted of reader.children(needle)) {
        let isThere = false
        for (const child of reader.children(haystack)) if ((isThere = this.#covers(child, wanted))) break
        if (!isThere) return false
      }
      return true
    }
    let name: Uint8Array | undefined
    for (const child of reader.children(needle)) {
      if (name === undefined) {
        const start = reader.address(child)
        name = this.#functions.duckdb.heap.bytes.slice(start, start + reader.length(child))
        continue
      }
      const found = reader.member(haystack, name)
      name = undefined
      if (found === 0 || !this.#covers(found, child)) return false
    }
    return true
  }

  #merge({ input, output, rows }: ScalarCall): void {
    const vectors = this.#vectors
    vectors.begin()
    const columns = vectors.columns(input, this.#functions.api.dataChunkGetColumnCount(input))
    for (let row = 0; row < rows; row++) {
      let texts: (readonly [Pointer, number])[] = []
      for (const column of columns) {
        // A null wipes out what came before it; nothing after the last one is null too.
        if (vectors.isNull(column, row)) texts = []
        else {
          vectors.seek(column, row)
          texts.push([vectors.address, vectors.bytes])
        }
      }
      if (texts.length === 0) vectors.putNull(output, row)
      else vectors.putBytes(output, row, this.#reader.merge(texts), this.#reader.written)
    }
    this.#reader.trim()
  }
}
