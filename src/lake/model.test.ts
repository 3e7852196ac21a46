import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Session } from '../connect/session.ts'
import { nodeHost } from '../engine/duckdb-wasm/node-host.ts'
import { openEngine } from '../engine/open-engine.ts'
import { isLakefrontError } from '../errors.ts'
import type { AnyColumn } from '../expr/column-types.ts'
import { col } from '../expr/col.ts'
import { lit } from '../expr/lit.ts'
import type { Lake } from '../frame/lake.ts'
import { lakesBeside } from './engine-with-lakes.ts'
import { compareValues, Dice, readTexts, rowTexts, valueOf } from './fixtures/lake-model.ts'
import type { ModelLake, ModelTable } from './fixtures/lake-model.ts'
import * as objectSteps from './fixtures/lake-object-steps.ts'
import * as rowSteps from './fixtures/lake-row-steps.ts'
import type { Given, Step, World } from './fixtures/lake-steps.ts'
import * as outside from './fixtures/lake-steps-outside.ts'

/** How many sequences, and where their seeds begin; `LAKE_SEQUENCES=2000 LAKE_SEED=1 npx vitest run … src/lake/model.test.ts` runs more. */
const sequences = Number(process.env['LAKE_SEQUENCES'] ?? 12)
const firstSeed = Number(process.env['LAKE_SEED'] ?? 1)
const steps = 10
const wasm = new URL('../../dist/wasm/', import.meta.url)

let session: Session
let folder: string
beforeAll(async () => {
  session = new Session(await openEngine(nodeHost(wasm), { decodeWorkers: 0 }, {}, lakesBeside))
  folder = mkdtempSync(join(tmpdir(), 'model-'))
})
afterAll(async () => {
  await session.close()
  rmSync(folder, { recursive: true })
})

type Make<S> = (given: Given) => S | undefined

/** What may happen, with how many chances. */
const anywhere: readonly (readonly [number, Make<Step>])[] = [
  [6, rowSteps.insert],
  [2, rowSteps.insertMerging],
  [3, rowSteps.deleteRows],
  [3, rowSteps.update],
  [4, rowSteps.merge],
  [1, rowSteps.overwrite],
  [1, rowSteps.overwriteSome],
  [5, rowSteps.overwritePartitions],
  [2, rowSteps.registerFile],
  [1, rowSteps.rollback],
  [2, rowSteps.failing],
  [2, objectSteps.partition],
  [2, objectSteps.addColumn],
  [1, objectSteps.renameColumn],
  [2, objectSteps.widenColumn],
  [1, objectSteps.setDefault],
  [1, objectSteps.dropColumn],
  [1, objectSteps.renameTable],
  [1, objectSteps.dropTable],
  [1, objectSteps.setOther],
]

const notInTransactions: readonly (readonly [number, Make<Omit<Step, 'run'> & { run: (lake: Lake) => unknown }>])[] = [
  [1, rowSteps.insertInSeries],
  [3, outside.compact],
  [1, outside.expire],
  [1, outside.view],
]

function drawn<S>(dice: Dice, makers: readonly (readonly [number, Make<S>])[], given: Given): S | undefined {
  const all = makers.flatMap(([chances, make]) => Array.from({ length: chances }, () => make))
  return dice.one(all)(given)
}

/** A step that may be done to a lake as it is. */
function nextStep(world: World, lake: ModelLake): Step {
  const { dice } = world
  const names = Object.keys(lake)
  if (names.length === 0 || (names.length < 3 && dice.below(12) === 0)) return objectSteps.createTable(world)
  const name = dice.one(names)
  const given = { world, name, table: lake[name]! }
  return drawn(dice, anywhere, given) ?? rowSteps.insert(given)
}

/** Tables hold what they hold in the model; those that a step left alone are looked at in the end. */
async function expectSame(
  lake: Pick<Lake, 'table'>,
  model: ModelLake,
  {
    before = {},
    version,
    told,
  }: { readonly before?: ModelLake; readonly version?: number; readonly told: () => string },
): Promise<void> {
  for (const [name, table] of Object.entries(model)) {
    if (before[name] === table) continue
    const rows = await lake.table(name, version === undefined ? {} : { version }).collect()
    const names = table.columns.map((column) => column.name)
    expect(readTexts(names, rows as Record<string, unknown>[]), `${told()}\ntable ${name}`).toEqual(rowTexts(table))
  }
}

const operators = {
  eq: (order: number) => order === 0,
  ne: (order: number) => order !== 0,
  lt: (order: number) => order < 0,
  le: (order: number) => order <= 0,
  gt: (order: number) => order > 0,
  ge: (order: number) => order >= 0,
} as const

/** A filter finds what it has to, whatever files are left out for it. */
async function expectFound(lake: Pick<Lake, 'table'>, model: ModelLake, { dice, told }: Told): Promise<void> {
  const [name, table] = dice.one(Object.entries(model))
  const column = dice.one(table.columns)
  const values = table.rows.map((row) => row[column.key] ?? null)
  const value = values.length > 0 && dice.below(2) === 0 ? dice.one(values) : valueOf(dice, column.type)
  const operator = dice.one(Object.keys(operators) as (keyof typeof operators)[])
  const holds =
    value === null
      ? values.filter((own) => own === null)
      : values.filter((own) => own !== null && operators[operator](compareValues(own, value, column.type)))
  const condition: AnyColumn =
    value === null ? col(column.name).isNull() : col(column.name)[operator](lit(value).cast(column.type))
  const found = await lake.table(name).filter(condition).count()
  expect(found, `${told()}\n${name}.${column.name} ${operator} ${String(value)}`).toBe(holds.length)
}

