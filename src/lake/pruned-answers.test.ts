import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Session } from '../connect/session.ts'
import { nodeHost } from '../engine/duckdb-wasm/node-host.ts'
import { openEngine } from '../engine/open-engine.ts'
import { sql } from '../expr/sql.ts'
import type { Lake } from '../frame/lake.ts'
import type { LakeTable } from '../frame/lake-table.ts'
import { lakesBeside } from './engine-with-lakes.ts'
import { audited, noLakeJudges, runReference } from './fixtures/lake-judges.ts'
import { Dice } from './fixtures/lake-model.ts'
import { type Kind, batchSql, kinds, questions } from './fixtures/judged-values.ts'

/** Seeds of `LAKE_SEED=1 LAKE_SEQUENCES=50 npx vitest run … src/lake/pruned-answers.test.ts`. */
const firstSeed = Number(process.env['LAKE_SEED'] ?? 1)
const seeds = Array.from({ length: Number(process.env['LAKE_SEQUENCES'] ?? 1) }, (_, at) => firstSeed + at)
const steps = 8
const wasm = new URL('../../dist/wasm/', import.meta.url)

let session: Session
let plain: DuckDBConnection
beforeAll(async () => {
  session = new Session(await openEngine(nodeHost(wasm), { decodeWorkers: 0 }, {}, lakesBeside))
  plain = await (await DuckDBInstance.create(':memory:')).connect()
  await plain.run("SET TimeZone = 'UTC'")
})
afterAll(async () => {
  plain.closeSync()
  await session.close()
})

interface Column extends Kind {
  readonly name: string
}

/** A table of a lake, and a plain table of DuckDB to which the same is done. */
class Twins {
  readonly table: LakeTable
  readonly dice: Dice
  columns: Column[]
  readonly done: string[] = []
  /** The column whose values the extension does not find by `=`: files are divided by its buckets, and others are there from before that. */
  lost: string | undefined
  #bucket: string | undefined
  #rows = 0
  #names = 0

  constructor(lake: Lake, dice: Dice) {
    this.table = lake.table('t')
    this.dice = dice
    this.columns = kinds.map((kind, at) => ({ ...kind, name: `c${at}` }))
  }

  async create(lake: Lake): Promise<void> {
    const types = this.columns.map(({ name, type }) => [name, type] as const)
    this.#bucket = this.dice.one([undefined, this.dice.one(this.columns).name])
    const partitionBy = this.#bucket === undefined ? [] : [`bucket(3, ${this.#bucket})`]
    this.done.push(`create, partitioned by ${partitionBy.join()}`)
    await lake.createTable('t', { id: 'bigint', ...Object.fromEntries(types) }, { partitionBy })
    await plain.run(`CREATE OR REPLACE TABLE plain(id BIGINT, ${types.map((own) => own.join(' ')).join(', ')})`)
  }

  get #values(): string {
    return batchSql(this.columns, { dice: this.dice, first: this.#rows, count: 1 + this.dice.below(40) })
  }

  async #both(label: string, ours: () => Promise<unknown>, ...theirs: readonly string[]): Promise<void> {
    this.done.push(label)
    await ours()
    for (const statement of theirs) await plain.run(statement)
  }

  async insert(): Promise<void> {
    const values = this.#values
    await this.#both('insert', () => this.table.insert(session.sql(values)), `INSERT INTO plain ${values}`)
    this.#rows += 30
  }

