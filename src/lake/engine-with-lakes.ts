import type { Beside, Engine, ExecuteOptions, MakeBeside, ResultStream, Statement } from '../engine/engine.ts'
import { LakefrontError } from '../errors.ts'
import type { Source } from '../scan/source.ts'
import type { Schema } from '../types/logical-type.ts'
import { rowsFromBatch } from '../types/rows.ts'
import { answerLake } from './answer-lake.ts'
import type { CallLake } from './lake-calls.ts'
import { LakeMaintenance } from './maintenance/lake-maintenance.ts'
import { LakeWrites } from './write/lake-writes.ts'
import { Lakes } from './snapshot/lakes.ts'
import { LakeViews } from './snapshot/lake-views.ts'
import type { OpenLake } from './snapshot/open-lake.ts'
import { type Naming, namingOf, namingSql, setsPath } from './snapshot/search-path.ts'
import { timeTravels } from './snapshot/time-travel-sql.ts'
import { isInTransaction, lakeScript, mayChange, withNumberedParameters } from './sql/lake-script.ts'
import type { LakeScriptPart, UsedLakes } from './sql/lake-script.ts'
import { countSchema, SqlChanges } from './sql/sql-changes.ts'

/** Lakes beside an engine in one thread. */
export const lakesBeside: MakeBeside = (parts): Beside => {
  const lakes = new Lakes(parts)
  return { lakes: lakes.tables, around: (engine) => new EngineWithLakes(engine, lakes, parts) }
}

/** An engine whose statements may read tables of lakes that were opened. Each sees the newest snapshot there is when it begins. */
class EngineWithLakes implements Engine {
  readonly lake: CallLake
  readonly #engine: Engine
  readonly #lakes: Lakes
  readonly #views: LakeViews
  readonly #changes: SqlChanges
  /** Of which lakes registered sources are, but for rows to be changed: which snapshot that is was looked for just before. */
  readonly #sources = new Map<string, string>()
  /** Whether statements may read a lake that do not name it: by views, macros and prepared statements, or since it is in use. */
  #isUsed = false
  /** Whether a statement may have said that names without one are in a lake. */
  #isPathSet = false
  /** Whether `BEGIN` was said, which knows nothing of lakes. */
  #isTransaction = false

  constructor(engine: Engine, lakes: Lakes, { storage, parquet }: Parameters<MakeBeside>[0]) {
    this.#engine = engine
    this.#lakes = lakes
    this.#views = new LakeViews(engine)
    const writes = new LakeWrites({ lakes, engine: this, storage, encoder: parquet })
    this.#changes = new SqlChanges({ lakes, writes, engine: this })
    const maintenance = new LakeMaintenance({ lakes, engine: this, encoder: parquet })
    this.lake = (name, argument, options) =>
      answerLake({ lakes, views: this.#views, writes, maintenance }, name, { argument, ...options })
  }

  get info(): Engine['info'] {
    return this.#engine.info
  }

  async register(source: Source): Promise<void> {
    await this.#engine.register(source)
    const isToChange =
      source.format === 'lake' && source.virtual?.some(({ virtual }) => virtual === 'fileIndex') === true
    if (source.format === 'lake' && !isToChange) this.#sources.set(source.id, source.lake)
  }

  unregister(id: string): Promise<void> {
    this.#sources.delete(id)
    return this.#engine.unregister(id)
  }

  registerFunction(...given: Parameters<NonNullable<Engine['registerFunction']>>): Promise<void> {
    return this.#engine.registerFunction!(...given)
  }

  unregisterFunction(name: string): Promise<void> {
    return this.#engine.unregisterFunction!(name)
  }

  openDatabase(
    ...given: Parameters<NonNullable<Engine['openDatabase']>>
  ): ReturnType<NonNullable<Engine['openDatabase']>> {
    return this.#engine.openDatabase!(...given)
  }

  async describe(statement: Statement, options?: ExecuteOptions): Promise<Schema> {
    const parts = await this.#script(statement.sql, options)
    if (parts?.at(-1)!.lake !== undefined) return countSchema
    const last = parts === undefined ? statement : { ...statement, sql: parts.at(-1)!.sql }
    return this.#engine.describe(await this.#ready(last, options), options)
  }

  async execute(statement: Statement, options?: ExecuteOptions): Promise<ResultStream> {
    const parts = await this.#script(statement.sql, options)
    if (parts === undefined) return this.#read(statement, options)
    this.#refuseInTransaction(parts)
    const [first] = parts
    if (parts.length === 1) return this.#run(statement, { ...first!, sql: withNumberedParameters(first!.sql) }, options)
    if (Object.keys(statement.parameters ?? []).length > 0) {
      throw new LakefrontError(
        'INVALID_ARGUMENT',
        'Values go with one statement. Run those that change a lake one by one, each with its values.',
      )
    }
    for (const part of parts.slice(0, -1)) {
      const stream = await this.#run(statement, part, options)
      try {
        while ((await stream.next()) !== undefined);
      } finally {
        await stream.close()
      }
    }
    return this.#run(statement, parts.at(-1)!, options)
  }

  async close(): Promise<void> {
    await this.#views.close()
    await this.#lakes.closeAll()
    await this.#engine.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #run(statement: Statement, part: LakeScriptPart, options?: ExecuteOptions): Promise<ResultStream> {
    if (part.lake === undefined) return this.#read({ ...statement, sql: part.sql }, options)
    return this.#changes.execute({ ...statement, ...part, lake: part.lake }, options)
  }

  async #read(statement: Statement, options?: ExecuteOptions): Promise<ResultStream> {
    const stream = await this.#engine.execute(await this.#ready(statement, options), options)
    this.#isTransaction = isInTransaction(statement.sql, this.#isTransaction)
    return stream
  }

  /** The statements of a text that changes lakes. */
  async #script(sql: string, options?: ExecuteOptions): Promise<readonly LakeScriptPart[] | undefined> {
    const lakes = this.#ownLakes
    if (lakes.length === 0 || !mayChange(sql)) return undefined
    this.#notePath(sql)
    const used = this.#isPathSet ? await this.#used(options) : undefined
    return lakeScript(
      sql,
      lakes.map(({ name }) => name),
      used,
    )
  }

