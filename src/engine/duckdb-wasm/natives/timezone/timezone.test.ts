import { DuckDBInstance } from '@duckdb/node-api'
import type { DuckDBConnection } from '@duckdb/node-api'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isLakefrontError } from '../../../../errors.ts'
import { rowsFromBatch } from '../../../../types/rows.ts'
import type { Engine } from '../../../engine.ts'
import { openEngine } from '../../../open-engine.ts'
import { nodeHost } from '../../node-host.ts'

const zones = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'America/St_Johns',
  'Pacific/Apia',
  'Asia/Tehran',
  'America/Sao_Paulo',
  'Pacific/Chatham',
  'Etc/GMT+12',
]

/** Where days are as long as each other, an hour longer, half an hour longer, and left out. */
const zonesOfRanges = ['UTC', 'Europe/Berlin', 'Australia/Lord_Howe', 'Pacific/Apia']

/** Instants around the changes of clocks, at the ends of years and months, and far away. */
const instants = [
  '1970-01-01 00:00:00+00',
  '1969-12-31 23:59:59.999+00',
  '2026-03-29 00:59:59.999999+00',
  '2026-03-29 01:00:00+00',
  '2026-10-25 00:30:00+00',
  '2026-10-25 01:30:00.5+00',
  '2026-11-01 05:59:00+00',
  '2026-11-01 06:01:00+00',
  '2026-03-08 06:59:59+00',
  '2026-03-08 07:00:00+00',
  '2011-12-30 09:59:59+00',
  '2011-12-30 10:00:00+00',
  '2024-02-29 12:34:56.789012+00',
  '2024-12-31 23:59:59.999+00',
  '2021-01-01 00:00:00+00',
  '2020-12-28 04:00:00+00',
  '1900-01-01 00:00:00+00',
  '1940-06-14 23:00:00+00',
  '1883-11-18 17:00:00+00',
  '2099-07-15 00:00:00+00',
  '2300-07-01 12:00:00+00',
  '2800-01-31 12:00:00+00',
  '0001-06-15 00:00:00+00',
]

const parts =
  'year month day decade century millennium quarter week isoyear dow isodow doy yearweek hour minute second millisecond microsecond epoch julian era timezone timezone_hour timezone_minute'.split(
    ' ',
  )
const cuts =
  'microsecond millisecond second minute hour day week month quarter year isoyear decade century millennium'.split(' ')
const spans = [
  "INTERVAL '1 day'",
  "INTERVAL '1 month'",
  "INTERVAL '-1 month'",
  "INTERVAL '1 year 2 months 3 days 04:05:06.789'",
  "INTERVAL '25 hours'",
  "INTERVAL '-3 days -2 hours'",
  "INTERVAL '90 minutes'",
  "INTERVAL '-0.000001 seconds'",
]

const table = (values: readonly string[]): string =>
  `(SELECT unnest([${values.map((value) => `TIMESTAMPTZ '${value}'`).join(', ')}]) AS t)`

