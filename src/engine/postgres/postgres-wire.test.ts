import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { connect } from '../../connect.ts'
import { Session } from '../../connect/session.ts'
import { type PostgresCluster, missingPostgres, postgresCluster } from '../fixtures/postgres-cluster.ts'
import { pgServer } from './pg-server.ts'
import { PostgresEngine } from './postgres-engine.ts'

const why = missingPostgres()
let cluster: PostgresCluster
let db: Session

beforeAll(async () => {
  if (why !== undefined) return
  cluster = await postgresCluster()
  db = await connect(cluster.address)
})
afterAll(async () => {
  await db?.close()
  cluster?.stop()
})
beforeEach(({ skip }) => {
  if (why !== undefined) skip(why)
})

test('an abort stops the statement on the server', async () => {
  const controller = new AbortController()
  const running = db.sql('SELECT pg_sleep(30), 4711').collect({ signal: controller.signal })
  setTimeout(() => controller.abort(new Error('enough')), 300)
  const started = performance.now()
  await expect(running).rejects.toThrow('enough')
  expect(performance.now() - started).toBeLessThan(10_000)
  const busy = db.sql(
    "SELECT count(*) AS n FROM pg_stat_activity WHERE query LIKE '%pg_sleep(30), 4711' AND state = 'active'",
  )
  await expect.poll(async () => (await busy.collect())[0], { timeout: 60_000 }).toEqual({ n: 0n })
  expect(await db.sql('SELECT 1 AS n').collect()).toEqual([{ n: 1 }])
})

describe('transactions and connections', () => {
  test('a transaction whose error was swallowed says that it was rolled back', async () => {
    const swallowing = db.transaction(async (tx) => {
      await tx.sql('CREATE TABLE never (a int)').collect()
      await tx
        .sql('SELECT 1/0')
        .collect()
        .catch(() => {})
    })
    await expect(swallowing).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    const saved = db.transaction(async (tx) => {
      await tx.sql('SAVEPOINT before').collect()
      await tx
        .sql('SELECT 1/0')
        .collect()
        .catch(() => {})
      await tx.sql('ROLLBACK TO before').collect()
      return tx.sql("SELECT to_regclass('never') IS NULL AS gone").collect()
    })
    expect(await saved).toEqual([{ gone: true }])
  })

  test('as many transactions as come wait for one another, not for the statements beside them', async () => {
    const work = Array.from({ length: 25 }, (_, i) =>
      db.transaction(async (tx) => {
        const [inside] = await tx.sql(`SELECT ${i} AS i`).collect()
        return [inside, (await db.sql(`SELECT ${i} AS i`).collect())[0]]
      }),
    )
    expect(await Promise.all(work)).toEqual(Array.from({ length: 25 }, (_, i) => [{ i }, { i }]))
  })

  test('who waits for a connection in vain is told, and who waits for what runs is not', async () => {
    const engine = await PostgresEngine.open(await pgServer(cluster.address, 1), 200)
    const one = new Session(engine)
    const inVain = { code: 'INVALID_ARGUMENT', message: expect.stringContaining('tx.sql()') }
    await expect(one.transaction(() => one.sql('SELECT 1').collect())).rejects.toMatchObject(inVain)
    await expect(one.transaction(() => one.transaction(async () => {}))).rejects.toMatchObject(inVain)
    const unread = await one.sql('SELECT * FROM generate_series(1, 100000)').batches()
    await expect(one.sql('SELECT 1').collect()).rejects.toMatchObject(inVain)
    await unread.close()
    const sleeping = one.transaction((tx) => tx.sql('SELECT pg_sleep(0.5)').collect())
    expect(await one.sql('SELECT 1 AS n').collect()).toEqual([{ n: 1 }])
    await sleeping
    await one.close()
  })

  test('a connection that the server ended is lost for what ran on it, and for nothing else', async () => {
    const lost = db.transaction(async (tx) => {
      const [row] = await tx.sql('SELECT pg_backend_pid() AS pid').collect()
      await db.sql('SELECT pg_terminate_backend($1)', [(row as { pid: number }).pid]).collect()
      await tx.sql('SELECT pg_sleep(5)').collect()
    })
    await expect(lost).rejects.toMatchObject({ code: 'NETWORK' })
    const many = Array.from({ length: 12 }, () => db.sql('SELECT 1 AS n').collect())
    expect(new Set((await Promise.all(many)).map(([row]) => row!.n))).toEqual(new Set([1]))
  })

  test('who waits for a connection can stop, and a session that closes stops what runs', async () => {
    const session = await connect(cluster.address, { connections: 2 })
    const sleeping = [
      session.sql('SELECT pg_sleep(30)').collect(),
      session.transaction((tx) => tx.sql('SELECT pg_sleep(30)').collect()),
    ]
    const waiting = session.sql('SELECT 1').collect()
    const controller = new AbortController()
    const stopped = session.sql('SELECT 1').collect({ signal: controller.signal })
    setTimeout(() => controller.abort(new Error('enough')), 200)
    const results = Promise.allSettled([...sleeping, waiting])
    await expect(stopped).rejects.toThrow('enough')
    const started = performance.now()
    await session.close()
    expect(performance.now() - started).toBeLessThan(10_000)
    for (const result of await results) expect(result).toMatchObject({ reason: { code: 'CLOSED' } })
  })
})

