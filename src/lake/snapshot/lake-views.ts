import type { Database, Engine } from '../../engine/engine.ts'
import { isLakefrontError, LakefrontError } from '../../errors.ts'
import { rowsFromBatch } from '../../types/rows.ts'
import { type Definition, lakeDefinitions, tableSource } from './lake-definitions.ts'
import type { OpenLake } from './open-lake.ts'
import { quotedName, quotedText } from '../catalog/quoted.ts'
import { sqlTokens } from '../../sql/sql-tokens.ts'
import { type Naming, namingAfter, statementsOf } from './search-path.ts'
import { timeTravels } from './time-travel-sql.ts'
import type { TimeTravel } from './time-travel-sql.ts'

/** What was made for one lake. */
interface LakeNames {
  /** Of the catalog and the schema whose objects they are. */
  generation: number | undefined
  schemaVersion: number | undefined
  /** Statements by the objects they made, those of comments among them. */
  readonly made: Map<string, string>
}

/** Statements of one text that make views. */
const atOnce = 200

/**
 * The names of lakes for SQL: a database in memory by the name of each lake, with its schemas, and a view for each of its tables. Tables as they
 * were have views in a hidden one.
 */
export class LakeViews {
  readonly #engine: Engine
  readonly #lakes = new Map<OpenLake, LakeNames>()
  readonly #past = new Set<string>()
  #connection: Promise<Database> | undefined
  #turn: Promise<unknown> = Promise.resolve()

  constructor(engine: Engine) {
    this.#engine = engine
  }

  /** Makes SQL see the newest snapshot of `lake` that was read. */
  follow(lake: OpenLake): Promise<void> {
    return this.#inTurn(() => this.#follow(lake))
  }