/** Statements whose results depend on the zone of the session. */
const statements = (values: readonly string[], zone: string): string[] => {
  // In Apia a day was left out, and which of its neighbours a count ends at is told by chance.
  const paired = values.filter(
    (value, index) => index % 2 === 0 && !(zone === 'Pacific/Apia' && value.startsWith('2011-12-30')),
  )
  const from = `FROM ${table(values)} a`
  return [
    `SELECT t::VARCHAR, t::TIMESTAMP::VARCHAR, t::DATE::VARCHAR, t::TIMETZ::VARCHAR ${from}`,
    `SELECT (t::TIMESTAMP)::TIMESTAMPTZ::VARCHAR, t::DATE::TIMESTAMPTZ::VARCHAR, strftime(t, '%Y-%m-%d %H:%M:%S.%f') ::TIMESTAMPTZ::VARCHAR ${from}`,
    `SELECT ${parts.map((part) => `date_part('${part}', t)`).join(', ')} ${from}`,
    `SELECT year(t), month(t), day(t), week(t), dayofweek(t), isodow(t), dayofyear(t), hour(t), minute(t), second(t), epoch(t), yearweek(t), timezone(t), last_day(t)::VARCHAR, monthname(t), dayname(t) ${from}`,
    `SELECT ${cuts.map((part) => `date_trunc('${part}', t)::VARCHAR`).join(', ')} ${from}`,
    `SELECT ${spans.map((span) => `(t + ${span})::VARCHAR, (t - ${span})::VARCHAR`).join(', ')} ${from}`,
    `SELECT strftime(t, '%a %A %w %u %d %-d %b %B %m %-m %y %Y %H %-H %I %-I %p %M %S %f %g %z %Z %j %-j %U %W %c %x %X %G %V %%') ${from}`,
    `SELECT ${['30 minutes', '2 hours', '1 day', '7 days', '1 month', '5 months', '1 year'].map((width) => `time_bucket(INTERVAL '${width}', t)::VARCHAR`).join(', ')} ${from}`,
    `SELECT time_bucket(INTERVAL '1 day', t, INTERVAL '3 hours')::VARCHAR, time_bucket(INTERVAL '3 days', t, TIMESTAMPTZ '2020-01-05 12:00:00+00')::VARCHAR, time_bucket(INTERVAL '1 month', t, 'Asia/Tokyo')::VARCHAR ${from}`,
    ...zones.map(
      (zone) =>
        `SELECT (t AT TIME ZONE '${zone}')::VARCHAR, ((t AT TIME ZONE '${zone}') AT TIME ZONE '${zone}')::VARCHAR ${from}`,
    ),
    `SELECT ${cuts.map((part) => `date_diff('${part}', a.t, b.t), date_sub('${part}', a.t, b.t)`).join(', ')} FROM ${table(paired)} a, ${table(paired)} b`,
    `SELECT (a.t - b.t)::VARCHAR, age(a.t, b.t)::VARCHAR ${from}, ${table(paired)} b`,
  ]
}

