import { DuckDBInstance } from '@duckdb/node-api'
import type { DuckDBConnection } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isLakefrontError } from '../../../../errors.ts'
import { rowsFromBatch } from '../../../../types/rows.ts'
import type { Engine } from '../../../engine.ts'
import { openEngine } from '../../../open-engine.ts'
import { nodeHost } from '../../node-host.ts'

/** A document with everything in it. */
const document = `{"a":{"b":[1,-2,{"c":null}]},"d e":"x\\"\\\\y","f":1.5,"g":18446744073709551615,"h":123456789012345678901234567890,"i":true,"j":[],"k":{},"é":"ü🦆","a.b":"dot","l":1e300,"m":-0.0,"n":"\\u0001\\u000b"}`

const documents = [
  document,
  '[1,2,3]',
  '"text"',
  'null',
  '42',
  '-1',
  '1.0',
  'true',
  '[]',
  '{}',
  '[{"a":1},{"a":2,"b":[{"a":3}]}]',
  '  { "a" : [ 1 , 2 ] , "b" : { "a" : "x" } } ',
  '{"a":1,"a":2,"":3}',
  '[1,2,]',
  '[NaN,Infinity,-inf]',
  null,
]

const paths = [
  '$',
  '$.a',
  '$.a.b',
  '$.a.b[0]',
  '$.a.b[#-1]',
  '$.a.b[-2]',
  '$.a.b[2].c',
  '$[0]',
  '$[1].b[0].a',
  '$[#]',
  '$[-0]',
  '$."d e"',
  '$."a.b"',
  '/a/b/0',
  '/a/b/2/c',
  '/',
  '',
  'a',
  'd e',
  'a.b',
  'é',
  'f',
  'g',
  'h',
  'm',
  'n',
  'nothing',
]

const wild = [
  '$.*',
  '$[*]',
  '$.a.*',
  '$[*].a',
  '$..a',
  '$.**',
  '$..*',
  '$..a[0]',
  '$.a..c',
  '$.*[0]',
  '$..[0]',
  '$."*"',
]

const literal = (text: string | null): string => (text === null ? 'NULL' : `'${text.replaceAll("'", "''")}'`)
const values = (rows: readonly (string | null)[]): string => rows.map((row) => `(${literal(row)})`).join(', ')

const functions = [
  'json_extract',
  'json_extract_string',
  'json_value',
  'json_type',
  'json_exists',
  'json_array_length',
  'json_keys',
]