describe('TLS', () => {
  let secure: PostgresCluster | undefined
  beforeAll(async () => {
    if (why === undefined) secure = await postgresCluster({ tls: true })
  })
  afterAll(() => secure?.stop())

  const opened = async (query: string): Promise<unknown> => {
    const session = await connect(`${secure!.address}?${query}`)
    try {
      return (await session.sql('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()').collect())[0]
    } finally {
      await session.close()
    }
  }

  test('a server is trusted by its authority, and by no other', async () => {
    const { authority, stranger } = secure!.certificates!
    expect(await opened(`sslmode=verify-full&sslrootcert=${authority}`)).toEqual({ ssl: true })
    expect(await opened('sslmode=no-verify')).toEqual({ ssl: true })
    await expect(opened(`sslmode=verify-full&sslrootcert=${stranger}`)).rejects.toMatchObject({ code: 'NETWORK' })
    await expect(opened('sslmode=verify-full')).rejects.toMatchObject({ code: 'NETWORK' })
  })

  test('a server that wants TLS is not talked to without', async () => {
    await expect(opened('sslmode=disable')).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
  })

  test('a server without TLS is not talked to where it is required', async () => {
    await expect(connect(`${cluster.address}?sslmode=require`)).rejects.toMatchObject({ code: 'NETWORK' })
  })

  test('an abort finds its way through TLS', async () => {
    const session = await connect(
      `${secure!.address}?sslmode=verify-full&sslrootcert=${secure!.certificates!.authority}`,
    )
    const controller = new AbortController()
    const running = session.sql('SELECT pg_sleep(30), 4712').collect({ signal: controller.signal })
    setTimeout(() => controller.abort(new Error('enough')), 300)
    const started = performance.now()
    await expect(running).rejects.toThrow('enough')
    expect(performance.now() - started).toBeLessThan(10_000)
    const busy = session.sql(
      "SELECT count(*) AS n FROM pg_stat_activity WHERE query LIKE '%, 4712' AND state = 'active'",
    )
    await expect.poll(async () => (await busy.collect())[0], { timeout: 60_000 }).toEqual({ n: 0n })
    await session.close()
  })
})