  async merge(): Promise<void> {
    const values = this.#values
    await this.#both(
      'merge',
      () => this.table.merge(session.sql(values), { on: 'id', whenMatched: 'update', whenNotMatched: 'insert' }),
      `DELETE FROM plain WHERE id IN (SELECT id FROM (${values}))`,
      `INSERT INTO plain ${values}`,
    )
  }

  async update(): Promise<void> {
    const column = this.dice.one(this.columns)
    const value = `CAST(${this.dice.one(column.specials)} AS ${column.type})`
    const where = `id % 5 = ${this.dice.below(5)}`
    await this.#both(
      `update ${column.name} ${column.type} to ${value}`,
      () => this.table.update({ set: { [column.name]: sql(value) }, where }),
      `UPDATE plain SET ${column.name} = ${value} WHERE ${where}`,
    )
  }

  async delete(): Promise<void> {
    const where = `id % 7 = ${this.dice.below(7)}`
    await this.#both('delete', () => this.table.delete(where), `DELETE FROM plain WHERE ${where}`)
  }

  async widen(): Promise<void> {
    const column = this.dice.one(this.columns.filter(({ wide }) => wide !== undefined))
    const { wide: type, name } = column
    await this.#both(
      `widen ${name} from ${column.type} to ${type}`,
      () => this.table.alterType(name, type!),
      `ALTER TABLE plain ALTER ${name} TYPE ${type}`,
    )
    if (name === this.#bucket) this.lost = name
    const { wide: _, ...others } = column
    this.columns = this.columns.map((own) => (own === column ? { ...others, type: type! } : own))
  }

  async add(): Promise<void> {
    const kind = this.dice.one(kinds.filter(({ type }) => !/blob|hugeint|interval|json/.test(type)))
    const name = `a${this.#names++}`
    const value = this.dice.one(kind.specials)
    const own = this.dice.below(2) === 0
    await this.#both(
      `add ${name} ${kind.type}${own ? ` default ${value}` : ''}`,
      async () => {
        const [row] = (await plain.runAndReadAll(`SELECT CAST(CAST(${value} AS ${kind.type}) AS VARCHAR)`)).getRows()
        await this.table.addColumn(name, kind.type, own ? { default: defaultOf(row![0] as string, kind.type) } : {})
      },
      `ALTER TABLE plain ADD COLUMN ${name} ${kind.type}${own ? ` DEFAULT CAST(${value} AS ${kind.type})` : ''}`,
    )
    this.columns.push({ ...kind, name })
  }

  async divide(): Promise<void> {
    const column = this.dice.one(this.columns)
    const isWhole = /^(?:boolean|u?(?:tiny|small|big)int|u?integer|date)$/.test(column.type)
    const keys = this.dice.one([[], [`bucket(3, ${column.name})`], ...(isWhole ? [[column.name]] : [])])
    await this.#both(`partition by ${keys.join()} (${column.type})`, () => this.table.setPartitioning(keys))
    this.lost = this.#bucket = keys[0]?.startsWith('bucket') === true ? column.name : undefined
  }

  async compact(lake: Lake): Promise<void> {
    await this.#both('compact', () => lake.compact({ deletedShare: this.dice.one([0.01, 0.9]) }))
  }
}

function defaultOf(text: string, type: string): string | number | boolean | bigint {
  if (type === 'boolean') return text === 'true'
  if (/int(?:eger)?$/.test(type)) return BigInt(text)
  return /^(?:float|double)$/.test(type) ? Number(text.replace('inf', 'Infinity').replace('nan', 'NaN')) : text
}

async function run(twins: Twins, lake: Lake): Promise<void> {
  const ways = [
    () => twins.insert(),
    () => twins.insert(),
    () => twins.merge(),
    () => twins.update(),
    () => twins.delete(),
    () => twins.widen(),
    () => twins.add(),
    () => twins.divide(),
    () => twins.compact(lake),
  ]
  await twins.insert()
  for (let step = 0; step < steps; step++) await twins.dice.one(ways)()
}

const textsOf = (rows: readonly Readonly<Record<string, unknown>>[]): string =>
  Object.values(rows[0]!)
    .map((value) => String(value).replace(/^-(0\.0)$/, '$1'))
    .join()

describe('what filters find, and what is least and greatest', { timeout: 3_000_000 }, () => {
  test.for(seeds)('is the same here, in stock DuckDB and in a plain table, of seed %i', async (seed, { skip }) => {
    if (noLakeJudges !== undefined) skip(noLakeJudges)
    const dice = new Dice(seed)
    const folder = mkdtempSync(join(tmpdir(), 'pruned-'))
    const lake = await session.openLake(folder, { create: true })
    try {
      const twins = new Twins(lake, dice)
      await twins.create(lake)
      for (let part = 0; part < 2; part++) {
        await run(twins, lake)
        const asked = await questions(plain, twins.columns, dice)
        const theirs = await runReference(
          folder,
          asked.map(({ select, where }) => `SELECT ${select} FROM lake.t${where}`),
        )
        const wrong: string[] = []
        for (const [at, { select, where, isForStock }] of asked.entries()) {
          const right = textsOf((await plain.runAndReadAll(`SELECT ${select} FROM plain${where}`)).getRowObjectsJson())
          const ours = textsOf(await session.sql(`SELECT ${select} FROM lake.t${where}`).collect())
          const stock = textsOf(theirs[at]!)
          if (ours !== right) wrong.push(`ours: ${select}${where} is ${ours}, not ${right}`)
          const isLost = twins.lost !== undefined && where.includes(` ${twins.lost} `)
          if (isForStock && !isLost && stock !== right) wrong.push(`stock: ${select}${where} is ${stock}, not ${right}`)
        }
        expect(wrong, `seed ${seed}: ${twins.done.join('; ')}`).toEqual([])
      }
      const [found] = await audited([folder])
      expect(found!.filter((text) => twins.lost === undefined || !text.includes(`"${twins.lost}"`))).toEqual([])
      expect((await lake.check()).findings).toEqual([])
    } finally {
      await lake.close()
      rmSync(folder, { recursive: true })
    }
  })
})
