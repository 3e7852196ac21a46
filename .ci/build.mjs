import { createHash } from 'node:crypto'
import { copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { bundle } from './bundle.mjs'
import { declare } from './declare.mjs'
import { ensureDependencies } from './dependencies.mjs'
import { writeLicenses } from './licenses.mjs'
import { filesOf, must, root, say, tool } from './shell.mjs'

/** One hash over the names and contents of the input files, tests left out. @param {string[]} paths */
const hashOf = async (paths) => {
  const hash = createHash('sha256')
  for (const path of await filesOf(paths)) {
    if (/\.(test|test-d|e2e)\.ts$/.test(path)) continue
    hash
      .update(path)
      .update('\0')
      .update(await readFile(join(root, path)))
  }
  return hash.digest('hex')
}

const stamps = join(root, '.cache/build.json')

/** @returns {Promise<Record<string, string>>} */
const readStamps = () => readFile(stamps, 'utf8').then(JSON.parse, () => ({}))

/**
 * Does the work unless it was done for exactly these inputs and its output is still there.
 * @param {{ name: string, inputs: string[], output: string, work: () => Promise<void> }} step
 */
const unlessDone = async ({ name, inputs, output, work }) => {
  const hash = await hashOf(inputs)
  const isThere = await readFile(join(root, output)).then(
    () => true,
    () => false,
  )
  if (isThere && (await readStamps())[name] === hash) return false
  await work()
  await mkdir(dirname(stamps), { recursive: true })
  await writeFile(stamps, JSON.stringify({ ...(await readStamps()), [name]: hash }, null, 2))
  return true
}

/**
 * Puts the files of `next` in the place of those of `dist`. Until then the former build stays whole, and it stays for
 * good when the new one fails. The wasm files are there already: `wasm/build.mjs` replaces them by itself.
 * @param {string} next
 */
const replaceOutput = async (next) => {
  const isKept = new Set(['dist/wasm/duckdb-eh.wasm'])
  for (const path of await filesOf([next])) {
    const target = path.replace(next, 'dist')
    isKept.add(target)
    await mkdir(dirname(join(root, target)), { recursive: true })
    await rename(join(root, path), join(root, target))
  }
  for (const path of await filesOf(['dist'])) if (!isKept.has(path)) await rm(join(root, path))
}

const libraryInputs = [
  'src',
  'worker',
  'wasm',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  '.ci/bundle.mjs',
  '.ci/declare.mjs',
  '.ci/licenses.mjs',
]

/** Builds `dist/`: the library, its workers, their wasm files and the declarations. */
export const buildLibrary = () =>
  unlessDone({
    name: 'library',
    inputs: libraryInputs,
    output: 'dist/index.d.ts',
    work: async () => {
      say('building the library')
      await must([process.execPath, join(root, 'wasm/build.mjs')])
      const next = `.cache/dist-${process.pid}`
      try {
        const modules = await bundle(next)
        const copied = ['@duckdb/duckdb-wasm', 'parquet-wasm']
        await writeLicenses(modules, copied, join(root, next, 'third-party-licenses.txt'))
        await declare(next)
        await mkdir(join(root, next, 'wasm'))
        await copyFile(
          join(root, 'node_modules/parquet-wasm/esm/parquet_wasm_bg.wasm'),
          join(root, next, 'wasm/parquet_wasm_bg.wasm'),
        )
        await replaceOutput(next)
      } finally {
        await rm(join(root, next), { recursive: true, force: true })
      }
    },
  })

/** Builds `dist-demo/`: the playground, on top of the built library. */
export const buildDemo = () =>
  unlessDone({
    name: 'demo',
    inputs: [...libraryInputs, 'demo', 'public', 'vite.config.ts'],
    output: 'dist-demo/index.html',
    work: async () => {
      say('building the playground')
      await must(tool('vite', 'build', '--mode', 'demo', '--logLevel', 'error'))
    },
  })

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await ensureDependencies()
  const built = [await buildLibrary(), await buildDemo()]
  if (!built.includes(true)) say('dist/ and dist-demo/ are up to date')
}
