import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { root } from './shell.mjs'

const compress = promisify(gzip)

/**
 * What a page may download, in bytes after gzip, to run its first query. Raise a budget only with a reason in the
 * commit message.
 */
const budgets = [
  {
    name: 'main thread: everything exported, minified',
    budget: 100_000,
    read: bundled("export * from './dist/index.js'\nexport * from './dist/functions.js'"),
  },
  {
    name: 'main thread: one function alone',
    budget: 8_000,
    read: bundled("export { upper } from './dist/functions.js'"),
  },
  { name: 'worker/engine.js', budget: 655_000, read: readBuilt('worker/engine.js') },
  { name: 'worker/decode.js', budget: 80_000, read: readBuilt('worker/decode.js') },
  { name: 'wasm/duckdb-eh.wasm', budget: 6_600_000, read: readBuilt('wasm/duckdb-eh.wasm') },
  { name: 'wasm/parquet_wasm_bg.wasm', budget: 1_700_000, read: readBuilt('wasm/parquet_wasm_bg.wasm') },
]

/** @param {string} path @returns {() => Promise<Buffer>} */
function readBuilt(path) {
  return () => readFile(join(root, 'dist', path))
}

/**
 * What an application's bundler makes of a module, without what is loaded only on demand.
 * @param {string} code @returns {() => Promise<Buffer>}
 */
function bundled(code) {
  return () => bundle(code)
}

/** @param {string} code */
async function bundle(code) {
  const { build } = await import('rolldown')
  const entry = 'lakefront-everything'
  const { output } = await build({
    cwd: root,
    input: entry,
    platform: 'browser',
    write: false,
    logLevel: 'silent',
    output: { minify: true },
    plugins: [
      {
        name: entry,
        resolveId: (id) => (id === entry ? id : null),
        load: (id) => (id === entry ? code : null),
      },
    ],
  })
  const chunks = new Map(output.flatMap((file) => (file.type === 'chunk' ? [[file.fileName, file]] : [])))
  const reached = new Set([...chunks.values()].filter(({ isEntry }) => isEntry))
  for (const { imports } of reached) for (const name of imports) reached.add(chunks.get(name) ?? never(name))
  return Buffer.from([...reached].map(({ code }) => code).join('\n'))
}

/** @param {string} name @returns {never} */
function never(name) {
  throw new Error(`The bundle imports "${name}", which is not part of it.`)
}

/** @param {number} bytes */
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`.padStart(11)

/**
 * Compares the gzipped sizes of the built files with their budgets.
 * @returns {Promise<{ isWithin: boolean, table: string }>}
 */
export const checkSizes = async () => {
  const rows = []
  for (const { name, budget, read } of budgets) {
    rows.push({ name, budget, size: (await compress(await read(), { level: 9 })).length })
  }
  const total = rows.reduce((sum, { name, size }) => (name.endsWith('alone') ? sum : sum + size), 0)
  const lines = rows.map(
    ({ name, size, budget }) =>
      `${kilobytes(size)} of ${kilobytes(budget)}  ${name}${size > budget ? '  TOO LARGE' : ''}`,
  )
  lines.push(`${kilobytes(total)} in all: what a page downloads to run its first query, gzipped`)
  return { isWithin: rows.every(({ size, budget }) => size <= budget), table: lines.join('\n') }
}
