import { expect, test } from 'vitest'
import { connect } from '../connect.ts'
import { Session } from '../connect/session.ts'
import { SessionState } from './session-state.ts'
import { spawnWorker } from './spawn.ts'
import { supervisedEngine } from './supervised-engine.ts'
import type { WorkerHandle } from './worker-handle.ts'

const workerUrl = new URL('../../dist/worker/engine-node.js', import.meta.url)

test('each thing is remembered by its last statement, and forgotten when it is dropped', () => {
  const state = new SessionState()
  const said = [
    'SET threads = 1',
    'CREATE TEMP VIEW a AS SELECT 1',
    'create or replace view A as select 2;',
    'CREATE TABLE t(i INT)',
    'SELECT 1; SET x = 2',
    'CREATE MACRO twice(x) AS x * 2',
    'CREATE TEMPORARY FUNCTION "odd one"(x) AS x % 2',
    'CREATE VIEW b AS FROM t',
    'SET threads = 1',
    'DROP VIEW IF EXISTS b',
    'DROP MACRO "odd one"',
    'RESET threads',
  ]
  for (const sql of said) state.remember({ sql })
  expect(state.statements.map(({ sql }) => sql)).toEqual([
    'create or replace view A as select 2;',
    'CREATE MACRO twice(x) AS x * 2',
    'SET threads = 1',
    'RESET threads',
  ])
})

test('a new worker has the settings, views and macros of the one that is gone, and no tables', async () => {
  const workers: WorkerHandle[] = []
  const spawn = (): WorkerHandle => {
    const worker = spawnWorker(workerUrl)
    workers.push(worker)
    return worker
  }
  await using db = new Session(await supervisedEngine(spawn))
  await db.sql("SET default_null_order = 'nulls_first'").collect()
  await db.sql('CREATE TABLE t AS SELECT 42 AS i').collect()
  await db.sql('CREATE VIEW lost AS FROM t').collect()
  await db.sql('CREATE TEMP VIEW three AS FROM range(3) r(i)').collect()
  await db.sql('CREATE MACRO twice(x) AS x * 2').collect()
  workers[0]!.terminate()
  const query = "SELECT sum(twice(i))::INT AS s, current_setting('default_null_order') AS o FROM three"
  const answer = await db
    .sql(query)
    .collect()
    .catch(() => db.sql(query).collect())
  expect(answer).toEqual([{ s: 6, o: 'NULLS_FIRST' }])
  await expect(db.sql('FROM t').collect()).rejects.toMatchObject({ code: 'TABLE_NOT_FOUND' })
  await expect(db.sql('FROM lost').collect()).rejects.toMatchObject({ code: 'TABLE_NOT_FOUND' })
  expect(workers.length).toBe(2)
})

test('a session out of memory goes on with what it has', async () => {
  await using db = await connect({ workerUrl, memoryLimit: '40MB' })
  await db.sql('CREATE TEMP TABLE kept AS SELECT 42 AS i').collect()
  for (let turn = 0; turn < 3; turn++) {
    const error: unknown = await db
      .sql('SELECT list(range) FROM range(20000000)')
      .collect()
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'OUT_OF_MEMORY', message: expect.stringContaining('raise memoryLimit') })
    expect(await db.table('kept').collect()).toEqual([{ i: 42 }])
  }
})
