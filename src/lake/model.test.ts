import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Session } from '../connect/session.ts'
import { nodeHost } from '../engine/duckdb-wasm/node-host.ts'
import { openEngine } from '../engine/open-engine.ts'
import { col } from '../expr/col.ts'
import type { Value } from '../expr/expression.ts'
import { lit } from '../expr/lit.ts'
import type { Lake } from '../frame/lake.ts'
import type { LakeTransaction } from '../frame/lake-writes.ts'
import { lakesBeside } from './engine-with-lakes.ts'
import {
  Dice,
  type ModelColumn,
  type ModelLake,
  type ModelRow,
  type ModelTable,
  readTexts,
  rowTexts,
} from './fixtures/lake-model.ts'

/** How many sequences, and where their seeds begin; `LAKE_SEQUENCES=2000 LAKE_SEED=1 npx vitest run … src/lake/model.test.ts` runs more. */
const sequences = Number(process.env['LAKE_SEQUENCES'] ?? 30)
const firstSeed = Number(process.env['LAKE_SEED'] ?? 1)
const steps = 10
const wasm = new URL('../../dist/wasm/', import.meta.url)

let session: Session
beforeAll(async () => {
  session = new Session(await openEngine(nodeHost(wasm), { decodeWorkers: 0 }, {}, lakesBeside))
}, 120_000)
afterAll(() => session.close())

/** One thing that happens: in the lake, and in the model. */
interface Step {
  readonly label: string
  readonly run: (
    lake: Pick<Lake | LakeTransaction, 'createTable' | 'dropTable' | 'renameTable' | 'table'>,
  ) => Promise<unknown>
  readonly model: (lake: ModelLake) => ModelLake
}

let keys = 0
const types = ['bigint', 'integer', 'varchar', 'double', 'date'] as const

function newColumn(dice: Dice, name: string, withDefault: boolean): ModelColumn {
  const type = dice.one(types)
  const column = { key: ++keys, name, type }
  return withDefault ? { ...column, default: valueOf(dice, type) } : column
}

function valueOf(dice: Dice, type: ModelColumn['type']): Value {
  if (dice.below(6) === 0) return null
  switch (type) {
    case 'bigint':
      return BigInt(dice.below(2 ** 31)) * BigInt(dice.below(2 ** 31)) * (dice.below(2) === 0 ? 1n : -1n)
    case 'integer':
      return dice.below(100) - 50
    case 'double':
      return dice.one([0, 0.5, -1.25, 1e300, dice.next()])
    case 'date':
      return `20${10 + dice.below(3)}-0${1 + dice.below(3)}-1${dice.below(9)}`
    default:
      return dice.one(['', 'a', 'ä/ö', "it's", 'NULL', 'x'.repeat(dice.below(40)), '😀'])
  }
}

function replaced(lake: ModelLake, name: string, change: (table: ModelTable) => ModelTable): ModelLake {
  return { ...lake, [name]: change(lake[name]!) }
}

function rowOf(columns: readonly ModelColumn[], id: number, dice: Dice): ModelRow {
  return Object.fromEntries(columns.map(({ key, type }, at) => [key, at === 0 ? BigInt(id) : valueOf(dice, type)]))
}

function asObject(columns: readonly ModelColumn[], row: ModelRow): Record<string, Value> {
  return Object.fromEntries(columns.map(({ key, name }) => [name, row[key] ?? null]))
}

const isOf = (row: ModelRow, { key }: ModelColumn, divisor: number, rest: number): boolean =>
  Number(row[key]) % divisor === rest

let ids = 0

