import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../', import.meta.url))
const flights = join(root, 'node_modules/vega-datasets/data/flights-3m.parquet')
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lakefront-typegen-'))
  await mkdir(join(folder, 'node_modules'))
  await symlink(root, join(folder, 'node_modules/lakefront'), 'dir')
})
afterAll(() => rm(folder, { recursive: true }))

const program = `import { col, connect } from 'lakefront'
import type { Tables } from 'lakefront'

const db = await connect()
const [row] = await db.table('s.prices').select('price', 'tags', 'kind', 'odd "name"').collect()
export const price: string | null = row!.price
export const tags: Map<string, (number | null)[] | null> | null = row!.tags
export const kind: 'a' | 'b' | null = row!.kind
db.table('flights').filter(col('delay').gt(60)).groupBy('origin').avg('delay')
db.read.parquet<Tables['flights']>('flights.parquet').select('origin')
db.table('a table nobody wrote down').select('anything')
// @ts-expect-error no such column
db.table('s.prices').select('prize')
// @ts-expect-error no such column
db.read.parquet<Tables['flights']>('flights.parquet').filter(col('late').gt(60))
`

test('what it writes gives tables and files their rows', async () => {
  const sql = `CREATE SCHEMA s; CREATE TABLE s.prices (price DECIMAL(9, 2), tags MAP(VARCHAR, INTEGER[]), kind ENUM('a', 'b'), "odd ""name""" BLOB)`
  const output = join(folder, 'lakefront.d.ts')
  await run(process.execPath, [join(root, 'dist/cli.js'), 'typegen', `flights=${flights}`, '--sql', sql, '-o', output])
  expect(await readFile(output, 'utf8')).toContain('"odd \\"name\\"": Uint8Array | null')
  await writeFile(join(folder, 'program.ts'), program)
  const options = {
    module: 'ESNext',
    moduleResolution: 'Bundler',
    target: 'ES2023',
    strict: true,
    noEmit: true,
    types: [],
  }
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: { ...options, lib: ['ES2023', 'ESNext.Disposable', 'DOM'], skipLibCheck: true },
      files: ['program.ts', 'lakefront.d.ts'],
    }),
  )
  const { stdout } = await run(process.execPath, [
    join(root, 'node_modules/typescript/lib/tsc.js'),
    '-p',
    folder,
  ]).catch((error: { stdout: string }) => error)
  expect(stdout).toBe('')
})

test('needs something to write down', async () => {
  const failed = await run(process.execPath, [join(root, 'dist/cli.js'), 'typegen']).catch((error: unknown) => error)
  expect(failed).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('lakefront typegen flights=data/flights.parquet'),
  })
})
