import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { DuckDBConnection } from '@duckdb/node-api'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Session } from '../../../connect/session.ts'
import { CsvRecords } from '../../../format/csv/csv-records.ts'
import { nativeConnection } from '../../../scan/fixtures/native.ts'
import { failure } from '../../../storage/conformance.ts'
import { openEngine } from '../../open-engine.ts'
import { nodeHost } from '../node-host.ts'

let db: Session
let native: DuckDBConnection
let folder: string

beforeAll(async () => {
  db = new Session(await openEngine(nodeHost(new URL('../../../../dist/wasm/', import.meta.url))))
  native = await nativeConnection()
  folder = mkdtempSync(join(tmpdir(), 'lakefront-csv-'))
})

afterAll(async () => {
  native.closeSync()
  rmSync(folder, { recursive: true })
  await db.close()
})

let files = 0
function written(content: string | Uint8Array, name = `${files++}.csv`): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

type Answer = { readonly schema: readonly string[]; readonly rows: readonly unknown[] }

async function ours(from: string): Promise<Answer> {
  const described = await db.sql(`DESCRIBE FROM ${from}`).collect()
  const rows = await db.sql(`SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ${from}`).collect()
  return {
    schema: described.map((row) => `${String(row['column_name'])} ${String(row['column_type'])}`),
    rows: rows.map((row) => Object.values(row)),
  }
}

async function theirs(from: string): Promise<Answer> {
  const described = await native.runAndReadAll(`DESCRIBE FROM ${from}`)
  const read = await native.runAndReadAll(`SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ${from}`)
  return { schema: described.getRows().map(([name, type]) => `${String(name)} ${String(type)}`), rows: read.getRows() }
}

async function expectSame(content: string | Uint8Array, options = ''): Promise<void> {
  const from = `read_csv('${written(content)}'${options === '' ? '' : `, ${options}`})`
  expect(await ours(from)).toEqual(await theirs(from))
}

const many = (count: number, row: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => row(index)).join('')

