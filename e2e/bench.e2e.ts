import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

test('the bench runs all three systems, finds their answers equal, and prints its figures on the last line', async () => {
  const args = ['bench/run.mjs', 'scan', '--json', '--rows', '20000', '--rounds', '1', '--only', 'q1.,q6.zstd,lookup']
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root })
  const { figures, rounds, machine } = JSON.parse(stdout.trimEnd().split('\n').at(-1)!)
  const names = ['q1', 'q6.zstd', 'lookup'].flatMap((query) =>
    ['cold/stock', 'cold/native1', 'warm/stock', 'warm/native1'].map((kind) => `${query}.${kind}`),
  )
  expect(Object.keys(figures).sort()).toEqual(names.sort())
  for (const name of names) expect(figures[name], name).toBeGreaterThan(0)
  expect(rounds).toBe(1)
  expect(machine.cores).toBeGreaterThan(0)
})

test('a query that does not exist is said, with those that do', async () => {
  const run = promisify(execFile)(process.execPath, ['bench/run.mjs', 'scan', '--only', 'q7'], { cwd: root })
  await expect(run).rejects.toThrow(/No query is named "q7"\. Queries: q1, /)
})
