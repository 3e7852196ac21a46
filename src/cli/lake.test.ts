import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { referenceRoot } from '../lake/fixtures/reference-lakes.ts'

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))

interface Ran {
  readonly code: number
  readonly out: string
  readonly complaint: string
}

async function lakefront(...args: readonly string[]): Promise<Ran> {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [cli, ...args])
    return { code: 0, out: stdout, complaint: stderr }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
    return { code, out: stdout, complaint: stderr }
  }
}

describe('lakefront lake', () => {
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lakefront-cli-lake-'))
  })

  afterAll(() => rm(folder, { recursive: true }))

  test('tells the tables of a lake, and what happened to it', async () => {
    const tables = await lakefront('lake', 'tables', `${referenceRoot}objects`, '--format', 'json')
    expect((JSON.parse(tables.out) as { name: string }[]).map(({ name }) => name)).toEqual([
      'we"ird, name',
      'base',
      'multi',
      'vw',
    ])
    const snapshots = await lakefront('lake', 'snapshots', `${referenceRoot}basic`, '-f', 'csv')
    expect(snapshots.out.split('\n', 1)[0]).toBe('version,time,schema_version,changes,author,message,extra')
    expect(snapshots.out.split('\n').filter((line) => /^\d+,/.test(line))).toHaveLength(8)
    const inspected = await lakefront('inspect', `${referenceRoot}basic/catalog.ducklake`)
    expect(inspected.out).toMatch(/^DuckLake 1\.0, snapshot 7\n/)
    expect(inspected.out).toContain('id BIGINT, s VARCHAR, d DOUBLE')
  })

  test('makes one, checks it, and reads it with SQL', async () => {
    const lake = join(folder, 'new')
    expect((await lakefront('lake', 'init', lake)).code).toBe(0)
    const report = await lakefront('lake', 'check', lake)
    expect(JSON.parse(report.out)).toMatchObject({ isSound: true, tables: 0 })
    const read = await lakefront(
      'sql',
      '--lake',
      `${referenceRoot}basic`,
      'SELECT count(*) AS n FROM lake.t AT (VERSION => 2)',
      '-f',
      'csv',
    )
    expect(read.out).toBe('n\n1000\n')
  })

  test('says what is wrong with a command line and with a lake', async () => {
    expect(await lakefront('lake', 'tabels', 'x')).toMatchObject({
      code: 2,
      complaint: expect.stringContaining('Did you mean "tables"?'),
    })
    expect(await lakefront('lake', 'tables')).toMatchObject({ code: 2 })
    expect(await lakefront('lake', 'tables', join(folder, 'none'))).toMatchObject({
      code: 1,
      complaint: expect.stringContaining('NOT_FOUND: There is no lake at'),
    })
  })
})
