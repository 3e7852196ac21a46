import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connect } from '../connect.ts'
import { isLakefrontError } from '../errors.ts'
import type { Session } from './session.ts'

const workerUrl = new URL('../../dist/worker/engine-node.js', import.meta.url)

let db: Session
let folder: string
let places = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lakefront-'))
  db = await connect({ workerUrl, lake: join(folder, 'lake') })
  await db.sql('CREATE TABLE canary AS SELECT 1 AS alive').collect()
  await db.lake().createTable('kept', { id: 'integer', s: 'varchar' })
  await db
    .lake()
    .table('kept')
    .insert([{ id: 1, s: 'x' }])
})
afterAll(async () => {
  await db.close()
  await rm(folder, { recursive: true })
})

const attacks = [`x'; DROP TABLE canary; DELETE FROM lake.kept; --`, `x"; DROP TABLE canary; DELETE FROM lake.kept; --`]

const people = (attack: string) => db.createDataFrame([{ id: 1, [attack]: attack, s: attack }])
const place = () => join(folder, `out ${++places}/`)
const table = async (attack: string) => {
  const name = `t${++places}`
  await db.lake().createTable(name, { id: 'integer', [attack]: 'varchar', s: 'varchar' })
  return db.lake().table(name)
}

/** Every place of a write, a lake or a function that text of a user's can stand in; what comes back, where something does. */
const entries: readonly (readonly [entry: string, work: (attack: string) => unknown])[] = [
  [
    'partitionBy',
    (attack) =>
      people(attack)
        .write.partitionBy(attack as never)
        .parquet(place()),
  ],
  ['a value of a partition', (attack) => people(attack).write.partitionBy('s').parquet(place())],
  [
    'a column of each format',
    async (attack) => {
      for (const format of ['parquet', 'avro', 'csv', 'json', 'arrow'] as const)
        await people(attack).write[format](place()).catch(known)
    },
  ],
  ['a codec', (attack) => people(attack).write.option('compression', attack).parquet(place())],
  [
    'the name of an option',
    (attack) =>
      people(attack)
        .write.option(attack as never, 1)
        .parquet(place()),
  ],
  [
    'a delimiter',
    (attack) =>
      people(attack)
        .write.option('delimiter' as never, attack)
        .csv(place()),
  ],
  ['a path', (attack) => people(attack).write.parquet(join(place(), attack))],
  [
    'a mode',
    (attack) =>
      people(attack)
        .write.mode(attack as never)
        .parquet(place()),
  ],
  [
    'a format',
    (attack) =>
      people(attack)
        .write.format(attack as never)
        .save(place()),
  ],
  [
    'saveAsTable',
    async (attack) => {
      await people(attack).write.saveAsTable(attack)
      expect(await db.table(attack).count()).toBe(1)
    },
  ],
  [
    'saveAsTable in a lake',
    async (attack) => {
      await people(attack).write.saveAsTable(`lake.main."${attack.replaceAll('"', '""')}"`)
      expect(await db.lake().table(attack).count()).toBe(1)
    },
  ],
  [
    'saveAsTable in parts',
    (attack) =>
      people(attack)
        .write.partitionBy(attack as never)
        .saveAsTable(`lake.p${++places}`),
  ],
  [
    'a view',
    async (attack) => {
      await people(attack).createOrReplaceTempView(`v ${attack}`)
      expect(await db.table(`v ${attack}`).count()).toBe(1)
    },
  ],
  ['the name of a lake', (attack) => db.openLake(place(), { create: true, name: attack })],
  ['the place of a lake', (attack) => db.openLake(join(folder, attack), { create: true, name: `l${++places}` })],
  ['a table of a lake', (attack) => db.lake().createTable(`c ${attack}`, { id: 'integer' })],
  ['a schema of a lake', (attack) => db.lake().createTable('t', { id: 'integer' }, { schema: attack } as never)],
  ['a type of a lake', (attack) => db.lake().createTable(`t${++places}`, { id: `integer ${attack}` })],
  [
    'a key of partitions',
    (attack) => db.lake().createTable(`t${++places}`, { id: 'integer' }, { partitionBy: [attack] }),
  ],
  [
    'a transform of partitions',
    (attack) => db.lake().createTable(`t${++places}`, { id: 'integer' }, { partitionBy: [`month(${attack})`] }),
  ],
  [
    'a column of a lake',
    async (attack) => {
      const made = await table(attack)
      await made.insert([{ id: 1, [attack]: attack, s: attack }] as never)
      expect(await made.collect()).toEqual([{ id: 1, [attack]: attack, s: attack }])
    },
  ],
  ['where', async (attack) => (await table(attack)).delete(`s = ${attack}`)],
  ['set', async (attack) => (await table(attack)).update({ set: { s: attack }, where: '1 = 1' } as never)],
  [
    'a key of a merge',
    async (attack) => (await table(attack)).merge([{ id: 1 }], { on: attack, whenMatched: 'delete' } as never),
  ],
  ['addColumn', async (attack) => (await table(attack)).addColumn(`n ${attack}`, 'varchar')],
  [
    'a default',
    async (attack) => {
      const made = await table(attack)
      await made.addColumn('d', 'varchar', { default: attack } as never)
      await made.insert([{ id: 1 }] as never)
      const [row] = await made.collect()
      expect((row as { d?: unknown }).d).toBe(attack)
    },
  ],
  ['setDefault', async (attack) => (await table(attack)).setDefault('s', attack as never)],
  ['renameColumn', async (attack) => (await table(attack)).renameColumn('s', `r ${attack}`)],
  ['alterType', async (attack) => (await table(attack)).alterType('id', `bigint ${attack}`)],
  ['a comment', async (attack) => (await table(attack)).comment(attack)],
  ['a comment of a column', async (attack) => (await table(attack)).comment(attack, { column: attack } as never)],
  ['setSorting', async (attack) => (await table(attack)).setSorting([attack])],
  ['an option of a table', async (attack) => (await table(attack)).setOption(attack, attack)],
  [
    'the message of a commit',
    async (attack) => (await table(attack)).insert([{ id: 1 }] as never, { message: attack, author: attack } as never),
  ],
  ['time travel', (attack) => db.lake().table('kept', { timestamp: attack }).collect()],
  [
    'a version',
    (attack) =>
      db
        .lake()
        .table('kept', { version: attack as never })
        .collect(),
  ],
  [
    'the name of a function',
    (attack) =>
      db.registerFunction(
        attack,
        { parameters: ['integer'], returns: 'integer' } as never,
        ((a: number) => a) as never,
      ),
  ],
  [
    'a type of a function',
    (attack) =>
      db.registerFunction(
        'f1',
        { parameters: [`integer ${attack}`], returns: 'integer' } as never,
        ((a: number) => a) as never,
      ),
  ],
  [
    'an insert',
    async (attack) => {
      await db.sql('CREATE TABLE IF NOT EXISTS plain (id INTEGER, s VARCHAR)').collect()
      await db.table('plain').insert([{ id: 1, s: attack }])
      await db
        .table('plain')
        .update({ set: { s: attack }, where: `s = ${attack}` } as never)
        .catch(known)
      await db.table('plain').delete(attack).catch(known)
      expect(await db.sql('SELECT DISTINCT s FROM plain WHERE s = ?', [attack]).collect()).toEqual([{ s: attack }])
    },
  ],
]

function known(error: unknown): void {
  if (!isLakefrontError(error)) throw error
}

test.each(entries.flatMap(([entry, work]) => attacks.map((attack, at) => [entry, at + 1, work, attack] as const)))(
  'text stays text as %s (%i), or is refused',
  async (_entry, _at, work, attack) => {
    await Promise.resolve()
      .then(() => work(attack))
      .catch(known)
    expect(await db.table('canary').collect()).toEqual([{ alive: 1 }])
    expect(await db.lake().table('kept').collect()).toEqual([{ id: 1, s: 'x' }])
  },
)

test('paths lead nowhere else', async () => {
  const inside = join(folder, 'inside')
  await db
    .createDataFrame([{ k: '../../outside', v: 1 }])
    .write.partitionBy('k')
    .parquet(`${inside}/`)
  expect(await readdir(folder)).not.toContain('outside')
  expect(await db.read.parquet(`${inside}/**/*.parquet`).select('v').collect()).toEqual([{ v: 1 }])
})
