import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
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

  test('tidies one, and tells when it is not sound', async () => {
    const lake = join(folder, 'tidied')
    await cp(`${referenceRoot}compacted`, lake, { recursive: true })
    const told = async (...args: readonly string[]): Promise<Record<string, unknown>> => {
      const { code, out, complaint } = await lakefront('lake', ...args)
      expect([code, complaint]).toEqual([0, ''])
      return JSON.parse(out)
    }
    const plan = await told('expire', lake, '--older-than', '1 second', '--dry-run')
    expect(plan['dryRun']).toBe(true)
    expect((plan['snapshots'] as unknown[]).length).toBeGreaterThan(0)
    expect(await told('expire', lake, '--older-than', '1 second')).toEqual({ ...plan, dryRun: false })
    await told('compact', lake)
    await told('vacuum', lake, '--older-than', '0 seconds')
    await told('recover', lake)
    expect(await told('check', lake)).toMatchObject({ isSound: true })

    const file = (await readdir(lake, { recursive: true })).find((name) => name.endsWith('.parquet'))!
    await rm(join(lake, file))
    const { code, out, complaint } = await lakefront('lake', 'check', lake)
    expect([code, JSON.parse(out).isSound]).toEqual([1, false])
    expect(complaint).toContain('is not sound: 1 finding, listed above')
  })

  test('says what is wrong with a command line and with a lake', async () => {
    expect(await lakefront('lake', 'tabels', 'x')).toMatchObject({
      code: 2,
      complaint: expect.stringContaining('Did you mean "tables"?'),
    })
    expect(await lakefront('lake', 'expire', 'x')).toMatchObject({ code: 2 })
    expect(await lakefront('lake', 'check', 'x', '--older-than', '1 day')).toMatchObject({ code: 2 })
    expect(await lakefront('lake', 'vacuum', 'x', '--older-than', 'soon')).toMatchObject({
      code: 2,
      complaint: expect.stringContaining('"soon" is neither an age nor an instant'),
    })
    expect(await lakefront('lake', 'tables')).toMatchObject({ code: 2 })
    expect(await lakefront('lake', 'tables', join(folder, 'none'))).toMatchObject({
      code: 1,
      complaint: expect.stringContaining('NOT_FOUND: There is no lake at'),
    })
  })
})