const fixed = [
  "SELECT t::VARCHAR FROM (SELECT unnest(['infinity', NULL, '-infinity']::TIMESTAMPTZ[]) AS t)",
  "SELECT t::VARCHAR FROM (SELECT unnest(['infinity', NULL, '2026-07-01 12:00:00.5+00', '9999-12-30 12:00:00+00', '12345-07-01 00:00:00+00', '0044-03-15 (BC) 00:00:00+00', '2026-07-01 12:00:00.000001+00']::TIMESTAMPTZ[]) AS t)",
  "SELECT count(DISTINCT t::VARCHAR), min(t::VARCHAR), max(t::VARCHAR), sum(length(t::VARCHAR)) FROM (SELECT TIMESTAMPTZ '2026-03-20 00:00:00+00' + INTERVAL (i * 7919) MILLISECONDS AS t FROM range(100000) r(i))",
  "SELECT [t, NULL, t]::VARCHAR, {'a': t}::VARCHAR FROM (SELECT TIMESTAMPTZ '2026-03-29 00:59:59.999999+00' AS t)",
  "SELECT '2026-07-01 12:00'::TIMESTAMPTZ::VARCHAR, '2026-07-01'::TIMESTAMPTZ::VARCHAR, '2026-07-01 12:00:00Z'::TIMESTAMPTZ::VARCHAR, '2026-07-01 12:00:00+05:30'::TIMESTAMPTZ::VARCHAR, '2026-07-01 12:00:00 Asia/Tokyo'::TIMESTAMPTZ::VARCHAR, 'infinity'::TIMESTAMPTZ::VARCHAR, '-infinity'::TIMESTAMPTZ::VARCHAR",
  "SELECT make_timestamptz(2026, 3, 29, 2, 30, 0.5)::VARCHAR, make_timestamptz(2026, 10, 25, 2, 30, 59.123456, 'Europe/Berlin')::VARCHAR, make_timestamptz(1234567890123456)::VARCHAR",
  "SELECT to_timestamp(0)::VARCHAR, epoch_ms(TIMESTAMPTZ '2020-01-01 00:00:00+00'), to_json(TIMESTAMPTZ '2020-07-01 00:00:00+00')",
  "SELECT x::VARCHAR FROM (SELECT unnest(range(TIMESTAMPTZ '2026-03-27 00:00:00+00', TIMESTAMPTZ '2026-04-01 00:00:00+00', INTERVAL '1 day')) AS x)",
  "SELECT x::VARCHAR FROM (SELECT unnest(generate_series(TIMESTAMPTZ '2026-03-29 03:00:00+00', TIMESTAMPTZ '2026-03-28 21:00:00+00', INTERVAL '-1 hour')) AS x)",
  "SELECT NULL::TIMESTAMPTZ::VARCHAR, date_trunc('day', NULL::TIMESTAMPTZ), timezone(NULL, TIMESTAMPTZ '2020-01-01 00:00:00+00'), year(NULL::TIMESTAMPTZ)",
  "SELECT year('infinity'::TIMESTAMPTZ), date_trunc('day', 'infinity'::TIMESTAMPTZ)::VARCHAR, 'infinity'::TIMESTAMPTZ::DATE::VARCHAR, ('-infinity'::TIMESTAMPTZ + INTERVAL '1 day')::VARCHAR, ('infinity'::TIMESTAMPTZ AT TIME ZONE 'UTC')::VARCHAR, date_diff('day', 'infinity'::TIMESTAMPTZ, now())",
  "SELECT z, (TIMESTAMPTZ '2026-07-01 12:00:00+00' AT TIME ZONE z)::VARCHAR FROM (SELECT unnest(['Europe/Berlin', 'europe/berlin', 'UTC+3', 'UTC-05:30', 'EST5EDT', NULL]) AS z)",
  'SELECT typeof(current_date), typeof(now()), typeof(current_timestamp), typeof(localtimestamp), typeof(localtime), current_date = today(), now()::DATE = current_date, localtimestamp = now()::TIMESTAMP',
  "SELECT count(*) > 300 AS many, bool_or(name = 'Europe/Berlin') AS berlin FROM pg_timezone_names()",
  "SELECT date_trunc('day', t)::VARCHAR AS d, count(*) FROM (SELECT TIMESTAMPTZ '2026-03-27 00:00:00+00' + INTERVAL (i) MINUTE AS t FROM range(10000) r(i)) GROUP BY ALL ORDER BY ALL",
]

const bounds = "TIMESTAMPTZ '2026-03-27 11:30:00+00', TIMESTAMPTZ '2026-04-02 09:30:00+00'"
const back = "TIMESTAMPTZ '2026-11-03 05:30:00.000001+00', TIMESTAMPTZ '2026-10-20 06:30:00.000001+00'"
const ranges = ['range', 'generate_series']