/** A step that may be done to a lake as it is. The first column of each table is its id, and is never null. */
function nextStep(dice: Dice, lake: ModelLake, history: readonly ModelLake[]): Step {
  const names = Object.keys(lake)
  if (names.length === 0 || (names.length < 3 && dice.below(12) === 0)) return createTable(dice, lake)
  const name = dice.one(names)
  const table = lake[name]!
  const [id, ...others] = table.columns
  const divisor = 1 + dice.below(4)
  const rest = dice.below(divisor)
  const where = col(id!.name).mod(divisor).eq(rest)
  const other = others.length === 0 ? undefined : dice.one(others)
  switch (dice.below(16)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4: {
      const rows = Array.from({ length: dice.below(12) }, () => rowOf(table.columns, ++ids, dice))
      return {
        label: `insert ${rows.length} into ${name}`,
        run: (own) => own.table(name).insert(rows.map((row) => asObject(table.columns, row))),
        model: (own) => replaced(own, name, ({ columns, rows: before }) => ({ columns, rows: [...before, ...rows] })),
      }
    }
    case 5:
    case 6:
      return {
        label: `delete from ${name} where ${id!.name} % ${divisor} = ${rest}`,
        run: (own) => own.table(name).delete(divisor === 1 ? lit(true) : where),
        model: (own) =>
          replaced(own, name, ({ columns, rows }) => ({
            columns,
            rows: rows.filter((row) => !isOf(row, id!, divisor, rest)),
          })),
      }
    case 7:
    case 8: {
      if (other === undefined) return addColumn(dice, name, table)
      const value = valueOf(dice, other.type)
      return {
        label: `update ${name} set ${other.name} where ${id!.name} % ${divisor} = ${rest}`,
        run: (own) => own.table(name).update({ set: { [other.name]: value }, where }),
        model: (own) =>
          replaced(own, name, ({ columns, rows }) => ({
            columns,
            rows: rows.map((row) => (isOf(row, id!, divisor, rest) ? { ...row, [other.key]: value } : row)),
          })),
      }
    }
    case 9:
    case 10:
      return merge(dice, name, table)
    case 11:
      return addColumn(dice, name, table)
    case 12: {
      if (other === undefined) return addColumn(dice, name, table)
      if (dice.below(2) === 0) {
        return {
          label: `drop ${name}.${other.name}`,
          run: async (own) => {
            await own.table(name).setPartitioning([])
            await own.table(name).dropColumn(other.name)
          },
          model: (own) =>
            replaced(own, name, ({ columns, rows }) => ({
              columns: columns.filter((column) => column !== other),
              rows,
            })),
        }
      }
      const renamed = `r${++keys}`
      return {
        label: `rename ${name}.${other.name} to ${renamed}`,
        run: (own) => own.table(name).renameColumn(other.name, renamed),
        model: (own) =>
          replaced(own, name, ({ columns, rows }) => ({
            columns: columns.map((column) => (column === other ? { ...column, name: renamed } : column)),
            rows,
          })),
      }
    }
    case 13: {
      const rows = Array.from({ length: dice.below(5) }, () => rowOf(table.columns, ++ids, dice))
      return {
        label: `overwrite ${name} with ${rows.length}`,
        run: (own) => own.table(name).overwrite(rows.map((row) => asObject(table.columns, row))),
        model: (own) => replaced(own, name, ({ columns }) => ({ columns, rows })),
      }
    }
    case 14: {
      const keysOf = dice.one([
        [],
        [`bucket(3, ${id!.name})`],
        ...others.filter(({ type }) => type === 'date').map((date) => [`month(${date.name})`]),
      ])
      return {
        label: `partition ${name} by ${keysOf.join()}`,
        run: async (own) => {
          await own.table(name).setPartitioning(keysOf)
          await own.table(name).setSorting(dice.below(2) === 0 ? [] : [`${id!.name} desc`])
        },
        model: (own) => own,
      }
    }
    default:
      return rollback(dice, name, history) ?? renameTable(name)
  }
}

function createTable(dice: Dice, lake: ModelLake): Step {
  let name = `t${dice.below(1000)}`
  while (lake[name] !== undefined) name += 'x'
  const columns = [
    { key: ++keys, name: 'id', type: 'bigint' } as const,
    ...Array.from({ length: 1 + dice.below(3) }, (_, at) => newColumn(dice, `c${at}`, false)),
  ]
  const date = columns.find(({ type }) => type === 'date')
  const partitionBy = dice.one([
    [],
    ['bucket(2, id)'],
    ...(date === undefined ? [] : [[`year(${date.name})`], [date.name]]),
  ])
  return {
    label: `create ${name} partitioned by ${partitionBy.join()}`,
    run: (own) =>
      own.createTable(name, Object.fromEntries(columns.map((column) => [column.name, column.type])), {
        partitionBy,
        notNull: ['id'],
        sortBy: dice.below(3) === 0 ? ['id desc'] : [],
      }),
    model: (own) => ({ ...own, [name]: { columns, rows: [] } }),
  }
}

function addColumn(dice: Dice, name: string, { columns: before }: ModelTable): Step {
  const column = newColumn(dice, `a${++keys}`, before.length > 0 && dice.below(2) === 0)
  const value = column.default
  return {
    label: `add ${name}.${column.name} ${column.type}`,
    run: (own) =>
      own
        .table(name)
        .addColumn(column.name, column.type, value === undefined || value === null ? {} : { default: value }),
    model: (own) =>
      replaced(own, name, ({ columns, rows }) => ({
        columns: [...columns, column],
        rows: rows.map((row) => ({ ...row, [column.key]: value ?? null })),
      })),
  }
}

