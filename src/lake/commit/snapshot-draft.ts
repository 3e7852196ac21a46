import { LakefrontError } from '../../errors.ts'
import type { CatalogRow, CatalogTransaction, CatalogValue } from '../catalog/catalog.ts'
import { type MadeChange, parseChangesMade, printChangesMade } from '../snapshot/changes-made.ts'
import { writtenFormat } from '../catalog/catalog-schema.ts'
import { commitConflict } from './commit-conflict.ts'
import { type OtherCommit, conflictOf } from './conflict.ts'
import { currentColumnRows } from '../snapshot/current-column-rows.ts'
import { type ColumnRow, type LakeColumn, columnsFromRows } from '../snapshot/lake-columns.ts'
import type { SeenLake, Structure } from '../snapshot/lake-structure.ts'
import { literal, quotedText } from '../catalog/quoted.ts'

/** A table as the commit finds it. */
export interface DraftTable {
  readonly id: number
  readonly uuid: string
  readonly name: string
  readonly schemaId: number
  readonly schemaName: string
  /** Below the lake's data path, where it is not absolute. */
  readonly folder: string
  readonly isRelative: boolean
}

export interface DraftSchema {
  readonly id: number
  readonly uuid: string
  readonly name: string
}

/** Whose commit it is, in the words of the catalog. */
export interface CommitNote {
  readonly author?: string
  readonly message?: string
  /** JSON that only we read. */
  readonly extra?: string
}

const valuesAtOnce = 8000

/**
 * The next snapshot of a lake while its rows are written, inside one transaction of the catalog: which ids it has given away, what it will
 * say it did, and what others did since the snapshot that it was made on.
 */
export class SnapshotDraft {
  readonly transaction: CatalogTransaction
  /** Its own id. */
  readonly snapshot: number
  readonly base: number
  /** Its time, as the catalog keeps it. */
  readonly time: string
  readonly #schemaVersion: number
  readonly #head: number
  readonly #firstFileId: number
  readonly #made: MadeChange[] = []
  readonly #filesDeleted = new Set<number>()
  readonly #written = new Set<string>()
  readonly #reshaped = new Set<number>()
  readonly #created = new Set<number>()
  /** What is known of the schema it begins on. */
  readonly #structure: Structure | undefined
  /** Whether the catalog is another one than that in which {@link base} was seen. */
  readonly #isReplaced: boolean
  #nextCatalogId: number
  #nextFileId: number
  #movesFileId = false
  #changesSchema = false
  #changesAnything = false
  #dropsOwnFiles = false
  #others: Promise<readonly OtherCommit[]> | undefined

  private constructor(
    transaction: CatalogTransaction,
    base: number,
    {
      head,
      structure,
      isReplaced,
    }: { readonly head: CatalogRow; readonly structure: Structure | undefined; readonly isReplaced: boolean },
  ) {
    this.transaction = transaction
    this.base = base
    this.#structure = structure
    this.#isReplaced = isReplaced
    this.#head = Number(head['snapshot_id'])
    this.snapshot = this.#head + 1
    this.#schemaVersion = Number(head['schema_version'])
    this.#nextCatalogId = Number(head['next_catalog_id'])
    this.#nextFileId = this.#firstFileId = Number(head['next_file_id'])
    this.time = SnapshotDraft.#timeAfter(BigInt(head['microseconds'] as bigint | number))
  }

  /** Begins on what is newest in `transaction`, for changes that were made when snapshot `base` was, of a lake of which `seen` was known. */
  static async begin(transaction: CatalogTransaction, base: number, seen?: SeenLake): Promise<SnapshotDraft> {
    // One statement: each takes most of a millisecond to be planned.
    const read = async (first: string): Promise<readonly CatalogRow[]> => {
      const rows = await transaction.read(
        `SELECT snapshot_id, schema_version, next_catalog_id, next_file_id, epoch_us(snapshot_time) AS microseconds,
           snapshot_time::TIMESTAMPTZ AS time, NULL AS key, NULL AS value FROM {M}.ducklake_snapshot WHERE snapshot_id >= ${first}
         UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL, key, value FROM {M}.ducklake_metadata
         WHERE key IN ('version', 'encrypted') AND scope IS NULL`,
      )
      const { version, encrypted } = Object.fromEntries(rows.map((row) => [String(row['key']), row['value']]))
      if (version !== writtenFormat) throw otherFormat(String(version))
      if (encrypted === 'true') throw encryptedLake()
      return rows.filter((row) => row['snapshot_id'] !== null)
    }
    const since = seen === undefined ? [] : await read(String(seen.newest.id))
    const rows = since.length > 0 ? since : await read('(SELECT max(snapshot_id) FROM {M}.ducklake_snapshot)')
    if (rows.length === 0) throw new LakefrontError('CORRUPT_FILE', 'The catalog of the lake has no snapshot.')
    const head = rows.reduce((last, row) => (Number(row['snapshot_id']) > Number(last['snapshot_id']) ? row : last))
    const there = rows.find((row) => Number(row['snapshot_id']) === seen?.newest.id)
    const isContinued = there !== undefined && String(there['time']) === seen?.newest.time
    const isReplaced = !isContinued && seen !== undefined && (there !== undefined || since.length === 0)
    const isSameSchema = isContinued && Number(head['schema_version']) === seen.newest.schemaVersion
    return new SnapshotDraft(transaction, base, {
      head,
      structure: isSameSchema ? seen.structure : undefined,
      isReplaced,
    })
  }