describe('as native DuckDB reads it', () => {
  test.each<[text: string, options?: string]>([
    ['a,b\n1,2\n3,4\n'],
    ['a,b\n1,2\n3,4'],
    ['1,2\n3,4\n'],
    ['a;b\n1,5;2\n2,5;3\n'],
    ['a\tb\n1\t2\n'],
    ['a|b\r\n1|2\r\n3|4\r\n'],
    ['a,b\r1,2\r3,4\r'],
    ['a,b\n"x, y","l1\nl2"\n"He said ""hi""",z\n'],
    ["a|b\n'x|y'|'it''s'\n"],
    ['a,b\n1,\n,2\n"",""\n'],
    ['a,b\n1,NA\n2,3\n', "nullstr = 'NA'"],
    ['a,b\n1,NA\n-,3\n', "nullstr = ['NA', '-']"],
    ['d,t,s\n2024-02-29,10:11:12,2024-02-29 10:11:12.123456\n1999-12-31,23:59:59,1970-01-01 00:00:00\n'],
    ['d\n31.12.2024\n01.02.2023\n', "dateformat = '%d.%m.%Y'"],
    ['d\n12/31/2024\n02/01/2023\n'],
    ['d\n2024-01-01\ninfinity\n-infinity\nepoch\n12024-1-1\n0044-03-15 (BC)\n'],
    ['d\n2024-01-01\ninfinity\n', "dateformat = '%Y-%m-%d'"],
    ['d\n25/12/2020\n13/01/2021\n'],
    ['b\ntrue\nfalse\nTRUE\n'],
    ['n\n1\n2.5\n1e3\n'],
    ['n\n1\n9223372036854775807\n'],
    ['n\n1\n99999999999999999999\n'],
    ['n;m\n1.234,5;2\n', "decimal_separator = ',', thousands = '.', delim = ';', types = {'n': 'DOUBLE'}"],
    ['a,b\n1,2\n', 'all_varchar = true'],
    ['a,b\n1,2\n', "types = {'b': 'DECIMAL(9,2)'}"],
    ['a,b\n1,2\n', "types = ['VARCHAR', 'TINYINT']"],
    ['1,2\n3,4\n', "names = ['x', 'y']"],
    ['1,2\n3,4\n', "columns = {'x': 'INTEGER', 'y': 'VARCHAR'}"],
    ['1;2\n3;4\n', "columns = {'x': 'INTEGER', 'y': 'VARCHAR'}, delim = ';', auto_detect = false"],
    ['x;y\n1;2\n', "columns = {'x': 'INTEGER', 'y': 'VARCHAR'}, delim = ';', auto_detect = false, header = true"],
    ['# one\n# two\na,b\n1,2\n# three\n3,4\n'],
    ['junk\njunk too\na,b\n1,2\n', 'skip = 2'],
    ['A B,c-d\n1,2\n', 'normalize_names = true'],
    ['a,a,A\n1,2,3\n'],
    ['a,b\n1,2\n3\n', 'null_padding = true'],
    ['a,b\n1,2\n3,x\n5,6\n', "types = {'b': 'INTEGER'}, ignore_errors = true, header = true"],
    ['a,b\n1,"x\n', 'strict_mode = false, header = true'],
    ['a,b\n"x" ,2\n', 'strict_mode = false'],
    ['a,b\n1,"\\"q\\""\n2,"r"\n', "escape = '\\', quote = '\"'"],
    ['aあb\n1あ2\n', "delim = 'あ'"],
    ['a::b\n1::2\n', "delim = '::'"],
    ['naïve,é\nüñï,日本語 😀\n'],
    ['\ufeffa,b\n1,2\n'],
    ['\ufeff"a","b"\n"1, 2",2\n'],
    ['a,b\n'],
    ['a\n1\n2\n'],
    [' a , b \n 1 , x \n'],
    ['a,b\n1,2\n\n3,4\n'],
    ['u\n550e8400-e29b-41d4-a716-446655440000\n', "types = {'u': 'UUID'}"],
    ['l\n"[1, 2]"\n"[]"\n', "types = {'l': 'INTEGER[]'}"],
    ['a,b\n"NA",1\nNA,2\n', "nullstr = 'NA', allow_quoted_nulls = false"],
    ['a,b\n,1\n', "force_not_null = ['a'], types = {'a': 'VARCHAR'}, header = true"],
    ['t\n2024-02-29 10:11:12+02\n'],
  ])('%j %s', (text, options) => expectSame(text, options))

  test('types that the first 20,480 rows decide, and later rows that have others', async () => {
    const text = `a,b\n${many(30_000, (row) => `${row},${row < 25_000 ? row : `x${row}`}\n`)}`
    const from = `read_csv('${written(text)}')`
    await expect(theirs(from)).rejects.toThrow('25002')
    const error = (await failure(ours(from))) as Error
    expect(error).toMatchObject({ code: 'INVALID_VALUE', details: { line: 25_002 } })
    expect(error.message).toContain('Could not convert string "x25000" to \'BIGINT\'')
    await expectSame(text, 'sample_size = -1')
  })

  test('files of many pieces, with line ends in quotes', async () => {
    const text = `id,text,n\n${many(60_000, (row) => `${row},"line one of ${row}\nline ""two"", ${'x'.repeat(row % 40)}",${row * 7}\n`)}`
    expect(text.length).toBeGreaterThan(3_000_000)
    await expectSame(text)
    const path = written(text)
    expect(await db.sql(`SELECT count(*) AS n, sum(n) AS s, max(length(text)) AS l FROM '${path}'`).collect()).toEqual(
      (
        await native.runAndReadAll(`SELECT count(*) AS n, sum(n) AS s, max(length(text)) AS l FROM '${path}'`)
      ).getRowObjectsJS(),
    )
    expect(await db.sql(`SELECT count(*) AS n FROM '${path}'`).collect()).toEqual([{ n: 60_000n }])
    expect(await db.sql(`SELECT n FROM '${path}' LIMIT 2 OFFSET 59998`).collect()).toEqual([
      { n: 419_986n },
      { n: 419_993n },
    ])
  })

  test('quotes that come only after the sample', async () => {
    await expectSame(`a,b\n${many(30_000, (row) => `${row},t${row}\n`)}1,"xy"\n`)
  })

  test('headers that are far down, and lines that are long', async () => {
    await expectSame(`${many(40_000, (row) => `junk ${row} ${'x'.repeat(20)}\n`)}a,b\n1,x\n`, 'skip = 40_000')
    await expectSame(`${many(1000, (row) => `# ${row} ${'x'.repeat(400)}\n`)}a,b\n1,x\n`, "comment = '#'")
    await expectSame(`a,b\n1,"${'x'.repeat(3_000_000)}"\n`, 'max_line_size = 4_000_000')
  })

  test('empty files', async () => {
    await expectSame('')
  })

  test('several files, folders that are columns, and names of files', async () => {
    for (const year of [2023, 2024]) {
      mkdirSync(join(folder, `h/year=${year}`), { recursive: true })
      written(`a,b\n${year},${year === 2023 ? 1 : '2.5'}\n`, `h/year=${year}/x.csv`)
    }
    const sorted = (answer: Answer): Answer => ({ ...answer, rows: answer.rows.toSorted() })
    const glob = `read_csv('${folder}/h/*/x.csv', filename = true)`
    expect(sorted(await ours(glob))).toEqual(sorted(await theirs(glob)))
    const [one, two] = [written('a,b\n1,2\n'), written('b,c\nx,2024-01-01\n')]
    const union = `read_csv(['${one}', '${two}'], union_by_name = true)`
    expect(await ours(union)).toEqual(await theirs(union))
    expect(await db.read.csv([one, two]).columns()).toEqual(['a', 'b', 'c'])
    expect(await failure(ours(`read_csv(['${one}', '${two}'])`))).toMatchObject({ code: 'COLUMN_NOT_FOUND' })
  })
})

test('pieces that end at records are read as the whole text', async () => {
  const value = fc.oneof(
    fc.stringMatching(/^[a-z0-9 ']{0,6}$/),
    fc.string({ maxLength: 6 }).map((text) => `"${text.replaceAll('"', '""')}"`),
    fc.constantFrom('"a\nb"', '"a,b"', '""""', '"\n"', '"x\r\ny"', ''),
  )
  const text = fc
    .array(fc.tuple(value, value, value), { minLength: 1, maxLength: 20 })
    .map((rows) => new TextEncoder().encode(rows.map((row) => `${row.join(',')}\n`).join('')))
  const records = new CsvRecords({ delimiter: ',', quote: '"', escape: '"', comment: '', newLine: '\n' })
  await fc.assert(
    fc.property(text, fc.array(fc.nat({ max: 200 }), { maxLength: 5 }), (bytes, cuts) => {
      const ends = [...new Set(cuts.map((cut) => records.end(bytes.subarray(0, cut))))].toSorted((a, b) => a - b)
      const pieces = [0, ...ends].map((start, index) => bytes.subarray(start, ends[index] ?? bytes.length))
      const rowsOf = (piece: Uint8Array): string[] => split(new TextDecoder().decode(piece))
      expect(pieces.flatMap(rowsOf)).toEqual(rowsOf(bytes))
      expect(pieces.reduce((sum, piece) => sum + records.count(piece), 0)).toBe(records.count(bytes))
      expect(records.count(bytes)).toBe(rowsOf(bytes).length)
    }),
    { numRuns: 2000, seed: 7 },
  )
})

/** Records of CSV, one character after the other. */
function split(text: string): string[] {
  const rows: string[] = []
  let row = ''
  let isQuoted = false
  let isStart = true
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!
    row += character
    if (isQuoted && character === '"' && text[at + 1] === '"') row += text[++at]!
    else if (character === '"' && (isQuoted || isStart)) isQuoted = !isQuoted
    else if (character === '\n' && !isQuoted) {
      rows.push(row)
      row = ''
    }
    isStart = character === ',' || row === '' || (isStart && character === ' ')
  }
  return row === '' ? rows : [...rows, row]
}

describe('lines that cannot be read', () => {
  const text = 'a,b\n1,2\n\n3,x\n"q\nr",5\n4,5,6\n7,8\n'
  const options = "columns = {'a': 'VARCHAR', 'b': 'INTEGER'}, header = true, store_rejects = true"

  test('are kept as DuckDB keeps them', async () => {
    const path = written(text)
    const from = `read_csv('${path}', ${options})`
    expect((await ours(from)).rows).toEqual((await theirs(from)).rows)
    const columns = 'line, line_byte_position, byte_position, column_idx, column_name, error_type, error_message'
    const rejected = `SELECT DISTINCT ${columns} FROM reject_errors ORDER BY ALL`
    const expected = await native.runAndReadAll(`SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (${rejected})`)
    const found = await db.sql(`SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (${rejected})`).collect()
    expect(found.map((row) => Object.values(row))).toEqual(expected.getRows())
    expect(await db.sql('SELECT DISTINCT file_path, delimiter, has_header FROM reject_scans').collect()).toEqual([
      { file_path: path, delimiter: ',', has_header: true },
    ])
  })

  test('are numbered through all pieces', async () => {
    const long = `a,b\n${many(80_000, (row) => (row === 70_000 ? 'x,y\n' : `${row},"a\nb ${row}"\n`))}`
    const path = written(long)
    const read = `SELECT count(*) FROM read_csv('${path}', types = {'a': 'BIGINT'}, header = true, store_rejects = true, rejects_table = 'bad')`
    expect(Object.values((await db.sql(read.replace('count(*)', 'max(a), count(*)')).collect())[0]!)).toEqual([
      79_999n,
      79_999n,
    ])
    expect(await db.sql('SELECT line, byte_position, csv_line FROM bad').collect()).toEqual([
      { line: 70_002n, byte_position: BigInt(long.indexOf('x,y') + 1), csv_line: 'x,y' },
    ])
  })

  test('are told with their line', async () => {
    const path = written('a,b\n1,2\n3,x\n')
    const error = (await failure(db.read.csv(path, { types: { b: 'integer' }, header: true }).collect())) as Error
    expect(error).toMatchObject({ code: 'INVALID_VALUE', details: { line: 3 } })
    expect(error.message).toMatch(/line 3 .*Could not convert string "x" to 'INTEGER'.*storeRejects/)
  })
})

describe('bytes around and behind the text', () => {
  const text = 'stadt,größe\nZürich,1\nSão Paulo,2\n'
  const rows = [
    { stadt: 'Zürich', größe: 1n },
    { stadt: 'São Paulo', größe: 2n },
  ]
  const utf16 = (bom: number[], isBig: boolean): Uint8Array => {
    const bytes = Buffer.from(text, 'utf16le')
    return new Uint8Array([...bom, ...(isBig ? bytes.swap16() : bytes)])
  }

  test.each<[what: string, bytes: Uint8Array, encoding?: string]>([
    ['gzip', gzipSync(text)],
    ['UTF-16 with a mark', utf16([0xff, 0xfe], false)],
    ['UTF-16 with a mark, big end first', utf16([0xfe, 0xff], true)],
    ['UTF-16 that is told', utf16([], false), 'utf-16'],
    ['Latin-1', Buffer.from(text, 'latin1'), 'latin-1'],
    ['Windows', Buffer.from(text, 'latin1'), 'windows-1252'],
  ])('%s', async (_what, bytes, encoding) => {
    const options = encoding === undefined ? {} : { encoding }
    expect(await db.read.csv(new Uint8Array(bytes), options).collect()).toEqual(rows)
  })

  test('that are not what they are said to be', async () => {
    const latin = new Uint8Array(Buffer.from(text, 'latin1'))
    expect(await failure(db.read.csv(latin).collect())).toMatchObject({
      code: expect.stringMatching(/CORRUPT_FILE|INVALID_VALUE/),
    })
    expect(String(await failure(db.read.csv(utf16([], false)).collect()))).toMatch(/UTF-16: say encoding: 'utf-16'/)
    expect(await failure(db.read.csv(latin, { encoding: 'klingon' }).collect())).toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
    const cut = gzipSync(text.repeat(1000)).subarray(0, 100)
    expect(await failure(db.read.csv(new Uint8Array(cut)).collect())).toMatchObject({ code: 'CORRUPT_FILE' })
  })
})

describe('files of which nobody says what they are', () => {
  const text = new TextEncoder().encode('a;b\n1;2\n')
  const rows = [{ a: 1n, b: 2n }]

  test('are what is in them', async () => {
    await db.registerFile('no name that tells', text)
    expect(await db.sql('FROM "no name that tells"').collect()).toEqual(rows)
    await db.registerFile('lines', new TextEncoder().encode('{"a":1}\n{"a":2}\n'))
    expect(await db.sql('SELECT sum(a) AS s FROM lines').collect()).toEqual([{ s: 3n }])
    await db.registerFile('zipped.csv', new Uint8Array(gzipSync(text)))
    expect(await db.sql("FROM 'zipped.csv'").collect()).toEqual(rows)
    const path = written(text, 'download')
    expect(await db.sql(`FROM '${path}'`).collect()).toEqual(rows)
    await native.run(`COPY (SELECT 7 AS x) TO '${join(folder, 'wrong.csv')}' (FORMAT parquet)`)
    await db.registerFile('wrong.csv', join(folder, 'wrong.csv'))
    expect(await db.sql("FROM 'wrong.csv'").collect()).toEqual([{ x: 7 }])
  })

  test('and who says something else is told what they are', async () => {
    const parquet = join(folder, 'wrong.csv')
    expect(String(await failure(db.read.csv(parquet).collect()))).toMatch(/is a Parquet file, not text.*read\.parquet/)
    expect(String(await failure(db.read.json(parquet).collect()))).toMatch(/is a Parquet file, not JSON/)
    expect(String(await failure(db.read.arrow(text).collect()))).toMatch(/is text, as CSV is, not an Arrow/)
    const page = new TextEncoder().encode('<!doctype html><title>Sign in</title>')
    expect(String(await failure(db.read.csv(page).collect()))).toMatch(/is a page of HTML/)
    await db.registerFile('page', page)
    expect(String(await failure(db.sql('FROM page').collect()))).toMatch(/is a page of HTML/)
  })
})

test('options are checked before anything is read', () => {
  const read = (options: object) => (): unknown => db.read.csv('nowhere.csv', options)
  expect(read({ delimiter: ';' })).toThrow(/no option "delimiter".*delim/)
  expect(read({ header: 'yes' })).toThrow(/header has to be true or false/)
  expect(read({ skip: -1 })).toThrow(/skip has to be a whole number/)
  expect(read({ types: 'bigint' })).toThrow(/types has to be an object/)
})

test('a text in an option is a text', async () => {
  const quote = "'); DROP TABLE x; --"
  const bytes = new TextEncoder().encode(`a\n${quote}\n`)
  expect(await db.read.csv(bytes, { nullstr: quote, header: true, delim: ',' }).collect()).toEqual([{ a: null }])
})
