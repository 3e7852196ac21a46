import type { LogicalType } from '../../../../types/logical-type.ts'
import type { Pointer } from '../../capi.ts'
import type { NativeFunctions, ScalarCall } from '../native-functions.ts'
import type { VectorAccess } from '../vector-access.ts'
import { jsonTypeNames } from './extract-functions.ts'
import { compileJsonPath } from './json-path.ts'
import type { JsonPath } from './json-path.ts'
import { jsonTags } from './json-reader.ts'
import type { JsonReader } from './json-reader.ts'

const json: LogicalType = { kind: 'json' }
const varchar: LogicalType = { kind: 'varchar' }
const ubigint: LogicalType = { kind: 'ubigint' }

const columns: readonly (readonly [name: string, type: LogicalType])[] = [
  ['key', varchar],
  ['value', json],
  ['type', varchar],
  ['atom', json],
  ['id', ubigint],
  ['parent', ubigint],
  ['fullkey', varchar],
  ['path', varchar],
]

const rows: LogicalType = {
  kind: 'list',
  element: { kind: 'struct', fields: columns.map(([name, type]) => ({ name, type, nullable: true })) },
}

/** One value of a document, as a row tells of it. */
interface Entry {
  readonly value: Pointer
  readonly key: string | undefined
  /** 0 for none. */
  readonly parent: Pointer
  readonly fullkey: string
  readonly path: string
}

/** `json_each` and `json_tree`: table macros, which unnest lists of rows that scalar functions of ours make. */
export class EachFunctions {
  readonly #functions: NativeFunctions
  readonly #reader: JsonReader
  readonly #vectors: VectorAccess

  constructor(functions: NativeFunctions, reader: JsonReader, vectors: VectorAccess) {
    this.#functions = functions
    this.#reader = reader
    this.#vectors = vectors
  }

  register(): void {
    for (const [name, isDeep] of [
      ['json_each', false],
      ['json_tree', true],
    ] as const) {
      this.#functions.scalar(
        `lf_${name}`,
        [varchar, json].map((document) => ({
          parameters: [document, varchar],
          returns: rows,
          run: (call) => this.#run(call, isDeep),
        })),
      )
      this.#functions.macros([
        {
          name,
          parameters: ['document'],
          defaults: [['path', "'$'"]],
          isTable: true,
          sql: `SELECT unnest(lf_${name}(document, path), max_depth := 2)`,
        },
      ])
    }
  }

  #run({ input, output, rows: count }: ScalarCall, isDeep: boolean): void {
    const vectors = this.#vectors
    vectors.begin()
    const [documents, paths] = vectors.columns(input, 2)
    let text = ''
    let path: JsonPath | undefined
    for (let row = 0; row < count; row++) {
      if (vectors.isNull(documents!, row) || vectors.isNull(paths!, row)) {
        vectors.putNull(output, row)
        continue
      }
      const given = vectors.text(paths!, row)
      if (path === undefined || given !== text) path = compileStart(given)
      text = given
      vectors.seek(documents!, row)
      const root = this.#reader.parse(vectors.address, vectors.bytes)
      const start = this.#reader.find(root, path)
      const fullkey = text.startsWith('$') ? text : `$."${text}"`
      this.#put(output, row, root, start === 0 ? [] : this.#entries(start, fullkey, isDeep))
    }
    this.#reader.trim()
  }

  /** What is at `start` and all below it in document order; or what is in it, or itself when nothing can be. */
  #entries(start: Pointer, path: string, isDeep: boolean): readonly Entry[] {
    const reader = this.#reader
    const top: Entry = { value: start, key: undefined, parent: 0, fullkey: path, path }
    if (!isDeep) return reader.isContainer(start) ? [...this.#inside(top, 0)] : [top]
    const entries: Entry[] = []
    const open: Iterator<Entry>[] = [[top].values()]
    while (open.length > 0) {
      const { done, value: entry } = open.at(-1)!.next()
      if (done === true) open.pop()
      else {
        entries.push(entry)
        if (reader.isContainer(entry.value)) open.push(this.#inside(entry, entry.value))
      }
    }
    return entries
  }

  *#inside({ value, fullkey: path }: Entry, parent: Pointer): Generator<Entry, undefined> {
    const reader = this.#reader
    const isObject = reader.tag(value) === jsonTags.object
    let key: string | undefined
    let index = 0
    for (const child of reader.children(value)) {
      if (isObject && key === undefined) {
        key = reader.text(child)
        continue
      }
      const fullkey = isObject ? `${path}.${key}` : `${path}[${index}]`
      yield { value: child, key: key ?? String(index++), parent, fullkey, path }
      key = undefined
    }
  }

  #put(output: Pointer, row: number, root: Pointer, entries: readonly Entry[]): void {
    const reader = this.#reader
    const vectors = this.#vectors
    const start = vectors.putList(output, row, entries.length)
    const list = vectors.elementsOf(output)
    const [keys, values, types, atoms, ids, parents, fullkeys, places] = columns.map((_, index) =>
      this.#functions.duckdb.capi.structVectorGetChild(list, index),
    )
    entries.forEach(({ value, key, parent, fullkey, path }, index) => {
      const at = start + index
      const tag = reader.tag(value)
      if (key === undefined) vectors.putNull(keys!, at)
      else vectors.putText(keys!, at, key)
      const text = reader.write(value)
      vectors.putBytes(values!, at, text, reader.written)
      vectors.putText(types!, at, jsonTypeNames[tag]!)
      if (tag === jsonTags.null || reader.isContainer(value)) vectors.putNull(atoms!, at)
      else vectors.putBytes(atoms!, at, text, reader.written)
      vectors.putCount(ids!, at, (value - root) / 16)
      if (parent === 0) vectors.putNull(parents!, at)
      else vectors.putCount(parents!, at, (parent - root) / 16)
      vectors.putText(fullkeys!, at, fullkey)
      vectors.putText(places!, at, path)
    })
  }
}

/** Compiles where rows begin: steps to one value. */
function compileStart(text: string): JsonPath {
  const path = compileJsonPath(text, false)
  if (path.kind === 'pointer' || text === '') throw new Error("JSON path must start with '$' for json_each/json_tree")
  if (path.isWild) throw new Error('Wildcard JSON path not supported in json_each/json_tree')
  return path
}