interface Told {
  readonly dice: Dice
  readonly told: () => string
}

/** What the change feed says of a version makes the one before it that version. */
async function expectChanges(lake: Lake, { versions, dice }: World, told: () => string): Promise<number> {
  const pairs = [...versions.keys()].flatMap((version) => {
    const [before, after] = [versions.get(version - 1), versions.get(version)!]
    return Object.entries(after).flatMap(([name, table]) => {
      const old = before?.[name]
      return old !== undefined && hasColumnsOf(old, table) ? [{ version, name, old, table }] : []
    })
  })
  for (const { version, name, old, table } of dice.some(pairs)) {
    const names = table.columns.map((column) => column.name)
    const rows = (await lake.table(name).changes(version, version).collect()) as Record<string, unknown>[]
    const part = (kinds: RegExp): readonly string[] =>
      readTexts(
        names,
        rows.filter((row) => kinds.test(String(row['change_type']))),
      )
    expect(
      [...rowTexts(old), ...part(/insert|postimage/)].toSorted(),
      `${told()}\nchanges of ${name} in ${version}`,
    ).toEqual([...rowTexts(table), ...part(/delete|preimage/)].toSorted())
  }
  return pairs.length
}

function hasColumnsOf(a: ModelTable, b: ModelTable): boolean {
  const shape = ({ id, columns }: ModelTable): string =>
    JSON.stringify([id, columns.map(({ key, name, type }) => [key, name, type])])
  return shape(a) === shape(b)
}

async function runSequence(seed: number, done: Map<string, number>): Promise<number> {
  const dice = new Dice(seed)
  const lake = await session.openLake(`memory:model-${seed}`, { name: `model${seed}`, create: true })
  let given = 0
  const own = mkdtempSync(join(folder, `${seed}-`))
  const world: World = { session, dice, folder: own, versions: new Map([[0, {}]]), next: () => ++given, done }
  const labels: string[] = []
  const told = (): string => `seed ${seed}\n${labels.join('\n')}`
  let model: ModelLake = {}
  try {
    for (let at = 0; at < steps; at++) {
      const before = model
      if (dice.below(4) === 0) model = await runTransaction(lake, model, { world, labels })
      else {
        const [name] = Object.keys(model)
        const own =
          name !== undefined && dice.below(6) === 0
            ? drawn(dice, notInTransactions, { world, name, table: model[name]! })
            : undefined
        const step = own ?? nextStep(world, model)
        labels.push(step.label)
        await named(step.run(lake), told)
        model = step.model(model)
      }
      const [newest] = await (await lake.snapshots()).limit(1).collect()
      world.versions.set(Number(newest!.version), model)
      await expectSame(lake, model, { told, before: before === model ? {} : before })
      if (Object.keys(model).length > 0) await expectFound(lake, model, { dice, told })
    }
    for (const [version, then] of world.versions)
      await expectSame(lake, then, { version, told: () => `version ${version} of ${told()}` })
    await expectChanges(lake, world, told)
    expect((await lake.check()).findings, told()).toEqual([])
    return world.versions.size
  } catch (error) {
    throw isLakefrontError(error) ? new Error(told(), { cause: error }) : error
  } finally {
    await lake.close()
  }
}

/** An error says in which sequence it came. */
async function named(work: unknown, told: () => string): Promise<void> {
  try {
    await work
  } catch (error) {
    throw new Error(told(), { cause: error })
  }
}

/** Several steps as one; of three transactions one fails at its end, and leaves nothing. */
async function runTransaction(
  lake: Lake,
  model: ModelLake,
  { world, labels }: { readonly world: World; readonly labels: string[] },
): Promise<ModelLake> {
  const { dice } = world
  const fails = dice.below(3) === 0
  const own: string[] = []
  const told = (): string => [...labels, 'transaction', ...own].join('\n')
  let inside = model
  const work = lake.transaction(async (tx) => {
    for (let part = 1 + dice.below(3); part > 0; part--) {
      const step = nextStep(world, inside)
      own.push(`  ${step.label}`)
      const before = inside
      await named(step.run(tx), told)
      inside = step.model(inside)
      await expectSame(tx, inside, { told, before })
      if (Object.keys(inside).length > 0) await expectFound(tx, inside, { dice, told })
    }
    if (fails) throw new Error('changed my mind')
  })
  if (fails) await expect(work).rejects.toThrow('changed my mind')
  else await work
  labels.push(fails ? 'transaction that fails' : 'transaction', ...own)
  return fails ? model : inside
}

describe(`a lake against a model of it, ${sequences} sequences from seed ${firstSeed}`, () => {
  it('holds the same after each step, and in each version at the end', { timeout: 6_000_000 }, async () => {
    let versions = 0
    const done = new Map<string, number>()
    for (let seed = firstSeed; seed < firstSeed + sequences; seed++) versions += await runSequence(seed, done)
    expect(versions).toBeGreaterThan(sequences * 4)
    if (sequences >= 100)
      expect([...done.keys()].toSorted()).toEqual(
        ['compact', 'expire', 'failing', 'partitions', 'register', 'series', 'view'].toSorted(),
      )
  })
})
