import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { raceOfProcesses, raceOfTabs } from '../bench/lake/races.mjs'
import { account } from '../src/storage/fixtures/s3-account.ts'
import { S3Store } from '../src/storage/fixtures/s3-store.ts'
import { once } from './tries.ts'

const dist = fileURLToPath(new URL('../dist', import.meta.url))

/** Fewer than in `npm run bench -- lake-races`, where eight writers make a hundred commits each. */
const size = { dist, writers: 3, commits: 10 }

test('processes on one disk lose nothing of what they commit at once, and find it in one order', once, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lake-race-'))
  const report = await raceOfProcesses({ ...size, url: join(folder, 'lake') })
  await rm(folder, { recursive: true })
  expect(report.wrong).toEqual([])
  expect(report.commits).toBe(30)
})

test('processes on one store do neither', once, async () => {
  const store = await S3Store.start()
  try {
    const storage = { s3: { endpoint: store.endpoint, credentials: account }, retry: { baseMilliseconds: 20 } }
    const report = await raceOfProcesses({ ...size, url: 's3://lakefront-test/race', storage })
    expect(report.wrong).toEqual([])
    expect(report.commits).toBe(30)
  } finally {
    await store.close()
  }
})

test('tabs of one browser do neither', once, async () => {
  const report = await raceOfTabs(size)
  expect(report.wrong).toEqual([])
  expect(report.commits).toBe(30)
})
