import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fileStorage } from './file-storage.ts'
import { type DiskFault, DiskFaults } from './fixtures/disk-faults.ts'
import type { Storage, WriteOptions } from './storage.ts'

const root = mkdtempSync(join(tmpdir(), 'lakefront-disk-faults-'))
const [old, fresh] = [new Uint8Array([1]), new Uint8Array([2, 2])]
let folders = 0
let faults: DiskFaults

beforeEach(() => {
  faults = new DiskFaults()
})
afterEach(() => faults[Symbol.dispose]())
afterAll(() => rmSync(root, { recursive: true }))

interface Write {
  readonly name: string
  /** Makes what is there before, and says how it is to be written. */
  readonly prepare: (storage: Storage) => Promise<WriteOptions>
}

const create: Write = {
  name: 'where nothing is',
  prepare: async (storage) => {
    await storage.write('other', old)
    return { ifNoneMatch: '*' }
  },
}
const swap: Write = {
  name: 'over a version',
  prepare: async (storage) => ({ ifMatch: (await storage.write('object', old)).etag! }),
}
const replace: Write = {
  name: 'over anything',
  prepare: async (storage) => {
    await storage.write('object', old)
    return {}
  },
}

/** What a write came to when one of its steps failed, and what is there then. */
async function outcome(
  { prepare }: Write,
  fault?: DiskFault,
): Promise<{
  readonly code: string
  readonly there: number
  readonly files: readonly string[]
  readonly again: () => Promise<string>
}> {
  const folder = join(root, String(folders++))
  const storage = fileStorage(folder)
  const options = await prepare(storage)
  const look = async (): Promise<number> => (await storage.stat('object').catch(() => ({ size: 0 }))).size
  const before = await look()
  faults.arm(fault)
  const code = await storage.write('object', fresh, options).then(
    () => 'written',
    (error: { code: string }) => error.code,
  )
  faults.disarm()
  const there = await look()
  const files = readdirSync(folder).filter((name) => !['object', 'other'].includes(name))
  const again = (): Promise<string> =>
    storage.write('object', fresh).then(
      () => 'written',
      (error: { code: string }) => error.code,
    )
  return { code, there: there === before ? 0 : there, files, again }
}

describe.each([create, swap, replace])('a write $name', (write) => {
  test('that fails at a step says so, and never that nothing happened when it did', async () => {
    await outcome(write)
    const { steps } = faults
    expect(steps.length).toBeGreaterThan(5)
    const seen: string[] = []
    for (const [at, step] of steps.entries()) {
      for (const when of ['before', 'after'] as const) {
        const { code, there, again } = await outcome(write, { at, code: 'EIO', when })
        seen.push(`${code}, ${there === 0 ? 'as before' : 'new'}: ${when} ${step}`)
        expect(await again(), step).toBe('written')
      }
    }
    const wrong = write === replace ? /^written, as before/ : /^NETWORK, new|^written, as before/
    expect(seen.filter((line) => wrong.test(line))).toEqual([])
    expect(seen.some((line) => line.startsWith('NETWORK, as before'))).toBe(true)
    if (write !== replace) expect(seen.some((line) => line.startsWith('WRITE_STATE_UNKNOWN, new'))).toBe(true)
  })

  test('on a full disk leaves what was there, and no file', async () => {
    await outcome(write)
    const { steps } = faults
    for (const [at, step] of steps.entries()) {
      if (!/^(open|writeFile|sync|writeFileSync|linkSync) (draft|lock)/.test(step)) continue
      const { again, ...found } = await outcome(write, { at, code: 'ENOSPC', when: 'before' })
      // A lock that cannot be made in one way is made in another.
      const expected = step.endsWith('Sync lock') ? { code: 'written', there: 2 } : { code: 'QUOTA_EXCEEDED', there: 0 }
      expect({ step, ...found }).toEqual({ step, ...expected, files: [] })
      expect(await again(), step).toBe('written')
    }
  })
})

test.each(['sync folder', 'rmSync lock'])('a swap is not denied when others see it already: %s', async (step) => {
  const found = await outcome(swap, { at: new RegExp(`^${step}`), code: 'EIO', when: 'before' })
  expect(found).toMatchObject({ code: 'WRITE_STATE_UNKNOWN', there: 2 })
})

test('a link that a server of files was asked for twice is ours', async () => {
  expect(await outcome(create, { at: /^linkSync/, code: 'EEXIST', when: 'after' })).toMatchObject({
    code: 'written',
    there: 2,
    files: [],
  })
  expect(await outcome(swap, { at: /^renameSync/, code: 'ENOENT', when: 'after' })).toMatchObject({
    code: 'WRITE_STATE_UNKNOWN',
    there: 2,
  })
})
