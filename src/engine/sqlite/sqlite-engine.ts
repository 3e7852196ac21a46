import { LakefrontError } from '../../errors.ts'
import type { Source } from '../../scan/source.ts'
import { identifier, sqliteType } from '../../sql/dialects/sqlite/values.ts'
import { batchFromRows } from '../../types/batch-from-rows.ts'
import type { ColumnBatch } from '../../types/column-data.ts'
import { jsonFromValue } from '../../types/json-values.ts'
import type { LogicalType, Schema } from '../../types/logical-type.ts'
import { typeName } from '../../types/type-names.ts'
import { uniqueNames } from '../../types/unique-names.ts'
import { valueReader } from '../../types/value-reader.ts'
import type { Engine, EngineInfo, ExecuteOptions, Parameter, ResultStream, Statement } from '../engine.ts'
import { KeptStatements } from '../kept-statements.ts'
import { plainStream } from '../plain-stream.ts'
import { refuseFiles } from '../refuse-files.ts'
import { statementsOf } from '../statements.ts'
import type { SqliteDatabase, SqliteStatement, SqliteValue } from './sqlite-database.ts'
import { sqliteError } from './sqlite-error.ts'
import { declaredType, sqliteValue, typeOfValues } from './sqlite-types.ts'

const batchRows = 8192

/** SQLite in this thread: a statement runs without a break between two batches, and an abort is heard there. */
export class SqliteEngine implements Engine {
  readonly info: EngineInfo
  readonly #database: SqliteDatabase
  /** Statements that are being run, with their texts. */
  readonly #open = new Map<SqliteStatement, string>()
  readonly #kept = new KeptStatements<SqliteStatement>((statement) => statement.close())
  #closed = false

  constructor(database: SqliteDatabase, started: number) {
    this.#database = database
    this.info = {
      name: 'sqlite',
      dialect: 'sqlite',
      version: database.version,
      bootMilliseconds: performance.now() - started,
    }
  }

  /** Puts the rows of `source` into a temporary table. */
  async register(source: Source): Promise<void> {
    this.#assertOpen()
    if (source.format !== 'batches') throw refuseFiles('SQLite')
    const { fields } = source.schema
    const table = `temp.${identifier(`lf_${source.id}`)}`
    const names = uniqueNames(fields)
    const columns = fields.map(({ name, type }, index) => {
      const declared = sqliteType(type)
      if (declared === undefined) {
        throw new LakefrontError(
          'UNSUPPORTED',
          `SQLite has no type for the column "${name}", which is ${typeName(type)}. Make it text or a number first.`,
          { details: { column: name, type: typeName(type) } },
        )
      }
      return `${identifier(names[index]!)} ${declared}`
    })
    this.#run(`DROP TABLE IF EXISTS ${table}`)
    this.#run(`CREATE TABLE ${table} (${columns.join(', ')})`)
    const insert = `INSERT INTO ${table} VALUES (${fields.map((_, index) => `?${index + 1}`).join(', ')})`
    this.#run('SAVEPOINT lf_register')
    try {
      for (const batch of source.batches) this.#insert(insert, batch)
    } finally {
      this.#run('RELEASE lf_register')
    }
  }