const statements: string[] = [
  ...functions.flatMap((name) => [
    ...paths.map((path) => `SELECT ${name}(j, ${literal(path)}) AS r FROM (VALUES ${values(documents)}) t(j)`),
    ...wild.map((path) => `SELECT ${name}(j, ${literal(path)}) AS r FROM (VALUES ${values(documents)}) t(j)`),
    `SELECT ${name}(j, ['$.a', '/a/b', 'f', '$[0]']) AS r FROM (VALUES ${values(documents)}) t(j)`,
    `SELECT ${name}(j::JSON, p) AS r FROM (VALUES ${values(documents)}) t(j), (VALUES ${values([...paths, null])}) u(p)`,
    `SELECT ${name}(NULL, '$.a'), ${name}('{"a":1}', NULL)`,
    `SELECT ${name}(j, '$.a') FROM (SELECT '{"a":1}' AS j WHERE false)`,
  ]),
  ...[
    'json_type',
    'json_array_length',
    'json_keys',
    'json_valid',
    'json_structure',
    'json',
    'to_json',
    'json_quote',
  ].map((name) => `SELECT ${name}(j) AS r, ${name}(j::JSON) AS s FROM (VALUES ${values(documents)}) t(j)`),
  `SELECT json_pretty(j::JSON) FROM (VALUES ${values(documents)}) t(j)`,
  `SELECT json_valid(j) FROM (VALUES ('{'), ('{"a":1'), (''), ('nul'), ('{"a":1}x'), ('[1,,2]'), ('{a:1}'), ('"\\x"'), ('01')) t(j)`,
  `SELECT j -> '$.a', j ->> 'a', j -> 0, j ->> -1, j -> '$.a' ->> 'b' FROM (VALUES ${values(documents)}) t(j)`,
  `SELECT json_contains(a, b), json_contains(a::JSON, b::JSON) FROM (VALUES ${values(documents)}) t(a), (VALUES ${values([...documents, '1', '{"a":2}', '[3]', '{"b":[1,-2]}', '[{"b":[]}]'])}) u(b)`,
  `SELECT json_merge_patch(a::JSON, b::JSON), json_merge_patch(a::JSON, NULL, b::JSON), json_merge_patch(a::JSON, b::JSON, NULL) FROM (VALUES ${values(documents)}) t(a), (VALUES ${values(documents)}) u(b)`,
  `SELECT json_structure(j) FROM (VALUES ('[1,2.5]'), ('[1,-1]'), ('[18446744073709551615,-1]'), ('[1,"a"]'), ('[null,1]'), ('[{"a":1},{"b":[1]},{"a":null}]'), ('[[],[1]]'), ('[[null]]')) t(j)`,
  'SELECT json_array(), json_array(1), json_array(1, NULL, 2.5, $$x$$, true, [1, NULL], {a: 1}, DATE $$2020-01-01$$)',
  "SELECT json_object(), json_object('a', 1), json_object('a', NULL, 'b', [1], 'a', {'x': 'y'})",
  "SELECT to_json({'a': 1, 'b': ['x', NULL], 'c': NULL::INTEGER, 'd': {'e': 2}}), row_to_json({'a': 1}), array_to_json([1, NULL, 3])",
  "SELECT to_json(MAP {'k': 1.5, 'l': NULL}), to_json(MAP {1: 'a'}), to_json(union_value(num := 2)), to_json([1, 2]::INTEGER[2])",
  "SELECT to_json(x) FROM (VALUES (1e21), (1e20), (1e-7), (0.000001), (123456789.0), (1.7976931348623157e308), (5e-324), (-0.0), ('nan'), ('inf'), ('-inf'), (0.1), (100.0)) t(x)",
  'SELECT to_json(0.1::FLOAT), to_json(3.4e38::FLOAT), to_json(1.50::DECIMAL(10,2)), to_json(1.5::DECIMAL(30,2)), to_json(0.5::DECIMAL(2,2)), to_json(170141183460469231731687303715884105727)',
  "SELECT to_json('\\x00\\xFF'::BLOB), to_json('101'::BIT), to_json(TIME '12:00:00.5'), to_json(TIMESTAMP '2020-01-01 00:00:00.123'), to_json(INTERVAL '1 month 2 days'), to_json(uuid '47183823-2574-4bfd-b411-99ed177d3e43'), to_json('a'::ENUM('a', 'b')), to_json(TIMESTAMPTZ '2020-01-01 00:00:00+00')",
  "SELECT to_json(chr(1) || chr(11) || chr(31) || chr(127) || E'\\n\\t\\\\u0001' || '/<é🦆')",
  "SELECT {'a': 1}::JSON, [1, NULL]::JSON, MAP {'a': 1}::JSON, 1::JSON, 1.5::JSON, true::JSON, DATE '2020-01-01'::JSON, '{\"a\": 1}'::JSON, 'a'::ENUM('a')::JSON, NULL::JSON, union_value(a := 1)::JSON, [1]::INTEGER[1]::JSON",
  "SELECT typeof('1'::JSON), typeof(json_extract('{}', '$')), typeof(j -> 'a'), typeof(['1'::JSON]) FROM (SELECT '{}' AS j)",
  "SELECT to_json(list_reverse([1, 2, 3])), to_json(list_filter(['a', 'b'], lambda x: x > 'a')), to_json([[1], []][1:1]), to_json(list_sort([3, 1, 2])), to_json(l) FROM (SELECT list(i ORDER BY i) AS l FROM range(3) t(i))",
  "SELECT TRY_CAST('nope' AS JSON), TRY_CAST('[1]' AS JSON)",
  "SELECT '1'::JSON = '1'::JSON, '1'::JSON || '2', upper('\"a\"'::JSON), '[1]'::JSON IS NOT NULL",
  `CREATE OR REPLACE TABLE documents(j JSON, n INTEGER); INSERT INTO documents VALUES ('{"a":1}', 1), (NULL, 2), ('[1]', 3); SELECT j, j -> 'a', typeof(j) FROM documents ORDER BY n`,
  "SELECT j ->> '$.n' AS n, count(*) FROM (SELECT json_object('n', i % 7, 'pad', repeat('x', i % 50)) AS j FROM range(5000) t(i)) GROUP BY n ORDER BY n",
  "SELECT sum((j ->> 'v')::INTEGER), min(length(j)), max(length(j)) FROM (SELECT to_json({'v': i, 's': i::VARCHAR}) AS j FROM range(5000) t(i))",
]