/** Lists and tables of instants a step apart. */
const ofRanges = [
  ...ranges.flatMap((name) => [
    ...[
      ...['1 day', '23 hours', '1 day 1 hour', '12:34:56.789012', '1 month', '-1 day', '0 days'].map(
        (step) => `${name}(${bounds}, INTERVAL '${step}')`,
      ),
      ...['-1 day', '-6 hours', '-1 month -1 day -1 hour', '1 day'].map(
        (step) => `${name}(${back}, INTERVAL '${step}')`,
      ),
      `${name}(TIMESTAMPTZ '2024-01-31 11:30:00+00', TIMESTAMPTZ '2025-06-01 00:00:00+00', INTERVAL '1 month')`,
      `${name}(TIMESTAMPTZ '2024-01-31 11:30:00+00', TIMESTAMPTZ '2024-01-31 11:30:00+00', INTERVAL '1 month')`,
      `${name}(TIMESTAMPTZ '2025-12-31 00:00:00+00', TIMESTAMPTZ '2026-12-31 00:00:00+00', INTERVAL '97 minutes')`,
      `${name}(${bounds}, NULL)`,
      `${name}(NULL, TIMESTAMPTZ '2024-01-31 11:30:00+00', INTERVAL '1 day')`,
      `${name}(TIMESTAMPTZ '2026-03-27 11:30:00+00', TIMESTAMP '2026-03-30 00:00:00', INTERVAL '1 day')`,
      `${name}(DATE '2026-03-27', DATE '2026-03-30', INTERVAL '1 day')`,
    ].flatMap((list) => [
      `SELECT t::VARCHAR, typeof(t) FROM (SELECT unnest(${list}) AS t)`,
      `SELECT typeof(${list}), len(${list})`,
    ]),
    `SELECT i, t::VARCHAR FROM (VALUES (1, TIMESTAMPTZ '2026-03-28 01:30:00+00'), (2, NULL)) v(i, a), LATERAL (SELECT unnest(${name}(v.a, v.a + INTERVAL '2 days', INTERVAL '1 day')) AS t) ORDER BY ALL`,
  ]),
  ...ranges.flatMap((name) =>
    [
      ...['1 day', '23 hours', '1 day 1 hour', '12:34:56.789012', '1 month', '-1 day'].map(
        (step) => `${bounds}, INTERVAL '${step}'`,
      ),
      ...['-1 day', '-6 hours', '-1 month -1 day -1 hour', '1 day'].map((step) => `${back}, INTERVAL '${step}'`),
      "TIMESTAMPTZ '2024-01-31 11:30:00+00', TIMESTAMPTZ '2025-06-01 00:00:00+00', INTERVAL '1 month'",
      "TIMESTAMPTZ '2024-01-31 11:30:00+00', TIMESTAMPTZ '2024-01-31 11:30:00+00', INTERVAL '1 month'",
      "TIMESTAMPTZ '2025-12-31 00:00:00+00', TIMESTAMPTZ '2026-12-31 00:00:00+00', INTERVAL '17 minutes'",
      `${bounds}, NULL`,
      "NULL, TIMESTAMPTZ '2024-01-31 11:30:00+00', INTERVAL '1 day'",
      "TIMESTAMPTZ '2026-03-27 11:30:00+00', TIMESTAMP '2026-03-30 00:00:00', INTERVAL '1 day'",
      "DATE '2026-03-27', TIMESTAMPTZ '2026-03-30 00:00:00+00', INTERVAL '1 day'",
    ].map((given) => `SELECT t::VARCHAR, typeof(t) FROM ${name}(${given}) r(t)`),
  ),
  ...ranges.map(
    (name) => `SELECT ${name}::VARCHAR, ordinality FROM ${name}(${bounds}, INTERVAL '1 day') WITH ORDINALITY`,
  ),
  ...ranges.map(
    (name) =>
      `SELECT i, t::VARCHAR FROM (SELECT i, TIMESTAMPTZ '2026-03-20 01:30:00+00' + INTERVAL (i) HOURS AS a FROM range(500) n(i)) v, ${name}(v.a, v.a + INTERVAL '20 days', INTERVAL '1 day') r(t) ORDER BY ALL`,
  ),
  ...ranges.map(
    (name) =>
      `SELECT i, count(*), min(t)::VARCHAR, max(t)::VARCHAR FROM (VALUES (1, TIMESTAMPTZ '2026-03-20 01:30:00+00'), (2, TIMESTAMPTZ '2026-10-20 01:30:00+00')) v(i, a), ${name}(v.a, v.a + INTERVAL '9 days', INTERVAL '1 minute') r(t) GROUP BY i ORDER BY i`,
  ),
  ...ranges.map(
    (name) =>
      `SELECT count(*), min(a.t)::VARCHAR, max(b.t)::VARCHAR FROM ${name}(${bounds}, INTERVAL '1 hour') a(t) JOIN ${name}(${bounds}, INTERVAL '2 hours') b(t) USING (t)`,
  ),
]