/** SQL, the type of the column it makes, and the value that comes over the wire. */
const values: readonly (readonly [sql: string, type: string, value: unknown])[] = [
  ["'NaN'::numeric", 'VARCHAR', 'NaN'],
  ["'Infinity'::numeric", 'VARCHAR', 'Infinity'],
  ['123456789012345678901234567890.123456789::numeric', 'VARCHAR', '123456789012345678901234567890.123456789'],
  ['1.50::numeric(9,2)', 'DECIMAL(9,2)', '1.50'],
  ["'NaN'::float8", 'DOUBLE', NaN],
  ["'-Infinity'::float4", 'FLOAT', -Infinity],
  ["'infinity'::date", 'DATE', 'infinity'],
  ["'-infinity'::timestamp", 'TIMESTAMP', '-infinity'],
  ["'0044-03-15 BC'::date", 'DATE', '0044-03-15 (BC)'],
  ["'2024-02-29 12:00:00+02'::timestamptz", 'TIMESTAMP WITH TIME ZONE', '2024-02-29 10:00:00+00'],
  ["'12:00:00+02'::timetz", 'TIME WITH TIME ZONE', '12:00:00+02'],
  ["'24:00:00'::time", 'TIME', '24:00:00'],
  ["'1 year 2 mons -3 days 04:05:06.7'::interval", 'INTERVAL', '1 year 2 months -3 days 04:05:06.7'],
  ["'\\x00ff'::bytea", 'BLOB', new Uint8Array([0, 255])],
  ["''::bytea", 'BLOB', new Uint8Array(0)],
  ["B'0101'", 'BIT', '0101'],
  ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid", 'UUID', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
  [`'{"b": [1, null], "a": "é"}'::jsonb`, 'JSON', '{"a": "é", "b": [1, null]}'],
  [`'{"b":1,  "b":2}'::json`, 'JSON', '{"b":1,  "b":2}'],
  ["'{1,NULL,3}'::int[]", 'INTEGER[]', [1, null, 3]],
  ["'[0:1]={7,8}'::bigint[]", 'BIGINT[]', [7n, 8n]],
  [`ARRAY['a,b', 'c"d', 'NULL', NULL, '']`, 'VARCHAR[]', ['a,b', 'c"d', 'NULL', null, '']],
  ["'{}'::text[]", 'VARCHAR[]', []],
  ["'{t,f}'::bool[]", 'BOOLEAN[]', [true, false]],
  ["'{2024-02-29,infinity}'::date[]", 'DATE[]', ['2024-02-29', 'infinity']],
  ["'[1,5)'::int4range", 'VARCHAR', '[1,5)'],
  ["'{[1,5),[7,9)}'::int4multirange", 'VARCHAR', '{[1,5),[7,9)}'],
  ["'192.168.0.1/24'::inet", 'VARCHAR', '192.168.0.1/24'],
  ["'08:00:2b:01:02:03'::macaddr", 'VARCHAR', '08:00:2b:01:02:03'],
  ["'12.34'::money", 'VARCHAR', '$12.34'],
  ["'(1,2)'::point", 'VARCHAR', '(1,2)'],
  ["'a fat cat'::tsvector", 'VARCHAR', "'a' 'cat' 'fat'"],
  ["'<a>b</a>'::xml", 'VARCHAR', '<a>b</a>'],
  ["ROW(1, 'x,y', NULL)::pair", 'VARCHAR', '(1,"x,y",)'],
  ["'sad'::mood", 'VARCHAR', 'sad'],
  ["'{sad,ok}'::mood[]", 'VARCHAR', '{sad,ok}'],
  ["'a@b'::mail", 'VARCHAR', 'a@b'],
  ['7::oid', 'BIGINT', 7n],
  ["'x'::char(3)", 'VARCHAR', 'x  '],
  ["'n'::name", 'VARCHAR', 'n'],
  ['NULL', 'VARCHAR', null],
]

describe('values over the wire', () => {
  beforeAll(async () => {
    if (why !== undefined) return
    await db
      .sql(
        `CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN mail AS text CHECK (VALUE LIKE '%@%'); CREATE TYPE pair AS (a int, b text, c date)`,
      )
      .collect()
  })

  test.each(values)('%s', async (sql, type, value) => {
    const frame = db.sql(`SELECT ${sql} AS v`)
    expect(await frame.dtypes()).toEqual([['v', type]])
    expect(await frame.collect()).toEqual([{ v: value }])
  })

  test('an array of two dimensions is refused in words', async () => {
    await expect(db.sql("SELECT '{{1,2},{3,4}}'::int[] AS v").collect()).rejects.toMatchObject({
      code: 'INVALID_VALUE',
    })
  })
})
