import type { Beside, Engine, ExecuteOptions, MakeBeside, ResultStream, Statement } from '../engine/engine.ts'
import type { Source } from '../scan/source.ts'
import type { Schema } from '../types/logical-type.ts'
import { refuseLakeChanges } from './changed-lake.ts'
import { answerLake } from './answer-lake.ts'
import type { CallLake } from './lake-calls.ts'
import { LakeMaintenance } from './lake-maintenance.ts'
import { LakeWrites } from './lake-writes.ts'
import { Lakes } from './lakes.ts'
import { LakeViews } from './lake-views.ts'
import type { OpenLake } from './open-lake.ts'

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
  /** Of which lakes registered sources are. */
  readonly #sources = new Map<string, string>()
  /** Whether statements may read a lake that do not name it: by views, macros and prepared statements, or since it is in use. */
  #isUsed = false

  constructor(engine: Engine, lakes: Lakes, { storage, parquet }: Parameters<MakeBeside>[0]) {
    this.#engine = engine
    this.#lakes = lakes
    this.#views = new LakeViews(engine)
    const writes = new LakeWrites({ lakes, engine: this, storage, encoder: parquet })
    const maintenance = new LakeMaintenance({ lakes, engine: this, storage, encoder: parquet })
    this.lake = (name, argument, options) =>
      answerLake({ lakes, views: this.#views, writes, maintenance }, name, { argument, ...options })
  }

  get info(): Engine['info'] {
    return this.#engine.info
  }

  async register(source: Source): Promise<void> {
    await this.#engine.register(source)
    if (source.format === 'lake') this.#sources.set(source.id, source.lake)
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
    return this.#engine.describe(await this.#ready(statement, options), options)
  }

  async execute(statement: Statement, options?: ExecuteOptions): Promise<ResultStream> {
    return this.#engine.execute(await this.#ready(statement, options), options)
  }

  async close(): Promise<void> {
    await this.#views.close()
    await this.#lakes.closeAll()
    await this.#engine.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** The statement once the lakes it names are what they are now. */
  async #ready(statement: Statement, { signal }: ExecuteOptions = {}): Promise<Statement> {
    const { all } = this.#lakes
    if (all.length === 0) return statement
    const text = statement.sql.toLowerCase()
    const named = all.filter(({ name }) => text.includes(name.toLowerCase()))
    const read = new Set(statement.sources?.flatMap((id) => this.#sources.get(id) ?? []))
    refuseLakeChanges(
      statement.sql,
      named.map(({ name }) => name),
    )
    if (/\b(?:use|view|macro|prepare)\b/.test(text)) {
      const ids = [...this.#sources.keys()]
      this.#isUsed ||= named.length > 0 || ids.some((id) => statement.sql.includes(id))
    }
    const wanted = this.#isUsed ? all : all.filter((lake) => named.includes(lake) || read.has(lake.name))
    await Promise.all(wanted.map((lake) => this.#renew(lake, signal)))
    if (named.length === 0) return statement
    return { ...statement, sql: await this.#views.rewritten(statement.sql, named) }
  }

  async #renew(lake: OpenLake, signal: AbortSignal | undefined): Promise<void> {
    await lake.catalog.refresh(signal === undefined ? {} : { signal })
    if (!lake.isDraft) await this.#views.follow(lake)
  }
}
