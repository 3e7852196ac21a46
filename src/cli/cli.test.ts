import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DuckDBInstance } from '@duckdb/node-api'
import type { DuckDBConnection } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { batchesFromArrow } from '../types/arrow.ts'
import { rowsFromBatch } from '../types/rows.ts'
import type { Row } from '../types/rows.ts'

const root = new URL('../../', import.meta.url)
const cli = fileURLToPath(new URL('dist/cli.js', root))
const flights = fileURLToPath(new URL('node_modules/vega-datasets/data/flights-3m.parquet', root))
let folder: string
let native: DuckDBConnection
let mixed: string

beforeAll(async () => {
  if (!existsSync(cli)) throw new Error('dist/cli.js is not there: run "npm run build" first.')
  folder = await mkdtemp(join(tmpdir(), 'lakefront-cli-'))
  mixed = join(folder, 'mixed.parquet')
  native = await (await DuckDBInstance.create(':memory:')).connect()
  await native.run("SET TimeZone = 'UTC'")
  await native.run(`COPY (
    SELECT i AS id, i * 1_234_567_890_123_456 AS big, (i / 7)::DECIMAL(18, 4) AS price, ((i * 31) % 97 / 8.0)::DOUBLE AS ratio,
      i % 2 = 0 AS even, CASE WHEN i % 5 = 0 THEN NULL WHEN i % 5 = 1 THEN '' ELSE chr(97 + (i % 26)::INT) || ',"' || chr(10) || 'é日😀' END AS label,
      DATE '2024-02-28' + i::INT AS day, TIMESTAMP '1969-12-31 23:59:59.5' + i * INTERVAL 1 HOUR AS at,
      [i, NULL, i + 1] AS list, {'a': i, 'b': 'x'} AS pair, 'b'::BLOB AS bytes
    FROM range(5000) t(i)
  ) TO '${mixed}' (FORMAT parquet, ROW_GROUP_SIZE 2048, COMPRESSION zstd, KV_METADATA {origin: 'a test'})`)
})

afterAll(async () => {
  native?.closeSync()
  if (folder !== undefined) await rm(folder, { recursive: true })
})

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly bytes: Uint8Array
  readonly error: string
}