  async unregister(id: string): Promise<void> {
    if (!this.#closed) this.#run(`DROP TABLE IF EXISTS temp.${identifier(`lf_${id}`)}`)
  }

  async describe(statement: Statement, options: ExecuteOptions = {}): Promise<Schema> {
    const stream = await this.execute(statement, options)
    await stream.close()
    return stream.schema
  }

  async execute(statement: Statement, options: ExecuteOptions = {}): Promise<ResultStream> {
    this.#assertOpen()
    options.signal?.throwIfAborted()
    const started = performance.now()
    const texts = statementsOf(statement.sql)
    for (const text of texts.slice(0, -1)) this.#run(text)
    const opened = this.#prepare(texts.at(-1) ?? '', statement.parameters)
    try {
      const first = this.#rows(opened)
      if (opened.columns.length === 0) {
        const changes = /^\s*(insert|update|delete|replace|with)\b/i.test(texts.at(-1)!)
        this.#finish(opened)
        const fields = changes ? [{ name: 'Count', type: { kind: 'bigint' } as const, nullable: false }] : []
        const rows = changes ? [[BigInt(this.#database.changes())]] : []
        return plainStream({ fields }, batches({ fields }, rows), { started })
      }
      const fields = opened.columns.map(({ name, declared }, index) => ({
        name,
        type: statement.types?.[index] ?? declaredType(declared) ?? typeOfValues(first.map((row) => row[index]!)),
        nullable: true,
      }))
      const schema = { fields }
      return plainStream(schema, this.#batches(opened, schema, first), {
        started,
        ...(options.signal === undefined ? {} : { signal: options.signal }),
        close: () => this.#finish(opened),
      })
    } catch (error) {
      this.#finish(opened)
      throw sqliteError(error)
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const statement of this.#open.keys()) statement.close()
    this.#open.clear()
    this.#kept.clear()
    this.#database.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  *#batches(statement: SqliteStatement, schema: Schema, first: readonly Row[]): Generator<ColumnBatch> {
    for (let rows = first; rows.length > 0; rows = this.#rows(statement)) {
      yield batchFromRows(
        rows.map((row) => row.map((value, index) => sqliteValue(value, schema.fields[index]!.type))),
        schema,
      )
      if (rows.length < batchRows) return
    }
  }

  #rows(statement: SqliteStatement): readonly Row[] {
    const rows: Row[] = []
    try {
      while (rows.length < batchRows) {
        const row = statement.step()
        if (row === undefined) break
        rows.push(row)
      }
    } catch (error) {
      throw sqliteError(error)
    }
    return rows
  }

  #run(sql: string): void {
    const statement = this.#prepare(sql, [])
    try {
      while (statement.step() !== undefined);
    } catch (error) {
      throw sqliteError(error)
    } finally {
      this.#finish(statement)
    }
  }

  #insert(sql: string, batch: ColumnBatch): void {
    const { fields } = batch.schema
    const read = batch.columns.map((column, index) => valueReader(fields[index]!.type, column))
    const statement = this.#prepare(
      sql,
      fields.map(() => null),
    )
    try {
      for (let row = 0; row < batch.length; row++) {
        statement.bind(read.map((value, index) => stored(value(row), fields[index]!)))
        statement.step()
      }
    } finally {
      this.#finish(statement)
    }
  }

  #prepare(sql: string, parameters: Statement['parameters'] = []): SqliteStatement {
    try {
      const values = Array.isArray(parameters)
        ? parameters.map((value: Parameter) => bound(value))
        : Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, bound(value as Parameter)]))
      const statement = this.#kept.take(sql) ?? this.#database.prepare(sql)
      this.#open.set(statement, sql)
      try {
        statement.bind(values)
      } catch (error) {
        this.#finish(statement)
        throw error
      }
      return statement
    } catch (error) {
      throw sqliteError(error)
    }
  }

  #finish(statement: SqliteStatement): void {
    const sql = this.#open.get(statement)
    if (sql === undefined) return
    this.#open.delete(statement)
    try {
      statement.reset()
    } catch {
      // It says once more what it failed with.
    }
    this.#kept.keep(sql, statement)
  }

  #assertOpen(): void {
    if (this.#closed) throw new LakefrontError('CLOSED', 'The session is closed. Connect again for a new one.')
  }
}

type Row = readonly SqliteValue[]

function* batches(schema: Schema, rows: readonly (readonly unknown[])[]): Generator<ColumnBatch> {
  if (rows.length > 0) yield batchFromRows(rows as unknown as object[], schema)
}

/** A value of a column as SQLite stores it. */
function stored(value: unknown, { name, type }: { readonly name: string; readonly type: LogicalType }): SqliteValue {
  if (typeof value === 'boolean') return value ? 1n : 0n
  if (typeof value === 'number' && Number.isNaN(value)) throw outside(name, 'NaN, which SQLite does not have')
  if (type.kind === 'list' && value !== null) return jsonFromValue(value, type, '1')
  const isTime = type.kind === 'date' || type.kind === 'timestamp'
  if (isTime && value !== null && !/^\d{4}-\d\d-\d\d( [\d:.]+)?$/.test(value as string))
    throw outside(name, 'outside of the years 1 to 9999, which SQLite has no text for')
  return value as SqliteValue
}

function outside(column: string, what: string): LakefrontError {
  return new LakefrontError('INVALID_VALUE', `Column "${column}" has a value that is ${what}.`, { details: { column } })
}

/** A parameter as SQLite takes it: `1` is a whole number, dates are text. */
function bound(value: Parameter): SqliteValue {
  if (typeof value === 'boolean') return value ? 1n : 0n
  if (value instanceof Date)
    return value
      .toISOString()
      .replace('T', ' ')
      .slice(0, -1)
      .replace(/\.?0+$/, '')
  if (typeof value === 'number' && Number.isSafeInteger(value) && !Object.is(value, -0)) return BigInt(value)
  if (typeof value === 'number' && Number.isNaN(value))
    throw new LakefrontError('INVALID_VALUE', 'A parameter is NaN, which SQLite does not have.')
  return value
}