const refused = [
  ...ranges.flatMap((name) => [
    `FROM ${name}(${bounds}, INTERVAL '0 days')`,
    `FROM ${name}(${bounds}, INTERVAL '1 month -1 day')`,
    `FROM ${name}(now(), 'infinity'::TIMESTAMPTZ, INTERVAL '1 day')`,
    `FROM ${name}('-infinity'::TIMESTAMPTZ, now(), INTERVAL '1 day')`,
    `FROM ${name}(now(), 'tomorrow', INTERVAL '1 day')`,
    `SELECT ${name}(${bounds}, INTERVAL '1 month -1 day')`,
    `SELECT ${name}(${bounds}, INTERVAL '1 day -24 hours')`,
    `SELECT ${name}(now(), 'infinity'::TIMESTAMPTZ, INTERVAL '1 day')`,
    `SELECT ${name}('-infinity'::TIMESTAMPTZ, now(), INTERVAL '1 day')`,
    `SELECT ${name}(now(), now())`,
  ]),
  "SET TimeZone = 'Europe/Nowhere'",
  "SELECT now() AT TIME ZONE 'Europe/Nowhere'",
  "SELECT 'yesterday or so'::TIMESTAMPTZ",
  "SELECT date_trunc('fortnight', now())",
]

let native: DuckDBConnection
let engine: Engine

async function ours(sql: string): Promise<unknown[][]> {
  const result = await engine.execute({ sql })
  const rows: unknown[][] = []
  for (let batch = await result.next(); batch !== undefined; batch = await result.next())
    rows.push(...rowsFromBatch(batch).map((row) => Object.values(row)))
  return rows
}

async function theirs(sql: string): Promise<unknown[][]> {
  return (await native.runAndReadAll(sql)).getRows() as unknown[][]
}

const plain = (rows: unknown[][]): unknown[][] =>
  rows.map((row) => row.map((value) => (typeof value === 'object' && value !== null ? String(value) : value)))