  /** The names of a lake that is closed are nobody's. */
  forget(lake: OpenLake): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.#lakes.delete(lake)) return
      const past = pastName(lake)
      const isPast = [...this.#past].some((name) => name.startsWith(`${quotedName(past)}.`))
      for (const name of [lake.name, ...(isPast ? [past] : [])])
        await this.#run(`DETACH DATABASE IF EXISTS ${quotedName(name)}`).catch(() => undefined)
      for (const name of this.#past) if (name.startsWith(`${quotedName(past)}.`)) this.#past.delete(name)
    })
  }

  /**
   * A text in which tables as they were are views of that moment; itself when it asks for none. Names without a lake are those that `naming` says
   * where the text begins.
   */
  rewritten(sql: string, lakes: readonly OpenLake[], naming?: Naming): Promise<string> {
    return this.#rewritten(sql, { lakes, naming }, (work) => this.#inTurn(work))
  }

  async #rewritten(
    sql: string,
    { lakes, naming }: { readonly lakes: readonly OpenLake[]; readonly naming: Naming | undefined },
    run: (work: () => Promise<string>) => Promise<string>,
  ): Promise<string> {
    let text = sql
    for (const travel of timeTravels(sql).toReversed()) {
      const places = placesOf(travel, lakes, naming && namingAt(sql, travel.start, naming))
      for (const [index, { lake, schema, table }] of places.entries()) {
        const view = await run(() => this.#pastView(lake, travel, [schema, table])).catch((error: unknown) => {
          if (index + 1 < places.length && isLakefrontError(error, 'TABLE_NOT_FOUND')) return undefined
          throw error
        })
        if (view === undefined) continue
        text = text.slice(0, travel.start) + view + travel.alias + text.slice(travel.end)
        break
      }
    }
    return text
  }

  async close(): Promise<void> {
    await this.#turn
    await (await this.#connection?.catch(() => undefined))?.close()
  }

  async #follow(lake: OpenLake): Promise<void> {
    const known = this.#lakes.get(lake) ?? { schemaVersion: undefined, generation: undefined, made: new Map() }
    if (known.generation === lake.catalog.generation) return
    const { generation } = lake.catalog
    const row = await lake.moment()
    if (known.schemaVersion !== row.schemaVersion) {
      if (known.schemaVersion === undefined) await this.#run(`ATTACH ':memory:' AS ${quotedName(lake.name)}`)
      this.#lakes.set(lake, known)
      await this.#change(lake, known.made, lakeDefinitions(lake.name, await lake.snapshot(row)))
      known.schemaVersion = row.schemaVersion
    }
    known.generation = generation
  }

  async #change(lake: OpenLake, made: LakeNames['made'], definitions: readonly Definition[]): Promise<void> {
    const wanted = new Set(definitions.map(({ object }) => object))
    for (const object of [...made.keys()].toReversed()) {
      if (wanted.has(object)) continue
      await this.#run(`DROP ${object}`).catch(() => undefined)
      made.delete(object)
    }
    const missing = definitions.filter((definition) => made.get(definition.object) !== textOf(definition))
    const own = missing.filter(({ isForeign }) => !isForeign)
    for (const { source } of own) if (source !== undefined) await this.#engine.register(source)
    for (let from = 0; from < own.length; from += atOnce) {
      const some = own.slice(from, from + atOnce)
      await this.#run(some.map(textOf).join(';\n'))
      for (const definition of some) made.set(definition.object, textOf(definition))
    }
    await this.#makeForeign(
      lake,
      made,
      missing.filter(({ isForeign }) => isForeign),
    )
  }

  /** What others wrote in SQL may use what there is not here, and each other in any order. */
  async #makeForeign(lake: OpenLake, made: LakeNames['made'], definitions: readonly Definition[]): Promise<void> {
    const failed: Definition[] = []
    for (const definition of definitions) {
      const path = [{ database: lake.name, schema: definition.schema }]
      const naming = { path, databases: new Set<string>(), temporary: new Set<string>() }
      await this.#rewritten(textOf(definition), { lakes: [lake], naming }, (work) => work())
        .then((text) => this.#run(text))
        .then(
          () => void made.set(definition.object, textOf(definition)),
          () => void failed.push(definition),
        )
    }
    if (failed.length > 0 && failed.length < definitions.length) await this.#makeForeign(lake, made, failed)
  }

  /** The view of a table as it was; made when it is asked for the first time. */
  async #pastView(lake: OpenLake, travel: TimeTravel, [schema, table]: readonly [string, string]): Promise<string> {
    const row = await lake.moment(await this.#momentOf(travel))
    const entry = await lake.table(row, schema, table)
    const database = quotedName(pastName(lake))
    const folder = `${database}.${quotedName(`${entry.schema} at ${row.id}`)}`
    const name = `${folder}.${quotedName(entry.name)}`
    if (this.#past.has(name)) return name
    if (![...this.#past].some((own) => own.startsWith(`${database}.`)))
      await this.#run(`ATTACH ':memory:' AS ${database} (HIDDEN)`)
    const source = tableSource(lake.name, entry, row.id)
    await this.#engine.register(source)
    await this.#run(
      `CREATE SCHEMA IF NOT EXISTS ${folder}; CREATE OR REPLACE VIEW ${name} AS FROM lf_scan(${quotedText(source.id)})`,
    )
    this.#past.add(name)
    return name
  }

  async #momentOf({ unit, expression }: TimeTravel): Promise<{ version: number } | { timestamp: string }> {
    const type = unit === 'VERSION' ? 'BIGINT' : 'TIMESTAMPTZ'
    const tokens = sqlTokens(expression)
    if (tokens.some(({ text, kind }) => kind === 'other' && /^(\?|\$|;)/.test(text))) {
      throw new LakefrontError(
        'INVALID_ARGUMENT',
        `AT (${unit} => …) takes a value that stands in the text, such as AT (VERSION => 3) or AT (TIMESTAMP => '2026-11-01 00:00:00+00'). Parameters are not known there.`,
      )
    }
    const connection = await this.#connect()
    const batches = await connection.query({
      sql: `SELECT CAST(CAST((${expression}) AS ${type}) AS VARCHAR) AS moment`,
    })
    const [value] = batches.flatMap(rowsFromBatch).map(({ moment }) => moment as string | null)
    if (value === undefined || value === null)
      throw new LakefrontError('INVALID_ARGUMENT', `AT (${unit} => …) was given NULL. Say which snapshot.`)
    return unit === 'VERSION' ? { version: Number(value) } : { timestamp: value }
  }

  #connect(): Promise<Database> {
    this.#connection ??= this.#engine.openDatabase!()
    return this.#connection
  }

  /** Beside the session's connection, whose settings and transactions have nothing to do with it. */
  async #run(sql: string): Promise<void> {
    await (await this.#connect()).query({ sql }, { columnsOnly: true })
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => {})
    return turn
  }
}

/** The tables that a name can mean: with its lake, one; without, one in each schema of a lake that is looked through. */
function placesOf(
  { name }: TimeTravel,
  lakes: readonly OpenLake[],
  naming: Naming | undefined,
): readonly { readonly lake: OpenLake; readonly schema: string; readonly table: string }[] {
  const lakeOf = (own: string): readonly OpenLake[] =>
    lakes.filter((lake) => lake.name.toLowerCase() === own.toLowerCase())
  const [first = '', second, third] = name
  if (name.length === 3) return lakeOf(first).map((lake) => ({ lake, schema: second!, table: third! }))
  const used = naming?.path.find(({ database }) => database.toLowerCase() === first.toLowerCase())
  if (name.length === 2 && lakeOf(first).length > 0)
    return lakeOf(first).map((lake) => ({ lake, schema: used?.schema ?? 'main', table: second! }))
  if (name.length > 2 || naming === undefined) return []
  return naming.path.flatMap(({ database, schema }) =>
    lakeOf(database).map((lake) =>
      second === undefined ? { lake, schema, table: first } : { lake, schema: first, table: second },
    ),
  )
}

/** What names mean at a place in a text. */
function namingAt(sql: string, place: number, naming: Naming): Naming {
  return statementsOf(sql)
    .filter((statement) => (statement.at(-1)?.end ?? 0) <= place)
    .reduce((before, statement) => namingAfter(statement, before), naming)
}

function textOf({ sql, comments }: Definition): string {
  return [sql, ...comments].join(';\n')
}

/** The hidden database of tables as they were. */
function pastName(lake: OpenLake): string {
  return `${lake.name} as it was`
}