function merge(dice: Dice, name: string, table: ModelTable): Step {
  const [id] = table.columns
  const known = table.rows
    .filter(() => dice.below(3) === 0)
    .map((row) => ({ ...rowOf(table.columns, 0, dice), [id!.key]: row[id!.key]! }))
  const rows = [...known, ...Array.from({ length: dice.below(4) }, () => rowOf(table.columns, ++ids, dice))]
  const isDelete = dice.below(3) === 0
  const inserts = dice.below(3) > 0 || isDelete
  return {
    label: `merge ${rows.length} (${known.length} known) into ${name}, ${isDelete ? 'deleting' : 'updating'}`,
    run: (own) =>
      own.table(name).merge(
        rows.map((row) => asObject(table.columns, row)),
        { on: id!.name, whenMatched: isDelete ? 'delete' : 'update', ...(inserts ? { whenNotMatched: 'insert' } : {}) },
      ),
    model: (own) =>
      replaced(own, name, ({ columns, rows: before }) => {
        const given = new Map(rows.map((row) => [String(row[id!.key]), row]))
        const kept = before.flatMap((row) => {
          const match = given.get(String(row[id!.key]))
          return match === undefined ? [row] : isDelete ? [] : [match]
        })
        const there = new Set(before.map((row) => String(row[id!.key])))
        return { columns, rows: [...kept, ...(inserts ? rows.filter((row) => !there.has(String(row[id!.key]))) : [])] }
      }),
  }
}

function rollback(dice: Dice, name: string, history: readonly ModelLake[]): Step | undefined {
  const version = dice.below(history.length)
  const then = history[version]?.[name]
  if (then === undefined) return undefined
  return {
    label: `roll ${name} back to ${version}`,
    run: (own) => own.table(name).rollback(version),
    model: (own) =>
      replaced(own, name, ({ columns }) => {
        const names = new Set(then.columns.map((column) => column.name))
        const both = columns.filter((column) => names.has(column.name))
        const rows = then.rows.map((row): ModelRow =>
          Object.fromEntries(
            columns.map((column) => {
              const old = both.includes(column) ? then.columns.find((own_) => own_.name === column.name) : undefined
              return [column.key, old === undefined ? (column.default ?? null) : (row[old.key] ?? null)]
            }),
          ),
        )
        return { columns, rows }
      }),
  }
}

function renameTable(name: string): Step {
  const renamed = `n${++keys}`
  return {
    label: `rename ${name} to ${renamed}`,
    run: (own) => own.renameTable(name, renamed),
    model: (own) =>
      Object.fromEntries(Object.entries(own).map(([key, table]) => [key === name ? renamed : key, table])),
  }
}

async function expectSame(lake: Lake, model: ModelLake, version: number | undefined, told: string): Promise<void> {
  for (const [name, table] of Object.entries(model)) {
    const rows = await lake.table(name, version === undefined ? {} : { version }).collect()
    const names = table.columns.map((column) => column.name)
    expect(readTexts(names, rows as Record<string, unknown>[]), `${told}, table ${name}`).toEqual(rowTexts(table))
  }
}

async function runSequence(seed: number): Promise<number> {
  const dice = new Dice(seed)
  ids = 0
  keys = 0
  const lake = await session.openLake(`memory:model-${seed}`, { name: `model${seed}`, create: true })
  const versions = new Map<number, ModelLake>([[0, {}]])
  const done: string[] = []
  let model: ModelLake = {}
  const newest = async (): Promise<number> => {
    const [row] = await (await lake.snapshots()).limit(1).collect()
    return Number(row!.version)
  }
  try {
    for (let at = 0; at < steps; at++) {
      const isTransaction = dice.below(4) === 0
      const history = [...versions.keys()].reduce<ModelLake[]>((all, version) => {
        all[version] = versions.get(version)!
        return all
      }, [])
      if (isTransaction) {
        let inside = model
        const before = done.length
        const fails = dice.below(3) === 0
        const work = lake.transaction(async (tx) => {
          for (let part = 0; part < 1 + dice.below(3); part++) {
            const step = nextStep(dice, inside, [])
            done.push(`  ${step.label}`)
            await step.run(tx)
            inside = step.model(inside)
            for (const [name, table] of Object.entries(inside)) {
              const rows = await tx.table(name).collect()
              const names = table.columns.map((column) => column.name)
              expect(readTexts(names, rows as Record<string, unknown>[]), `${done.join('\n')}\ninside`).toEqual(
                rowTexts(table),
              )
            }
          }
          if (fails) throw new Error('changed my mind')
        })
        if (fails) await expect(work).rejects.toThrow('changed my mind')
        else await work
        done.splice(before, 0, fails ? 'transaction that fails' : 'transaction')
        if (!fails) model = inside
      } else {
        const step = nextStep(dice, model, history.length === 0 ? [{}] : history)
        done.push(step.label)
        await step.run(lake)
        model = step.model(model)
      }
      versions.set(await newest(), model)
      await expectSame(lake, model, undefined, `seed ${seed}\n${done.join('\n')}`)
    }
    for (const [version, then] of versions)
      await expectSame(lake, then, version, `seed ${seed}, version ${version}\n${done.join('\n')}`)
    return versions.size
  } finally {
    await lake.close()
  }
}

describe(`a lake against a model of it, ${sequences} sequences from seed ${firstSeed}`, () => {
  it('holds the same after each step, and in each version at the end', { timeout: 6_000_000 }, async () => {
    let versions = 0
    for (let seed = firstSeed; seed < firstSeed + sequences; seed++) versions += await runSequence(seed)
    expect(versions).toBeGreaterThan(sequences * 4)
  })
})
