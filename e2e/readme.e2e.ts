import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

const run = promisify(execFile)
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lakefront-readme-'))
  await mkdir(join(folder, 'node_modules'))
  await symlink(resolve('.'), join(folder, 'node_modules', 'lakefront'), 'dir')
  await copyFile('node_modules/vega-datasets/data/flights-3m.parquet', join(folder, 'flights-3m.parquet'))
})
afterAll(() => rm(folder, { recursive: true }))

test('the programs of the README print what the README says', async () => {
  const readme = await readFile('README.md', 'utf8')
  const programs = [...readme.matchAll(/```js\n([\s\S]*?)```\n\n```text\n([\s\S]*?)```/g)]
  expect(programs).toHaveLength(2)
  for (const [, program, output] of programs) {
    await writeFile(join(folder, 'program.mjs'), program!)
    const { stdout } = await run(process.execPath, ['program.mjs'], { cwd: folder })
    expect(stdout).toBe(output)
  }
})

/** What commands of the README print among other things. */
const said: readonly (readonly [command: string, text: string])[] = [
  ['sql', '| ORD    | 166341 |'],
  ['inspect flights-3m.parquet', '3,000,000 in 11 row groups'],
  ['inspect flights.avro', 'rows        3,000,000 in'],
]

test('the commands of the README work', async () => {
  const readme = await readFile('README.md', 'utf8')
  const commands = [...readme.matchAll(/^npx lakefront (.*)$/gm)].map((match) => match[1]!)
  for (const [start] of said) expect(commands.some((command) => command.startsWith(start))).toBe(true)
  for (const command of commands) {
    const words = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2]!)
    const { stdout } = await run(process.execPath, [resolve('dist/cli.js'), ...words], { cwd: folder })
    expect(stdout).toContain(said.find(([start]) => command.startsWith(start))?.[1] ?? '')
  }
})
