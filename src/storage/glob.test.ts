import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { failure } from './conformance.ts'
import { expandGlob } from './glob.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lakefront-glob-'))
  const names = [
    '1.txt',
    '10.txt',
    '2.txt',
    'B.txt',
    '.hidden.txt',
    'a.csv',
    'd/3.txt',
    'd/e/4.txt',
    'd/e/[5].txt',
    '.h/6.txt',
    'ü x.txt',
    'd+(1)/7.txt',
    'k=1/y=a/8.txt',
  ]
  for (const name of names) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), '')
  }
  symlinkSync(folder, join(folder, 'd', 'loop'))
  symlinkSync(join(folder, '1.txt'), join(folder, 'link.txt'))
})

afterAll(() => rmSync(folder, { recursive: true }))

const found = async (pattern: string): Promise<string[]> =>
  (await expandGlob(join(folder, pattern))).map((path) => path.slice(folder.length + 1)).sort()

describe('patterns mean the files that native DuckDB finds', () => {
  test.each([
    '*.txt',
    '?.txt',
    '[0-9].txt',
    '[!1].txt',
    '[12].txt',
    '[1-2]*.txt',
    'd/*/*.txt',
    '**/4.txt',
    '**/*.csv',
    'd/**/4.txt',
    '*/*.txt',
    'd+(1)/*.txt',
    'd/e/[[]5].txt',
    'k=*/**/*.txt',
    'ü*',
  ])('%s', async (pattern) => {
    const native = await (await DuckDBInstance.create(':memory:')).connect()
    const rows = await native.runAndReadAll(`FROM glob('${join(folder, pattern)}')`)
    const expected = rows.getRows().map(([path]) => String(path).slice(folder.length + 1))
    expect(expected.length).toBeGreaterThan(0)
    expect(await found(pattern)).toEqual(expected.sort())
  })

  test('choices, which DuckDB does not know', async () => {
    expect(await found('{1,2}.txt')).toEqual(['1.txt', '2.txt'])
    expect(await found('{d/{3,x},B}.txt')).toEqual(['B.txt', 'd/3.txt'])
  })

  test('the files of a folder come before those of its folders, in order of their names', async () => {
    const all = (await expandGlob(join(folder, '**/*.txt'))).map((path) => path.slice(folder.length + 1))
    expect(all.slice(0, 5)).toEqual(['.hidden.txt', '1.txt', '10.txt', '2.txt', 'B.txt'])
    expect(all.indexOf('d/3.txt')).toBeLessThan(all.indexOf('d/e/4.txt'))
  })
})

test('what writing puts beside its files is meant by no pattern', async () => {
  const own = join(folder, 'written')
  mkdirSync(own)
  for (const name of ['1.csv', '_overwrite.json', '.lakefront-1.tmp', '.other']) writeFileSync(join(own, name), '{}')
  expect(await found('written/*')).toEqual(['written/.other', 'written/1.csv'])
  expect(await found('written/**')).toEqual(['written/.other', 'written/1.csv'])
})

test('a file of that very name is meant before the pattern', async () => {
  expect(await found('d/e/[5].txt')).toEqual(['d/e/[5].txt'])
})

test('names without a pattern are not looked at', async () => {
  expect(await expandGlob('no/such/file.parquet')).toEqual(['no/such/file.parquet'])
  expect(await expandGlob('https://host/a.parquet?X=*&y=[1]')).toEqual(['https://host/a.parquet?X=*&y=[1]'])
})

test('nothing found, and places that cannot be listed', async () => {
  expect(await failure(expandGlob(join(folder, 'none*.txt')))).toMatchObject({ code: 'NOT_FOUND' })
  expect(await failure(expandGlob(join(folder, 'nowhere/**/x')))).toMatchObject({ code: 'NOT_FOUND' })
  for (const [reference, options] of [
    ['https://host/a/*.parquet?secret=1', {}],
    ['a/*.parquet', { baseUrl: 'https://host/' }],
  ] as const) {
    const error = await failure(expandGlob(reference, options))
    expect(error).toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringMatching(/cannot be listed there. Name them/),
    })
    expect(String(error)).not.toContain('secret')
  }
  const openPlace = (): never => {
    throw new Error('nothing is opened')
  }
  expect(await failure(expandGlob('s3://', { openPlace }))).toMatchObject({
    message: '"s3://" names no file; it looks like "s3://bucket/file.parquet".',
  })
  const reason = new Error('stop')
  expect(await failure(expandGlob(join(folder, '**'), { signal: AbortSignal.abort(reason) }))).toBe(reason)
})