statements.push(
  "SELECT json_group_array(x), json_group_object(k, x), json_group_structure(x) FROM (VALUES ('a', 1), ('b', NULL), ('c', 3)) t(k, x)",
  'SELECT json_group_array(x) FROM (SELECT 1 AS x WHERE false)',
  `SELECT from_json(j, '{"a":"INTEGER","b":["VARCHAR"],"c":{"d":"DATE"}}') FROM (VALUES ('{"a":1,"b":["x",null,2],"c":{"d":"2020-01-01"}}'), ('{"a":"7","c":null}'), ('{"a":"x","b":1}'), ('{"a":2.5,"b":[]}'), ('{"a":3.5}'), ('[1]'), ('null'), (NULL), ('{"a":true,"z":1}')) t(j)`,
  `SELECT json_transform('{"f":1,"d":1.5,"h":123456789012345678901234567890,"t":"2020-01-01 00:00:00","m":{"k":1},"v":[1,{"a":2}],"x":1e3}', '{"f":"DOUBLE","d":"DECIMAL(10,2)","h":"HUGEINT","t":"TIMESTAMP","m":"MAP(VARCHAR,INTEGER)","v":"VARCHAR","x":"VARCHAR"}')`,
  `SELECT '{"a":1,"b":[1,2]}'::JSON::STRUCT(a BIGINT, b INTEGER[]), '[1,2,3]'::JSON::DOUBLE[], '{"k":"v"}'::JSON::MAP(VARCHAR, VARCHAR), '12'::JSON::INTEGER, '"2020-01-01"'::JSON::DATE, 'true'::JSON::BOOLEAN, '1.50'::JSON::DECIMAL(5,1), '[1,2]'::JSON::INTEGER[2], '"b"'::JSON::ENUM('a', 'b'), '"x"'::JSON::VARCHAR`,
  `SELECT TRY_CAST('"x"'::JSON AS INTEGER), TRY_CAST('[1,"x"]'::JSON AS INTEGER[])`,
)

const starts = ['$', '$.a', '$.a.b', '$[0]', '$[#-1]', '$[-1]', '$."d e"', '$."a.b"', '$.i', 'a', 'd e', 'é', 'nothing']
const long = JSON.stringify(Array.from({ length: 3000 }, (_, index) => ({ id: index, tags: [`t${index}`, null] })))
const deep = `${'['.repeat(500)}{"é🦆":${'{"a":'.repeat(100)}1${'}'.repeat(101)}${']'.repeat(500)}`
const given = `(SELECT row_number() OVER () AS i, * FROM (VALUES ${values(documents)}) v(j)) t`

statements.push(
  ...['json_each', 'json_tree'].flatMap((name) => [
    ...documents.flatMap((text) => [
      `SELECT * FROM ${name}(${literal(text)})`,
      `SELECT e.*, typeof(value), typeof(atom), typeof(id) FROM ${name}(${literal(text)}::JSON) AS e`,
    ]),
    ...starts.map((start) => `SELECT * FROM ${name}(${literal(document)}, ${literal(start)})`),
    `SELECT t.i, e.* FROM ${given}, ${name}(t.j) e ORDER BY ALL`,
    `SELECT t.i, e.* FROM ${given}, ${name}(t.j::JSON, '$[0]') e ORDER BY ALL`,
    `SELECT t.i, p, e.* FROM ${given}, (VALUES ${values([...starts, null])}) u(p), ${name}(t.j, u.p) e ORDER BY ALL`,
    `SELECT t.i, e.* FROM ${given} LEFT JOIN LATERAL ${name}(t.j) e ON true ORDER BY ALL`,
    `SELECT t.i, (SELECT count(*) FROM ${name}(t.j) e) AS n FROM ${given} ORDER BY ALL`,
    `SELECT t.i, a.key, b.* FROM ${given}, ${name}(t.j) a, ${name}(a.value) b ORDER BY ALL`,
    `SELECT count(*), sum(id), max(fullkey), sum(length(value)) FROM ${name}(${literal(long)})`,
    `SELECT * FROM ${name}(${literal(deep)})`,
    `SELECT r, count(*), sum(id) FROM range(5000) s(r), ${name}(json_object('n', r, 'l', [r, r])) e GROUP BY r ORDER BY r`,
    `SELECT * FROM ${name}([1, NULL, 3])`,
    `SELECT * FROM ${name}({'a': [1.5], 'b': DATE '2020-01-01'})`,
    `SELECT * FROM ${name}(NULL)`,
    `SELECT * FROM ${name}('[1]', NULL)`,
  ]),
)