  /** Whether others committed since {@link base}. */
  get isRebased(): boolean {
    return this.#head !== this.base
  }

  catalogId(): number {
    return this.#nextCatalogId++
  }

  fileId(): number {
    this.#movesFileId = true
    return this.#nextFileId++
  }

  /** To be told of every change of rows, statistics or types: clients keep what they know of a table under the next file id. */
  touchData(): void {
    this.#movesFileId = true
    this.#changesAnything = true
  }

  /** Says that it did something, and that schemas, tables or views changed by it. */
  tell(change: MadeChange, options: { readonly schema?: boolean } = {}): void {
    this.#changesAnything = true
    if (options.schema === true) this.#changesSchema = true
    if (change.kind === 'altered_table' && this.#created.has(change.id)) return
    this.#made.push(change)
  }

  /** Says that a table's columns, name or partitions are others from this snapshot on. */
  reshape(table: number, options: { readonly isNew?: boolean } = {}): void {
    this.#changesSchema = true
    this.#reshaped.add(table)
    if (options.isNew === true) this.#created.add(table)
  }

  /** Takes back what was said of a table that this commit drops again. */
  forget(table: DraftTable): void {
    const isOwn = this.#created.has(table.id)
    const kept = this.#made.filter((change) => {
      if ('id' in change) return change.id !== table.id || change.kind === 'dropped_schema'
      return change.kind !== 'created_table' || change.name !== table.name || change.schema !== table.schemaName
    })
    this.#made.splice(0, this.#made.length, ...kept)
    this.#reshaped.delete(table.id)
    if (!isOwn) this.tell({ kind: 'dropped_table', id: table.id }, { schema: true })
  }

  isOwn(table: number): boolean {
    return this.#created.has(table)
  }

  /** Says again, under its new name, that a table of this commit was created. */
  renamed(table: DraftTable, name: string): void {
    const index = this.#made.findIndex(
      (change) => change.kind === 'created_table' && change.schema === table.schemaName && change.name === table.name,
    )
    if (this.#created.has(table.id) && index >= 0) this.#made.splice(index, 1)
    this.tell({ kind: 'created_table', schema: table.schemaName, name }, { schema: true })
  }

  deletesFrom(file: number): void {
    this.#filesDeleted.add(file)
  }

  async insert(table: string, rows: readonly (readonly CatalogValue[])[]): Promise<void> {
    this.#written.add(table)
    const width = rows[0]?.length ?? 1
    const atOnce = Math.max(1, Math.floor(valuesAtOnce / width))
    for (let start = 0; start < rows.length; start += atOnce) {
      const values: CatalogValue[] = []
      const lines = rows
        .slice(start, start + atOnce)
        .map((row) => `(${row.map((value) => literal(value) ?? `$${values.push(value)}`).join(', ')})`)
      await this.transaction.run(`INSERT INTO {M}.${table} VALUES ${lines.join(', ')}`, values)
    }
  }

  /** Ends rows from this snapshot on; rows that it began itself were never there. `where` may use `$1`, `$2`, …. */
  async end(table: string, where: string, values: readonly CatalogValue[]): Promise<void> {
    const open = `end_snapshot IS NULL AND ${where}`
    if (this.#written.has(table)) {
      this.#dropsOwnFiles ||= table === 'ducklake_data_file'
      await this.transaction.run(`DELETE FROM {M}.${table} WHERE begin_snapshot = ${this.snapshot} AND ${open}`, values)
    }
    await this.transaction.run(`UPDATE {M}.${table} SET end_snapshot = ${this.snapshot} WHERE ${open}`, values)
  }

  /** What `read` tells of tables as they are, which changes with the schema alone: not read again where it is known. */
  fact<T>(name: string, read: () => Promise<T>): Promise<T> {
    const facts = this.#changesSchema ? undefined : this.#structure?.facts
    const fact = (facts?.get(name) as Promise<T> | undefined) ?? read()
    facts?.set(name, fact)
    fact.catch(() => facts?.delete(name))
    return fact
  }

  table(uuid: string): Promise<DraftTable> {
    return this.fact(`table ${uuid}`, () => this.#table(uuid))
  }

  async #table(uuid: string): Promise<DraftTable> {
    const [row] = await this.transaction.read(
      `SELECT table_id, table_name, path, path_is_relative, schema_id FROM {M}.ducklake_table
       WHERE table_uuid = CAST(${quotedText(uuid)} AS UUID) AND end_snapshot IS NULL`,
    )
    const schemaId = Number(row?.['schema_id'])
    const [schema] =
      row === undefined
        ? []
        : await this.transaction.read(
            `SELECT schema_name, path, path_is_relative FROM {M}.ducklake_schema WHERE schema_id = ${schemaId} AND end_snapshot IS NULL`,
          )
    if (row === undefined || schema === undefined) throw await this.#gone('ducklake_table', 'table', uuid)
    const isBelowSchema = row['path_is_relative'] !== false
    return {
      id: Number(row['table_id']),
      uuid,
      name: String(row['table_name']),
      schemaId,
      schemaName: String(schema['schema_name']),
      folder: `${isBelowSchema ? (schema['path'] ?? '') : ''}${row['path'] ?? ''}`,
      isRelative: isBelowSchema && schema['path_is_relative'] !== false,
    }
  }

  async schema(uuid: string): Promise<DraftSchema> {
    const [row] = await this.transaction.read(
      `SELECT schema_id, schema_name FROM {M}.ducklake_schema WHERE schema_uuid = CAST($1 AS UUID) AND end_snapshot IS NULL`,
      [uuid],
    )
    if (row === undefined) throw await this.#gone('ducklake_schema', 'schema', uuid)
    return { id: Number(row['schema_id']), uuid, name: String(row['schema_name']) }
  }

  columnRows(table: number): Promise<readonly ColumnRow[]> {
    return currentColumnRows(this.transaction, table)
  }

  insertColumns(table: number, rows: readonly ColumnRow[]): Promise<void> {
    return this.insert(
      'ducklake_column',
      rows.map((row) => [
        row.id,
        this.snapshot,
        null,
        table,
        row.order,
        row.name,
        row.type,
        row.initialDefault,
        row.defaultValue,
        row.nullable,
        row.parent,
        row.defaultType,
        'duckdb',
      ]),
    )
  }

  columns(table: number): Promise<readonly LakeColumn[]> {
    return this.fact(`columns ${table}`, async () => columnsFromRows(await this.columnRows(table)))
  }

  /** Throws `COMMIT_CONFLICT` when what it did so far cannot stand beside what others committed since {@link base}. */
  async checkConflicts(): Promise<void> {
    if (this.#isReplaced) throw replacedLake(this.base)
    if (!this.isRebased) return
    const others = await this.others()
    const schemas = await this.transaction.read('SELECT schema_id, schema_name FROM {M}.ducklake_schema')
    const touched =
      this.#filesDeleted.size === 0
        ? []
        : await this.transaction.read(
            `SELECT data_file_id, begin_snapshot AS snapshot FROM {M}.ducklake_delete_file WHERE begin_snapshot > $1
             UNION ALL SELECT data_file_id, partial_max FROM {M}.ducklake_delete_file WHERE partial_max > $1
             UNION ALL SELECT data_file_id, end_snapshot FROM {M}.ducklake_data_file WHERE end_snapshot > $1`,
            [this.base],
          )
    const conflict = conflictOf(this.#made, others, {
      schemas: new Map(schemas.map((row) => [Number(row['schema_id']), String(row['schema_name'])])),
      filesTouched: new Map(
        touched
          .filter((row) => Number(row['snapshot']) <= this.#head)
          .map((row) => [Number(row['data_file_id']), Number(row['snapshot'])]),
      ),
      filesDeleted: [...this.#filesDeleted],
    })
    if (conflict !== undefined) throw commitConflict(conflict, await this.#nameOf(conflict.mine))
  }

  /** What others committed since {@link base}. */
  others(): Promise<readonly OtherCommit[]> {
    this.#others ??= this.#readOthers()
    return this.#others
  }

  /** Writes what is left: the snapshot itself, and what it says of itself. Answers its id, or none when nothing was changed. */
  async finish(note: CommitNote): Promise<number | undefined> {
    if (!this.#changesAnything) return undefined
    await this.checkConflicts()
    if (this.#dropsOwnFiles) await this.#forgetOwnFiles()
    const schemaVersion = this.#schemaVersion + (this.#changesSchema ? 1 : 0)
    if (this.#movesFileId) this.#nextFileId++
    await this.insert('ducklake_snapshot', [
      [this.snapshot, this.time, schemaVersion, this.#nextCatalogId, this.#nextFileId],
    ])
    await this.insert(
      'ducklake_schema_versions',
      [...this.#reshaped].map((table) => [this.snapshot, schemaVersion, table]),
    )
    await this.insert('ducklake_snapshot_changes', [
      [this.snapshot, printChangesMade(this.#made), note.author ?? null, note.message ?? null, note.extra ?? null],
    ])
    return this.snapshot
  }

  /** What is known of files that it added and took out again. */
  async #forgetOwnFiles(): Promise<void> {
    for (const table of ['ducklake_file_column_stats', 'ducklake_file_partition_value', 'ducklake_delete_file']) {
      await this.transaction.run(
        `DELETE FROM {M}.${table} WHERE data_file_id >= $1 AND data_file_id NOT IN (SELECT data_file_id FROM {M}.ducklake_data_file)`,
        [this.#firstFileId],
      )
    }
  }

  /** Now, and never before the snapshot before it: a clock may have gone back, and time travel goes by these times. */
  static #timeAfter(previous: bigint): string {
    const now = BigInt(Date.now()) * 1000n
    const time = now > previous ? now : previous + 1n
    const micros = String(time % 1000n).padStart(3, '0')
    return `${new Date(Number(time / 1000n)).toISOString().replace('T', ' ').replace('Z', '')}${micros}+00`
  }

  async #readOthers(): Promise<readonly OtherCommit[]> {
    const rows = await this.transaction.read(
      `SELECT snapshot_id, changes_made, author, commit_message FROM {M}.ducklake_snapshot_changes
       WHERE snapshot_id > $1 ORDER BY snapshot_id`,
      [this.base],
    )
    if (rows.length !== this.#head - this.base) {
      throw new LakefrontError(
        'COMMIT_CONFLICT',
        `Others committed since snapshot ${this.base}, and what they did is not in the lake's history any more, so it cannot be told whether this commit goes with it. Nothing was changed. Run it again.`,
        { details: { base: this.base, newest: this.#head } },
      )
    }
    return rows.map((row) => ({
      snapshot: Number(row['snapshot_id']),
      made: parseChangesMade(row['changes_made'] as string | null),
      ...(row['author'] === null ? {} : { author: String(row['author']) }),
      ...(row['commit_message'] === null ? {} : { message: String(row['commit_message']) }),
    }))
  }

  async #nameOf(change: MadeChange): Promise<string> {
    if (!('id' in change)) return 'schema' in change ? `${change.schema}.${change.name}` : change.name
    const [kind] = /schema|view|macro/.exec(change.kind) ?? ['table']
    const [row] = await this.transaction.read(
      `SELECT ${kind}_name AS name FROM {M}.ducklake_${kind} WHERE ${kind}_id = $1 ORDER BY begin_snapshot DESC LIMIT 1`,
      [change.id],
    )
    return row === undefined ? `${kind} ${change.id}` : String(row['name'])
  }

  /** The error for an object that is not there any more. */
  async #gone(from: string, kind: 'table' | 'schema', uuid: string): Promise<LakefrontError> {
    const [row] = await this.transaction.read(
      `SELECT ${kind}_name AS name, end_snapshot FROM {M}.${from} WHERE ${kind}_uuid = CAST($1 AS UUID) ORDER BY begin_snapshot DESC LIMIT 1`,
      [uuid],
    )
    const name = row === undefined ? uuid : String(row['name'])
    const ended = row === undefined ? undefined : Number(row['end_snapshot'])
    return this.isRebased
      ? new LakefrontError(
          'COMMIT_CONFLICT',
          `The ${kind} "${name}" was dropped by another commit${ended === undefined ? '' : ` (snapshot ${ended})`}. Nothing was changed.`,
          { details: { [kind]: name, ...(ended === undefined ? {} : { snapshot: ended }) } },
        )
      : new LakefrontError('TABLE_NOT_FOUND', `The ${kind} "${name}" is not in the lake any more.`, {
          details: { [kind]: name },
        })
  }
}

function otherFormat(version: string): LakefrontError {
  return new LakefrontError(
    'UNSUPPORTED',
    `The lake's catalog has DuckLake format ${version}; ${writtenFormat} is what is written. Older formats become it with migrate().`,
    { details: { version } },
  )
}

function replacedLake(base: number): LakefrontError {
  return new LakefrontError(
    'COMMIT_CONFLICT',
    `The catalog of the lake is not the one that was read: another one, such as a copy from before, was put in its place, where snapshot ${base} is another or is not there. Nothing was changed. Run it again.`,
    { details: { base } },
  )
}

function encryptedLake(): LakefrontError {
  return new LakefrontError(
    'UNSUPPORTED',
    'The lake is encrypted. Its files can be neither read nor written here; use DuckDB with its ducklake extension.',
  )
}