describe.each(['slim', 'full'] as const)('time zones on the %s binary', (binary) => {
  beforeAll(async () => {
    native = await (await DuckDBInstance.create(':memory:')).connect()
    engine = await openEngine(nodeHost(new URL('../../../../../dist/wasm/', import.meta.url)), { binary })
  })
  afterAll(async () => {
    native.closeSync()
    await engine.close()
  })

  describe.each(binary === 'slim' ? zones : zones.slice(1, 3))('%s', (zone) => {
    beforeAll(async () => {
      await native.run(`SET TimeZone = '${zone}'`)
      await ours(`SET TimeZone = '${zone}'`)
    })

    const asked = [...statements(instants, zone), ...fixed, ...(zonesOfRanges.includes(zone) ? ofRanges : [])]
    test.each(asked.map((sql) => [sql.slice(0, 110), sql]))('%s', async (_, sql) => {
      expect(plain(await ours(sql))).toEqual(plain(await theirs(sql)))
    })

    test('any instants', async () => {
      const micros = fc.oneof(
        fc.integer({ min: -2_208_988_800, max: 4_102_444_800 }).map((seconds) => seconds * 1_000_000),
        fc.maxSafeInteger().map((value) => value % 4_000_000_000_000_000),
        fc
          .constantFrom(1_774_746_000, 1_792_890_000, 1_793_512_800, 1_772_953_200)
          .chain((change) => fc.integer({ min: -7200, max: 7200 }).map((seconds) => (change + seconds) * 1_000_000)),
      )
      await fc.assert(
        fc.asyncProperty(fc.array(micros, { minLength: 1, maxLength: 20 }), async (values) => {
          const from = `FROM (SELECT unnest([${values.join(', ')}]::BIGINT[]) AS m), (SELECT make_timestamptz(m) AS t)`
          const sql = `SELECT t::VARCHAR, t::TIMESTAMP::VARCHAR, t::TIMESTAMP::TIMESTAMPTZ::VARCHAR, date_trunc('hour', t)::VARCHAR, date_trunc('month', t)::VARCHAR, date_part('week', t), (t + INTERVAL '1 month 1 day')::VARCHAR, date_diff('day', t, TIMESTAMPTZ '2026-01-01 00:00:00+00'), age(TIMESTAMPTZ '2026-01-01 00:00:00+00', t)::VARCHAR ${from}`
          const lateral = sql.replace(
            /\), \(SELECT make_timestamptz\(m\) AS t\)/,
            '), LATERAL (SELECT make_timestamptz(m) AS t)',
          )
          expect(plain(await ours(lateral))).toEqual(plain(await theirs(lateral)))
        }),
        { numRuns: 8 },
      )
    })
  })

  test.each(refused)('refuses %s', async (sql) => {
    await expect(native.runAndReadAll(sql)).rejects.toThrow(/Error/)
    const error: unknown = await ours(sql).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    expect(isLakefrontError(error), String(error)).toBe(true)
  })

  test.each(ranges)('%s of instants as a table takes parameters, and numbers as before', async (name) => {
    await native.run("SET TimeZone = 'Europe/Berlin'")
    await ours("SET TimeZone = 'Europe/Berlin'")
    const sql = `SELECT t::VARCHAR AS t FROM ${name}($1::TIMESTAMPTZ, $2::TIMESTAMPTZ, $3::INTERVAL) r(t)`
    for (const step of ['1 day', '12 hours', '1 month']) {
      const given = ['2026-03-27 11:30:00+00', '2026-07-02 09:30:00+00', step]
      const stream = await engine.execute({ sql, parameters: given })
      const rows: unknown[][] = []
      for (let batch = await stream.next(); batch !== undefined; batch = await stream.next())
        rows.push(...rowsFromBatch(batch).map((row) => Object.values(row)))
      expect(rows).toEqual((await native.runAndReadAll(sql, given)).getRows())
      expect(rows.length).toBeGreaterThan(2)
    }
    expect(await ours(`SELECT r.* FROM (VALUES (2)) t(a), ${name}(t.a) r`)).toHaveLength(name === 'range' ? 2 : 3)
    const minutes = `FROM ${name}(now(), now() + INTERVAL 10 DAYS, INTERVAL 1 MINUTE)`
    expect(await ours(`${minutes} LIMIT 3`)).toHaveLength(3)
    expect(await ours(`SELECT count(*) ${minutes}`)).toEqual([[name === 'range' ? 14_400n : 14_401n]])
  })

  test('the setting is of the connection, and is what was set', async () => {
    await ours("SET TimeZone = 'america/new_york'")
    expect(await ours("SELECT current_setting('TimeZone') AS z")).toEqual([['America/New_York']])
    await ours("SET TIME ZONE 'Asia/Tokyo'")
    expect(await ours("SELECT TIMESTAMPTZ '2026-01-01 00:00:00+00'::VARCHAR AS t")).toEqual([
      ['2026-01-01 09:00:00+09'],
    ])
    expect(await ours("SET TimeZone = 'UTC'; SELECT '2026-01-01'::TIMESTAMPTZ::VARCHAR AS t")).toEqual([
      ['2026-01-01 00:00:00+00'],
    ])
    expect(
      await ours(
        "SET TimeZone = '-03:30'; SELECT '2026-01-01'::TIMESTAMPTZ::VARCHAR, timezone('+14', TIMESTAMPTZ '2026-01-01 12:00:00+00')::VARCHAR AS t",
      ),
    ).toEqual([['2026-01-01 00:00:00-03:30', '2026-01-02 02:00:00']])
    await ours("SET TimeZone = 'UTC'")
    await ours("SET TimeZone = '+19:00'").catch(() => {})
    await ours("SET TimeZone = 'Nowhere'").catch(() => {})
    expect(await ours("SELECT current_setting('TimeZone') AS z")).toEqual([['UTC']])
  })
})