function start(...args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [cli, ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
}

function ended(child: ChildProcess): Promise<Ended> {
  const [out, error]: [Buffer[], Buffer[]] = [[], []]
  child.stdout!.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr!.on('data', (chunk: Buffer) => error.push(chunk))
  return new Promise((resolve) => {
    child.on('close', (code) => {
      const bytes = Buffer.concat(out)
      resolve({ code, out: bytes.toString(), bytes, error: Buffer.concat(error).toString() })
    })
  })
}

async function lakefront(...args: readonly string[]): Promise<Ended> {
  const child = start(...args)
  child.stdin!.end()
  return ended(child)
}

const values = `SELECT 9007199254740991 AS safe, 9007199254740993 AS big, 170141183460469231731687303715884105727 AS huge, 1.50::DECIMAL(10, 2) AS price,
  NULL AS nothing, '' AS empty, 'a"b,c' || chr(10) || 'd' AS text, 'é日本😀' AS wide, 0.1 + 0.2::DOUBLE AS sum, 'nan'::DOUBLE AS nan, 1.5::FLOAT AS small, true AS yes,
  DATE '2024-02-29' AS day, TIMESTAMP '2024-02-29 12:00:00.5' AS at, [1, NULL] AS list, {'k': 1.0::DOUBLE, 'o': 9007199254740993} AS pair, MAP {'m': 2} AS map, '\\xAA'::BLOB AS bytes`

describe('formats', () => {
  test('csv keeps every value, quotes what needs it, and tells NULL from an empty text', async () => {
    const { code, out, error } = await lakefront('sql', values, '--format', 'csv')
    expect({ code, error }).toEqual({ code: 0, error: '' })
    expect(out).toBe(
      'safe,big,huge,price,nothing,empty,text,wide,sum,nan,small,yes,day,at,list,pair,map,bytes\n' +
        '9007199254740991,9007199254740993,170141183460469231731687303715884105727,1.50,,"","a""b,c\nd",é日本😀,' +
        `0.30000000000000004,nan,1.5,true,2024-02-29,2024-02-29 12:00:00.5,"[1, NULL]","{'k': 1.0, 'o': 9007199254740993}",{m=2},\\xAA\n`,
    )
  })

  test('json is valid and exact: what a number cannot hold is text', async () => {
    const { code, out, error } = await lakefront('sql', values, '--format', 'json')
    expect({ code, error }).toEqual({ code: 0, error: '' })
    expect(JSON.parse(out)).toEqual([
      {
        safe: 9007199254740991,
        big: '9007199254740993',
        huge: '170141183460469231731687303715884105727',
        price: '1.50',
        nothing: null,
        empty: '',
        text: 'a"b,c\nd',
        wide: 'é日本😀',
        sum: 0.30000000000000004,
        nan: 'nan',
        small: 1.5,
        yes: true,
        day: '2024-02-29',
        at: '2024-02-29 12:00:00.5',
        list: [1, null],
        pair: { k: 1, o: '9007199254740993' },
        map: { m: 2 },
        bytes: '\\xAA',
      },
    ])
  })

  test('table is for people: boxes, NULL, escaped line breaks, numbers to the right, a count', async () => {
    const { code, out } = await lakefront(
      'sql',
      "SELECT * FROM (VALUES (1, 'é日本😀'), (200, chr(10) || 'x'), (NULL, NULL)) t(n, s)",
    )
    expect(code).toBe(0)
    expect(out).toBe(
      '+------+---------+\n|    n | s       |\n+------+---------+\n|    1 | é日本😀 |\n|  200 | \\nx     |\n| NULL | NULL    |\n+------+---------+\n3 rows\n',
    )
  })

  test('a long table is cut with a note of all rows; --rows shows more', async () => {
    const short = await lakefront('sql', 'FROM range(123456) t(i)')
    expect(short.out.split('\n')).toHaveLength(46)
    expect(short.out).toMatch(/40 of 123,456 rows/)
    const long = await lakefront('sql', 'FROM range(50) t(i)', '--rows', 'all')
    expect(long.out).toMatch(/\| 49 \|\n\+-+\+\n50 rows\n$/)
  })

  test('arrow is a stream that reads back, enums and many batches included', async () => {
    const { code, bytes, error } = await lakefront(
      'sql',
      "SELECT i, ['lo', 'hi'][(i % 2 + 1)::INT]::ENUM('lo', 'hi') AS e, (i / 4)::DECIMAL(12, 2) AS d, i::HUGEINT * 100000000000000000000 AS h FROM range(300000) t(i)",
      '-f',
      'arrow',
    )
    expect({ code, error }).toEqual({ code: 0, error: '' })
    const { schema, batches } = batchesFromArrow(bytes)
    expect(schema.fields.map(({ name, type }) => [name, type.kind])).toEqual([
      ['i', 'bigint'],
      ['e', 'enum'],
      ['d', 'decimal'],
      ['h', 'hugeint'],
    ])
    expect(batches.length).toBeGreaterThan(1)
    const rows = batches.flatMap(rowsFromBatch)
    expect(rows).toHaveLength(300_000)
    expect(rows[299_999]).toEqual({ i: 299_999n, e: 'hi', d: '74999.75', h: 299_999n * 10n ** 20n })
    expect(rows.reduce((sum: bigint, row: Row) => sum + (row['i'] as bigint), 0n)).toBe((299_999n * 300_000n) / 2n)
  })

  test('nothing is still a valid result', async () => {
    const query = 'SELECT 1 AS a, NULL AS b WHERE false'
    const [table, csv, json, arrow] = await Promise.all(
      ['table', 'csv', 'json', 'arrow'].map((format) => lakefront('sql', query, '--format', format)),
    )
    expect(table!.out).toBe('+---+---+\n| a | b |\n+---+---+\n0 rows\n')
    expect(csv!.out).toBe('a,b\n')
    expect(JSON.parse(json!.out)).toEqual([])
    expect(batchesFromArrow(arrow!.bytes).schema.fields.map(({ name }) => name)).toEqual(['a', 'b'])
  })

  test('a file of many types comes out as native DuckDB prints it', async () => {
    const query = `SELECT * FROM '${mixed}' WHERE id % 3 <> 1 ORDER BY id DESC`
    const { out, code } = await lakefront('sql', query, '--format', 'csv')
    expect(code).toBe(0)
    const reader = await native.runAndReadAll(`SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (${query})`)
    const [header, ...rows] = parseCsv(out)
    expect(header).toEqual(reader.columnNames())
    expect(rows).toEqual(reader.getRows())
    expect(rows.length).toBeGreaterThan(3000)
  })
})

describe('input and output', () => {
  test('a statement from standard input, several statements, a leading comment', async () => {
    const child = start('sql', '-', '-f', 'csv')
    child.stdin!.end('CREATE TABLE t (a INT);\nINSERT INTO t VALUES (1), (2);\nFROM t -- all\n')
    expect(await ended(child)).toMatchObject({ code: 0, out: 'a\n1\n2\n', error: '' })
    expect(await lakefront('sql', '-- first\nSELECT 7 AS n', '-f', 'csv')).toMatchObject({ code: 0, out: 'n\n7\n' })
  })

  test('-o writes a whole file, its name says the format, and a failing query leaves the old file alone', async () => {
    const path = join(folder, 'out.json')
    expect(await lakefront('sql', 'SELECT 1 AS a', '-o', path)).toMatchObject({ code: 0, out: '', error: '' })
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual([{ a: 1 }])
    expect((await lakefront('sql', 'SELEC 1', '-o', path)).code).toBe(1)
    // Fails in the middle of its rows.
    const failing = await lakefront(
      'sql',
      "SELECT CASE WHEN i = 299999 THEN 'x' ELSE '1' END::INT AS n FROM range(300000) t(i)",
      '-o',
      path,
    )
    expect(failing).toMatchObject({ code: 1, out: '' })
    expect(failing.error).toContain('INVALID_VALUE')
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual([{ a: 1 }])
    expect((await readdir(folder)).filter((name) => name.startsWith('out.'))).toEqual(['out.json'])
  })

  test('a reader that goes away ends a huge query without a word', async () => {
    const child = start('sql', `FROM '${flights}', range(1000)`, '--format', 'csv')
    child.stdout!.once('data', () => child.stdout!.destroy())
    const errors: Buffer[] = []
    child.stderr!.on('data', (chunk: Buffer) => errors.push(chunk))
    const code = await new Promise((resolve) => child.on('close', resolve))
    expect({ code, error: Buffer.concat(errors).toString() }).toEqual({ code: 0, error: '' })
  })

  test('a reader that waits makes the query wait', async () => {
    const child = start('sql', `FROM '${flights}', range(1000)`, '--format', 'json')
    await new Promise((resolve) => child.stdout!.once('readable', resolve))
    const before = await residentMegabytes(child.pid!)
    await new Promise((resolve) => setTimeout(resolve, 4000))
    const growth = (await residentMegabytes(child.pid!)) - before
    child.kill('SIGKILL')
    expect(growth).toBeLessThan(120)
  })

  test('no bar where nobody looks', async () => {
    const { error, code } = await lakefront(
      'sql',
      `SELECT count(DISTINCT delay + distance) AS n FROM '${flights}'`,
      '-f',
      'csv',
    )
    expect({ error, code }).toEqual({ error: '', code: 0 })
  })
})

describe('on a terminal', () => {
  const slow = `SELECT sum(hash(delay, i)) AS h FROM '${flights}', range(8) t(i)`

  test('a bar while the query runs, gone before the table, and what it cost', async () => {
    const { out, code } = await ended(onTerminal('sql', slow))
    expect(code).toBe(0)
    expect(out).toMatch(/\r█*░+ +\d+ % {2}[\d,]+ rows? {2}[\d.]+ [kM]?B\u001b\[K/)
    expect(out.slice(out.lastIndexOf('░'))).toMatch(
      /\r\u001b\[K\+-+\+\r?\n\| +h \|[^░█]*1 row\r?\n1 row in [\d.]+ s, 3\.\d MB read/,
    )
  })

  test('Ctrl-C stops it at once', async () => {
    const child = onTerminal('sql', 'SELECT sum(hash(a.range, b.range)) FROM range(10000000) a, range(1000000) b')
    const end = ended(child)
    await new Promise((resolve) => setTimeout(resolve, 2500))
    const pressed = performance.now()
    child.stdin!.write('\u0003')
    const { code, out } = await end
    expect(performance.now() - pressed).toBeLessThan(3000)
    expect(out).toContain('ABORTED: Stopped.')
    expect(code).toBe(130)
  })
})

describe('mistakes', () => {
  test.each<[string[], RegExp]>([
    [[], /Say what to do/],
    [['sqll', 'SELECT 1'], /no command "sqll".*Did you mean "sql"/],
    [['sql'], /Give a statement/],
    [['sql', '  '], /empty/],
    [['sql', 'SELECT', '1'], /one argument.*quotes/],
    [['sql', 'SELECT 1', '--fromat', 'csv'], /no option "--fromat".*Did you mean "--format"/],
    [['sql', 'SELECT 1', '--format', 'xlsx'], /no format "xlsx".*table, csv, json, arrow/],
    [['sql', 'SELECT 1', '--rows', 'many'], /--rows takes a number.*"many"/],
    [['sql', 'SELECT 1', '--format'], /--format/],
    [['sql', 'SELECT 1', '-o', 'x.avro', '--codec', 'deflat'], /no codec "deflat".*Did you mean "deflate"/],
    [['convert', 'a.parquet'], /takes two files/],
    [['convert', 'a.parquet', 'b'], /What to write "b" as\?.*Formats: csv, json, arrow, avro, parquet/],
    [['inspect'], /Name the file/],
    [['inspect', 'a', 'b'], /one file, but 2/],
    [['inspect', 'a', '--format', 'csv'], /no format "csv"/],
  ])('of the command line are 2: %j', async (args, message) => {
    const { code, out, error } = await lakefront(...args)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(error).toMatch(message)
    expect(error).toContain('lakefront --help')
    expect(error).not.toContain('    at ')
  })

  test.each<[string, string[], RegExp]>([
    ['syntax', ['sql', 'SELECT 1,\n  froom 2 x'], /^lakefront: SYNTAX_ERROR: .*\n {4}froom 2 x\n {10}\^\n$/],
    ['column', ['sql', `SELECT orign FROM '${flights}'`], /COLUMN_NOT_FOUND: .*Did you mean "origin"/],
    ['table', ['sql', 'FROM nowhere'], /TABLE_NOT_FOUND/],
    ['file', ['sql', "FROM 'nowhere.parquet'"], /NOT_FOUND: There is no file "nowhere.parquet"/],
    ['value', ['sql', "SELECT 'a'::INT"], /INVALID_VALUE/],
    ['extension', ['sql', 'LOAD spatial'], /UNSUPPORTED/],
    ['folder of the output', ['sql', 'SELECT 1', '-o', '/nowhere/at/all.csv'], /NOT_FOUND: .*folder does not exist/],
    [
      'output to a server',
      ['sql', 'SELECT 1', '-o', 'https://host/x.parquet?secret'],
      /UNSUPPORTED: "https:\/\/host\/" cannot be written/,
    ],
    ['type', ['sql', "SELECT '01'::BIT AS b", '-f', 'avro'], /UNSUPPORTED: Avro has no type for BIT/],
    ['inspected file', ['inspect', 'nowhere.parquet'], /NOT_FOUND/],
    ['inspected text', ['inspect', cli], /NOT_A_PARQUET_FILE/],
  ])('of the query or the file are 1: %s', async (_, args, message) => {
    const { code, out, error } = await lakefront(...args)
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(error).toMatch(message)
    expect(error).not.toContain('    at ')
  })

  test('a truncated file', async () => {
    const path = join(folder, 'half.parquet')
    await writeFile(path, (await readFile(mixed)).subarray(0, 20_000))
    const results = await Promise.all([lakefront('inspect', path), lakefront('sql', `FROM '${path}'`)])
    for (const { code, error } of results) expect([code, error]).toEqual([1, expect.stringContaining('CORRUPT_FILE')])
  })
})

describe('files of any format', () => {
  test('Parquet by sql and by convert, with options', async () => {
    const [path, copy] = [join(folder, 'out.parquet'), join(folder, 'copy.parquet')]
    expect(await lakefront('sql', `FROM '${mixed}' WHERE id < 100`, '-o', path)).toMatchObject({ code: 0, out: '' })
    const options = ['-O', 'compression=zstd', '--option', 'rowGroupRows=2000']
    expect(await lakefront('convert', mixed, copy, ...options)).toMatchObject({ code: 0, out: '' })
    const counts = await native.runAndReadAll(
      `SELECT (SELECT count(*)::INT FROM '${path}') AS a, (SELECT count(*)::INT FROM (FROM '${copy}' EXCEPT ALL FROM '${mixed}')) AS b,
         (SELECT list_sort(list(DISTINCT compression || row_group_id)) FROM parquet_metadata('${copy}')) AS c`,
    )
    expect(counts.getRowObjectsJson()).toEqual([{ a: 100, b: 0, c: ['ZSTD0', 'ZSTD1', 'ZSTD2'] }])
  })

  test('a folder by partitions, which is not overwritten unless that is said', async () => {
    const path = `${join(folder, 'parts')}/`
    const args = ['convert', mixed, path, '-f', 'csv', '--partition-by', 'even', '-O', 'compression=gzip']
    expect(await lakefront(...args)).toMatchObject({ code: 0, error: '' })
    expect((await readdir(path)).sort()).toEqual(['even=false', 'even=true'])
    const counted = await native.runAndReadAll(
      `SELECT even, count(*)::INT AS n FROM read_csv('${path}*/*.csv.gz', hive_partitioning = true) GROUP BY ALL ORDER BY ALL`,
    )
    expect(counted.getRowObjectsJson()).toEqual([
      { even: 'false', n: 2500 },
      { even: 'true', n: 2500 },
    ])
    const again = await lakefront(...args)
    expect([again.code, again.error]).toEqual([1, expect.stringContaining('PRECONDITION_FAILED')])
    expect((await lakefront(...args, '--mode', 'overwrite')).code).toBe(0)
  })

  test('JSON is an array, or by its name lines', async () => {
    const [array, lines] = [join(folder, 'a.json'), join(folder, 'a.ndjson')]
    for (const path of [array, lines]) expect((await lakefront('convert', mixed, path)).code).toBe(0)
    expect((JSON.parse(await readFile(array, 'utf8')) as unknown[]).length).toBe(5000)
    expect((await readFile(lines, 'utf8')).trim().split('\n').length).toBe(5000)
  })

  test.each([
    [['convert', 'a.csv', 'b.csv', '-O', 'delimi=;'], /no option "delimi".*Did you mean "delim"/],
    [['convert', 'a.csv', 'b.csv', '-O', 'x'], /--option takes a name and a value/],
    [['convert', 'a.csv', 'b.csv', '--mode', 'replace'], /no mode "replace"/],
    [['sql', 'SELECT 1', '-f', 'parquet'], /Name what to write/],
  ])('mistakes: %j', async (args, message) => {
    const { code, error } = await lakefront(...args)
    expect([code, error]).toEqual([2, expect.stringMatching(message)])
  })
})

describe('avro', () => {
  test('is written and holds what was read', async () => {
    const path = join(folder, 'mixed.avro')
    expect(await lakefront('convert', mixed, path, '--codec', 'snappy')).toMatchObject({ code: 0, out: '' })
    const difference = `SELECT count(*) AS n FROM (FROM '${path}' EXCEPT ALL FROM '${mixed}')`
    const rows = `SELECT count(*) AS n FROM '${path}'`
    expect((await lakefront('sql', `${difference} UNION ALL ${rows}`, '-f', 'csv')).out).toBe('n\n0\n5000\n')
  })

  test('is inspected by its first bytes, whatever its name', async () => {
    const path = join(folder, 'unnamed')
    await writeFile(path, (await lakefront('sql', `SELECT id, even FROM '${mixed}'`, '-f', 'avro')).bytes)
    const { code, out } = await lakefront('inspect', path, '--format', 'json')
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      rows: 5000,
      codec: 'deflate',
      blocks: { count: 1, largestRows: 5000 },
      columns: [
        { name: 'id', type: 'BIGINT', nullable: true },
        { name: 'even', type: 'BOOLEAN', nullable: true },
      ],
    })
    expect((await lakefront('inspect', path)).out).toContain('5,000 in 1 block')
  })

  test('text and Arrow are inspected, too, by what is in them', async () => {
    const written = async (name: string, content: string | Uint8Array): Promise<string> => {
      const path = join(folder, name)
      await writeFile(path, content)
      return path
    }
    const inspected = async (path: string): Promise<unknown> =>
      JSON.parse((await lakefront('inspect', path, '--format', 'json')).out)
    expect(await inspected(await written('x.txt', 'a;b\n1;"x;y"\n2;z\n3;w;v\n'))).toMatchObject({
      format: 'csv',
      rows: 2,
      written: { delimiter: ';', quote: '"', 'line end': '\n', header: true, 'lines that cannot be read': 1 },
      columns: [
        { name: 'a', type: 'BIGINT' },
        { name: 'b', type: 'VARCHAR' },
      ],
    })
    expect(await inspected(await written('y', '{"a":1}\n{"a":2}\n'))).toMatchObject({
      format: 'json',
      rows: 2,
      written: { layout: 'lines' },
      columns: [{ name: 'a', type: 'BIGINT' }],
    })
    const arrow = (await lakefront('sql', `SELECT id FROM '${mixed}'`, '-f', 'arrow')).bytes
    expect(await inspected(await written('z.parquet', arrow))).toMatchObject({
      format: 'arrow',
      rows: 5000,
      written: { form: 'stream' },
    })
    expect((await lakefront('inspect', join(folder, 'x.txt'))).out).toMatch(/delimiter +";"[\s\S]*Columns/)
    expect((await lakefront('inspect', await written('n.csv', 'a,b\n1,2\n'))).out).toMatch(
      /quote +none\n[\s\S]*line end +"\\n"/,
    )
    expect(await inspected(await written('none.csv', ''))).toMatchObject({ format: 'csv', rows: 0 })
    expect((await lakefront('inspect', await written('none.avro', ''))).error).toMatch(
      /none\.avro" is empty, not an Avro/,
    )
    expect((await lakefront('inspect', await written('t.avro', 'a,b\n1,2\n'))).error).toMatch(
      /t\.avro" is text, as CSV is, not an Avro file/,
    )
    expect((await lakefront('inspect', await written('w.parquet', 'PK\u0003\u0004'))).error).toMatch(/ZIP archive/)
  })
})

describe('inspect', () => {
  test('says what native DuckDB reads from the same footer', async () => {
    const { code, out } = await lakefront('inspect', mixed, '--format', 'json')
    expect(code).toBe(0)
    const file = JSON.parse(out)
    expect(file).toMatchObject({ file: mixed, rows: 5000, keyValues: [{ key: 'origin', value: 'a test' }] })
    const flat = ['id', 'big', 'price', 'ratio', 'day', 'at']
    const reader = await native.runAndReadAll(`
      SELECT row_group_id::INT AS number, path_in_schema AS name, row_group_num_rows::INT AS rows, lower(compression) AS codec, stats_min_value AS min,
        stats_max_value AS max, stats_null_count::INT AS nulls, total_uncompressed_size::INT AS "uncompressedBytes"
      FROM parquet_metadata('${mixed}') WHERE path_in_schema IN (${flat.map((name) => `'${name}'`).join(', ')}) ORDER BY ALL`)
    const ours = file.rowGroups.flatMap((group: { rows: number; columns: Record<string, unknown>[] }, number: number) =>
      group.columns
        .filter(({ name }) => flat.includes(name as string))
        .map(({ name, codec, min, max, nulls, uncompressedBytes }) => ({
          number,
          name,
          rows: group.rows,
          codec,
          min,
          max,
          nulls,
          uncompressedBytes,
        }))
        .sort((a, b) => String(a.name).localeCompare(String(b.name))),
    )
    expect(ours).toEqual(reader.getRowObjects())
    const types = await native.runAndReadAll(`DESCRIBE FROM '${mixed}'`)
    expect(file.columns.map((column: { name: string; type: string }) => [column.name, column.type])).toEqual(
      types.getRows().map(([name, type]) => [name, String(type).replaceAll('"', '')]),
    )
    expect(file.columns.find((column: { name: string }) => column.name === 'label').nulls).toBe(1000)
    expect(file.columns.find((column: { name: string }) => column.name === 'price')).toMatchObject({
      min: '0.0000',
      max: '714.1429',
    })
  })

  test('as text, for people', async () => {
    const { code, out, error } = await lakefront('inspect', flights)
    expect({ code, error }).toEqual({ code: 0, error: '' })
    expect(out).toMatch(/^rows {8}3,000,000 in 11 row groups$/m)
    expect(out).toMatch(
      /^\| date +\| TIMESTAMP +\| yes +\| zstd +\| +1\.4 MB .*2001-01-01 00:01:00 \| 2001-07-01 00:00:00 \|$/m,
    )
    expect(out).toMatch(/^\| +10 \| 272,730 \|/m)
    expect(out).toMatch(/^\| ARROW:schema/m)
  })
})

test('--help and --version', async () => {
  const { version } = JSON.parse(await readFile(new URL('package.json', root), 'utf8'))
  expect(await lakefront('--version')).toMatchObject({ code: 0, out: `lakefront ${version}\n` })
  const help = await lakefront('--help')
  expect(help).toMatchObject({ code: 0, error: '' })
  expect(help.out).toMatch(/^Usage$/m)
  expect((await lakefront('inspect', '-h')).out).toBe(help.out)
})

/** The command on a pseudo-terminal, made by `script`, which Linux and macOS bring along. */
function onTerminal(...args: readonly string[]): ChildProcess {
  const command = [process.execPath, cli, ...args]
  const quoted = command.map((part) => `'${part.replaceAll("'", `'\\''`)}'`).join(' ')
  const how = process.platform === 'darwin' ? ['-q', '/dev/null', ...command] : ['-qefc', quoted, '/dev/null']
  return spawn('/usr/bin/script', how, { stdio: ['pipe', 'pipe', 'pipe'] })
}

async function residentMegabytes(pid: number): Promise<number> {
  if (process.platform === 'linux') {
    return Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))![1]) / 1024
  }
  const { out } = await ended(spawn('ps', ['-o', 'rss=', '-p', `${pid}`], { stdio: ['ignore', 'pipe', 'pipe'] }))
  return Number(out) / 1024
}

/** RFC 4180, where an empty field without quotes is null. */
function parseCsv(text: string): (string | null)[][] {
  const rows: (string | null)[][] = []
  let row: (string | null)[] = []
  for (const [, quoted, plain = '', end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n)/g)) {
    row.push(quoted === undefined ? plain || null : quoted.replaceAll('""', '"'))
    if (end === ',') continue
    rows.push(row)
    row = []
  }
  return rows
}
