import { LakefrontError } from '../errors.ts'
import type { AnyRow } from '../expr/column-types.ts'
import { columnReference } from '../expr/operand.ts'
import { project } from '../plan/columns.ts'
import { scan } from '../plan/leaf.ts'
import type { FileReference } from '../scan/source.ts'
import { type SchemaLike, schemaFrom } from '../types/batch-from-rows.ts'
import { DataFrame } from './dataframe.ts'
import type { Executor } from './executor.ts'
import { sourceId } from './source-id.ts'

export interface ReadOptions<Row extends object = AnyRow> {
  /** Columns to keep, in this order; the others are not read. */
  readonly columns?: readonly (keyof Row & string)[]
  /** The columns that are expected: mistakes show before the file is looked at. Others of the file are left out. */
  readonly schema?: SchemaLike
}

/** Makes DataFrames of files; `session.read`. Nothing is fetched before an action. */
export class Reader {
  readonly #executor: Executor

  constructor(executor: Executor) {
    this.#executor = executor
  }

  /**
   * Rows of one Parquet file or of several with the same columns: URLs, paths where the host has files, `File` or `Blob`,
   * or bytes. `read.parquet<Row>()` tells the compiler what the rows are.
   */
  parquet<Row extends object = AnyRow>(
    source: FileReference | readonly FileReference[],
    options: ReadOptions<Row> = {},
  ): DataFrame<Row> {
    const files: readonly FileReference[] = Array.isArray(source) ? [...source] : [source as FileReference]
    if (files.length === 0)
      throw new LakefrontError('INVALID_ARGUMENT', 'read.parquet() was given an empty list of files.')
    for (const file of files) checkFile(file)
    const plan = scan(
      Object.freeze({ id: sourceId(labelOf(files[0]!)), format: 'parquet', files: Object.freeze(files) }),
    )
    const names =
      options.columns ??
      (options.schema === undefined ? undefined : schemaFrom(options.schema).fields.map(({ name }) => name))
    return new DataFrame(this.#executor, names === undefined ? plan : project(plan, names.map(columnReference)))
  }
}

function checkFile(file: unknown): void {
  const isBlob =
    typeof file === 'object' &&
    file !== null &&
    typeof (file as Blob).slice === 'function' &&
    typeof (file as Blob).size === 'number'
  if ((typeof file === 'string' && file !== '') || file instanceof Uint8Array || isBlob) return
  throw new LakefrontError(
    'INVALID_ARGUMENT',
    `read.parquet() takes a URL or path, a File or Blob, a Uint8Array, or an array of these, not ${file === '' ? 'an empty string' : file === null ? 'null' : file instanceof ArrayBuffer ? 'an ArrayBuffer (wrap it: new Uint8Array(buffer))' : `a value of type ${typeof file}`}.`,
  )
}

function labelOf(file: FileReference): string {
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