  #refuseInTransaction(parts: readonly LakeScriptPart[]): void {
    let isOpen = this.#isTransaction
    for (const { sql, lake } of parts) {
      if (lake !== undefined && isOpen) {
        throw new LakefrontError(
          'UNSUPPORTED',
          `BEGIN and COMMIT know nothing of lakes: each statement that changes one is a commit of its own. For several in one, say await db.lake(${JSON.stringify(lake)}).transaction(async (tx) => { … }).`,
        )
      }
      isOpen = isInTransaction(sql, isOpen)
    }
  }

  /** All but what transactions see. */
  get #ownLakes(): readonly OpenLake[] {
    return this.#lakes.all.filter(({ isDraft }) => !isDraft)
  }

  #notePath(sql: string): void {
    const text = sql.toLowerCase()
    this.#isPathSet ||= setsPath(sql) && this.#lakes.all.some(({ name }) => text.includes(name.toLowerCase()))
  }

  /** The statement once the lakes it names are what they are now. */
  async #ready(statement: Statement, { signal }: ExecuteOptions = {}): Promise<Statement> {
    const { all } = this.#lakes
    if (all.length === 0) return statement
    const text = statement.sql.toLowerCase()
    const named = all.filter(({ name }) => text.includes(name.toLowerCase()))
    const read = new Set(statement.sources?.flatMap((id) => this.#sources.get(id) ?? []))
    this.#notePath(statement.sql)
    if (/\b(?:view|macro|prepare)\b/.test(text)) {
      const ids = [...this.#sources.keys()]
      this.#isUsed ||= named.length > 0 || ids.some((id) => statement.sql.includes(id))
    }
    this.#isUsed ||= this.#isPathSet
    const wanted = this.#isUsed ? all : all.filter((lake) => named.includes(lake) || read.has(lake.name))
    await Promise.all(wanted.map((lake) => this.#renew(lake, signal)))
    const naming = this.#isPathSet && timeTravels(statement.sql).length > 0 ? await this.#naming() : undefined
    if (named.length === 0 && naming === undefined) return statement
    return { ...statement, sql: await this.#views.rewritten(statement.sql, all, naming) }
  }

  /** What names without a lake mean. */
  async #naming(): Promise<Naming> {
    const stream = await this.#engine.execute({ sql: namingSql })
    try {
      return namingOf(rowsFromBatch((await stream.next())!)[0]!)
    } finally {
      await stream.close()
    }
  }

  /** The same, and what there is in lakes. */
  async #used({ signal }: ExecuteOptions = {}): Promise<UsedLakes> {
    const naming = await this.#naming()
    const there = new Set<string>()
    for (const lake of this.#ownLakes) {
      await this.#renew(lake, signal)
      const { schemas, tables, views, macros } = await lake.snapshot(await lake.moment())
      for (const schema of schemas) there.add(keyOf(lake.name, schema))
      for (const { schema, name } of [...tables, ...views, ...macros]) there.add(keyOf(lake.name, schema, name))
    }
    return { naming, has: (...names) => there.has(keyOf(...names)) }
  }

  async #renew(lake: OpenLake, signal: AbortSignal | undefined): Promise<void> {
    await lake.catalog.refresh(signal === undefined ? {} : { signal })
    if (!lake.isDraft) await this.#views.follow(lake)
  }
}

function keyOf(...names: readonly (string | undefined)[]): string {
  return JSON.stringify(names.map((name) => name?.toLowerCase()))
}
