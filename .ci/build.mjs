import { createHash } from 'node:crypto'
import { copyFile, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ensureDependencies } from './dependencies.mjs'
import { root, run, say, tool } from './shell.mjs'

/** Every file at or below the given paths, sorted. @param {string[]} paths @returns {Promise<string[]>} */
const filesOf = async (paths) => {
  const found = await Promise.all(
    paths.map(async (path) => {
      const entries = await readdir(join(root, path), { withFileTypes: true, recursive: true }).catch(() => undefined)
      if (!entries) return [path]
      return entries
        .filter((entry) => entry.isFile())
        .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)))
    }),
  )
  return found.flat().sort()
}

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

/** @param {string[]} command */
const must = async (command) => {
  const { code } = await run(command)
  if (code !== 0) throw new Error(`"${command.join(' ')}" failed with exit code ${code}, see its output above.`)
}

/** What stays an import in the published files: the host's modules and the package's own dependency. */
const external = [/^node:/, /^apache-arrow$/]

/**
 * wasm-bindgen's glue names its file beside itself as a default. Ours is always passed in, and a bundler of the
 * application would look for the default too and not find it.
 */
const withoutDefaultWasmPath = {
  name: 'lakefront:no-default-wasm-path',
  /** @param {string} code @param {string} id */
  transform(code, id) {
    if (!id.endsWith('parquet_wasm.js')) return null
    const named = /new URL\('parquet_wasm_bg\.wasm', import\.meta\.url\)/g
    if (!named.test(code)) throw new Error('parquet-wasm no longer names its wasm file as expected: look at it again.')
    return code.replace(named, 'undefined')
  },
}

/**
 * Emscripten's glue evaluates text of libraries linked at run time, which a strict content security policy forbids, and
 * bundlers of applications warn of every `eval` they see. It also keeps names in its scope from being shortened.
 */
const withoutEval = {
  name: 'lakefront:no-eval',
  /** @param {string} code @param {string} id */
  transform(code, id) {
    if (!/duckdb-(browser|node)-blocking\.[cm]js$/.test(id)) return null
    const refusal = `function refuseToEvaluate(){throw new Error("This engine evaluates no text as code.")}`
    return `${code.replaceAll(/\beval\(/g, 'refuseToEvaluate(')}\n${refusal}\n`
  },
}

/** The bindings for browsers are in the package, but the package's `exports` do not name them. */
const alias = {
  '@duckdb/duckdb-wasm/dist/duckdb-browser-blocking.mjs': join(
    root,
    'node_modules/@duckdb/duckdb-wasm/dist/duckdb-browser-blocking.mjs',
  ),
}

/** Bundles the entry points. Main-thread files stay readable, workers are minified and need no other file but wasm. */
const bundle = async () => {
  const { build } = await import('rolldown')
  /** @type {Pick<import('rolldown').BuildOptions, 'cwd' | 'plugins' | 'logLevel'>} */
  const common = { cwd: root, plugins: [withoutDefaultWasmPath, withoutEval], logLevel: 'warn' }
  await build({
    ...common,
    input: { index: 'src/index.ts', functions: 'src/functions.ts', cli: 'src/cli/main.ts' },
    platform: 'neutral',
    resolve: { mainFields: ['module', 'main'] },
    external,
    // Shared chunks lie beside the entries: the paths of workers in them are relative to `dist`.
    output: { dir: 'dist', chunkFileNames: 'chunk-[hash].js', sourcemap: false },
  })
  await build({
    ...common,
    input: { engine: 'worker/engine.ts' },
    platform: 'browser',
    resolve: { alias },
    output: { dir: 'dist/worker', codeSplitting: false, minify: true },
  })
  await build({
    ...common,
    input: { 'engine-node': 'worker/engine-node.ts' },
    platform: 'node',
    // The bindings for Node are a CommonJS file.
    transform: { define: { __dirname: 'import.meta.dirname', __filename: 'import.meta.filename' } },
    output: { dir: 'dist/worker', codeSplitting: false, minify: true },
  })
}

/** Writes the declarations and keeps those that the entry points reach. */
const declare = async () => {
  await must(tool('tsc', '-p', 'tsconfig.build.json'))
  const reached = new Set()
  const pending = ['index.d.ts', 'functions.d.ts'].map((name) => join(root, 'dist', name))
  for (let file = pending.pop(); file; file = pending.pop()) {
    if (reached.has(file)) continue
    reached.add(file)
    const text = await readFile(file, 'utf8')
    for (const [, path = ''] of text.matchAll(/(?:from|import)\s*\(?['"](\.[^'"]+)['"]/g)) {
      pending.push(resolve(dirname(file), path.replace(/(\.d)?\.[jt]s$/, '.d.ts')))
    }
  }
  for (const path of await filesOf(['dist'])) {
    if (path.endsWith('.d.ts') && !reached.has(join(root, path))) await rm(join(root, path))
  }
}

const removeOldOutput = async () => {
  for (const name of await readdir(join(root, 'dist'))) {
    if (name !== 'wasm') await rm(join(root, 'dist', name), { recursive: true })
  }
}

const removeEmptyFolders = async (folder = join(root, 'dist')) => {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeEmptyFolders(join(folder, entry.name))
  }
  if ((await readdir(folder)).length === 0) await rm(folder, { recursive: true })
}

const libraryInputs = [
  'src',
  'worker',
  'wasm',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  '.ci/build.mjs',
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
      await removeOldOutput()
      await copyFile(
        join(root, 'node_modules/parquet-wasm/esm/parquet_wasm_bg.wasm'),
        join(root, 'dist/wasm/parquet_wasm_bg.wasm'),
      )
      await bundle()
      await declare()
      await removeEmptyFolders()
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