/** What must fail here where it fails natively. */
const failures = [
  ...['json_each', 'json_tree'].flatMap((name) => [
    ...[
      "'{bad'",
      "''",
      "'{}', '/a'",
      "'{}', ''",
      "'{}', 'a\"b'",
      "'{}', '$.*'",
      "'{}', '$..a'",
      "'{}', '$x'",
      "'{}', 2",
      '',
    ].map((given) => `SELECT * FROM ${name}(${given})`),
    `SELECT * FROM (VALUES ('$.*')) t(p), ${name}('{}', p)`,
  ]),
  "SELECT json_extract('{', '$')",
  "SELECT '{'::JSON",
  "SELECT json_extract('{}', '$.')",
  "SELECT json_extract('{}', '$x')",
  "SELECT json_extract('{}', '$[a]')",
  "SELECT json_extract('{}', ['$.*'])",
  "SELECT json_extract('{}', p) FROM (VALUES ('$.*')) t(p)",
  "SELECT json_object('a')",
  'SELECT json_object(1, 2)',
  'SELECT json_object(NULL::VARCHAR, 2)',
  'SELECT to_json(1, 2)',
  'SELECT array_to_json(1)',
  'SELECT row_to_json([1])',
  "INSERT INTO documents VALUES ('{')",
  `SELECT from_json_strict('{"a":"x"}', '{"a":"INTEGER"}')`,
  `SELECT from_json_strict('{}', '{"a":"INTEGER"}')`,
  `SELECT '{"a":1,"b":2}'::JSON::STRUCT(a INTEGER)`,
  `SELECT '"x"'::JSON::INTEGER`,
  "SELECT from_json('{}', '{}')",
  "SELECT from_json('{}', j) FROM (VALUES ('{}')) t(j)",
  'SELECT json_group_object(NULL, 1)',
]

let native: DuckDBConnection
beforeAll(async () => {
  native = await (await DuckDBInstance.create(':memory:')).connect()
  await native.run("SET TimeZone = 'UTC'")
})
afterAll(() => native.closeSync())

const asText = (sql: string): string => sql.replace(/(SELECT[^;]*)$/, 'FROM ($1) x SELECT CAST(COLUMNS(*) AS VARCHAR)')

describe.each(['slim', 'full'] as const)('JSON on the %s binary', (binary) => {
  let engine: Engine
  beforeAll(async () => {
    engine = await openEngine(nodeHost(new URL('../../../../../dist/wasm/', import.meta.url)), { binary })
  })
  afterAll(() => engine.close())

  async function rowsOf(sql: string): Promise<unknown[][]> {
    const result = await engine.execute({ sql })
    const rows: unknown[][] = []
    for (let batch = await result.next(); batch !== undefined; batch = await result.next())
      rows.push(...rowsFromBatch(batch).map((row) => Object.values(row)))
    return rows
  }

  test.each(statements)('%s', async (sql) => {
    const text = asText(sql)
    const expected = (await native.runAndReadAll(text).then(
      (result) => result.getRows(),
      (error: unknown) => error,
    )) as unknown[][]
    if (expected instanceof Error) throw new Error(`The oracle refuses ${text}: ${expected.message}`)
    expect(await rowsOf(text)).toEqual(expected)
  })

  test.each(failures)('refuses %s', async (sql) => {
    await expect(native.runAndReadAll(sql)).rejects.toThrow(/Error/)
    const error: unknown = await rowsOf(sql).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    expect(isLakefrontError(error), String(error)).toBe(true)
  })
})
