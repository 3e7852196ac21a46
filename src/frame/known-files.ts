import type { Statement } from '../engine/engine.ts'
import { withSchema } from '../plan/leaf.ts'
import type { Leaf, Plan } from '../plan/nodes.ts'
import type { FileSource, Source } from '../scan/source.ts'
import { columnsText } from '../types/columns-text.ts'
import type { Schema } from '../types/logical-type.ts'
import { sourceId } from './source-id.ts'

/** A source of files before it has an id. */
export type UnnamedSource = FileSource extends infer Each ? (Each extends FileSource ? Omit<Each, 'id'> : never) : never

interface Columns {
  readonly schema: Schema
  /** As {@link columnsText} has it. */
  readonly text: string
}

/**
 * The files that DataFrames of a session read, so that a chain built anew asks nothing that was answered before: what names the same
 * files is the same source as long as somebody holds it, and its columns are believed to be those that were found last. Statements say
 * what they believe (`Statement.expects`), and the engine refuses them when it is not so any more.
 */
export class KnownFiles {
  readonly #notices: boolean
  readonly #sources = new Map<string, WeakRef<FileSource>>()
  readonly #columns = new WeakMap<Source, Columns>()
  readonly #believed = new WeakMap<Plan, string>()
  readonly #gone = new FinalizationRegistry<string>((key) => {
    if (this.#sources.get(key)?.deref() === undefined) this.#sources.delete(key)
  })

  /** `notices`: whether the engine keeps to `Statement.expects`. Otherwise nothing is believed. */
  constructor(notices: boolean) {
    this.#notices = notices
  }

  /** The source of these files. Files in memory have one each time. */
  source(unnamed: UnnamedSource): FileSource {
    if (!this.#notices || !unnamed.files.every((file) => typeof file === 'string')) return named(unnamed)
    const key = JSON.stringify([unnamed.format, unnamed.files, unnamed.options])
    const known = this.#sources.get(key)?.deref()
    if (known !== undefined) return known
    const source = named(unnamed)
    this.#sources.set(key, new WeakRef(source))
    this.#gone.register(source, key)
    return source
  }

  learn(source: Source, schema: Schema): void {
    if (!this.#notices || !('files' in source)) return
    this.#columns.set(source, { schema, text: columnsText(schema) })
  }

  forget(source: Source): void {
    this.#columns.delete(source)
  }

  /** The columns a source had when it was last looked at. */
  columns(source: Source): Schema | undefined {
    return this.#columns.get(source)?.schema
  }

  /** `leaf` with the columns its source had when it was last looked at; undefined when it never was. */
  believed(leaf: Leaf): Leaf | undefined {
    const known = leaf.kind === 'Scan' ? this.#columns.get(leaf.source) : undefined
    if (known === undefined) return undefined
    const believed = withSchema(leaf, known.schema)
    this.#believed.set(believed, known.text)
    return believed
  }

  /** What a statement has to expect when it reads these leaves. */
  expected(leaves: Iterable<Leaf>): Pick<Statement, 'expects'> {
    const believed = [...leaves].flatMap((leaf) => {
      const text = this.#believed.get(leaf)
      return text === undefined || leaf.kind !== 'Scan' ? [] : [[leaf.source.id, text] as const]
    })
    return believed.length === 0 ? {} : { expects: Object.fromEntries(believed) }
  }
}

function named(unnamed: UnnamedSource): FileSource {
  return Object.freeze({ id: sourceId(labelOf(unnamed.files[0]!)), ...unnamed }) as FileSource
}

function labelOf(file: FileSource['files'][number]): string {
  const name =
    typeof file === 'string'
      ? file.replace(/[?#].*$/s, '')
      : 'name' in file && typeof file.name === 'string'
        ? file.name
        : ''
  return (
    name
      .split(/[/\\]/)
      .findLast((part) => part !== '')
      ?.slice(-60) ?? 'bytes'
  )
}
