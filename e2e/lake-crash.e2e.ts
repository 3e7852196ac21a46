import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { crashOnDisk } from '../bench/lake/crash-disk.mjs'
import { crashOnOpfs } from '../bench/lake/crash-opfs.mjs'
import { once } from './tries.ts'

const dist = fileURLToPath(new URL('../dist', import.meta.url))

/** Kills here; all steps of all commits, 250 kills and more each, are `npm run bench -- lake-crash`. */
const kills = 8

test(
  'a process that is killed at a step of its commit leaves the lake before or after it, never between',
  once,
  async () => {
    const report = await crashOnDisk({ dist, kills })
    expect(report.wrong).toEqual([])
    expect(report.kills).toBe(kills)
    expect(Object.keys(report.points).length).toBeGreaterThan(kills / 2)
  },
)

test('a worker that is ended, or a tab that crashes, at a step of its commit does too', once, async () => {
  const report = await crashOnOpfs({ dist, kills })
  expect(report.wrong).toEqual([])
  expect(report.kills).toBe(kills)
  expect(Object.keys(report.points).some((label) => label.startsWith('tab'))).toBe(true)
})
