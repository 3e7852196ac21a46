import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { root } from './shell.mjs'

const compress = promisify(gzip)

/** What a page may download, in bytes after gzip. Raise a budget only with a reason in the commit message. */
const budgets = [
  { name: 'main thread (index.js, functions.js and what they share)', budget: 100_000, files: mainThreadFiles },
  { name: 'worker/engine.js', budget: 700_000, files: () => ['dist/worker/engine.js'] },
  { name: 'wasm/duckdb-eh.wasm', budget: 6_600_000, files: () => ['dist/wasm/duckdb-eh.wasm'] },
  { name: 'wasm/parquet_wasm_bg.wasm', budget: 1_700_000, files: () => ['dist/wasm/parquet_wasm_bg.wasm'] },
]

/** The entries of a page and the chunks they import; the command's own file is none of them. */
async function mainThreadFiles() {
  const reached = new Set(['dist/index.js', 'dist/functions.js'])
  for (const file of reached) {
    const code = await readFile(join(root, file), 'utf8')
    for (const [, path = ''] of code.matchAll(/(?:from|import)\s*\(?\s*['"]\.\/([\w.-]+\.js)['"]/g))
      reached.add(`dist/${path}`)
  }
  return [...reached]
}

/** @param {string} file */
const compressedSize = async (file) => (await compress(await readFile(join(root, file)), { level: 9 })).length

/** @param {number} bytes */
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`.padStart(11)

/**
 * Compares the gzipped sizes of the built files with their budgets.
 * @returns {Promise<{ isWithin: boolean, table: string }>}
 */
export const checkSizes = async () => {
  const rows = []
  for (const { name, budget, files } of budgets) {
    const sizes = await Promise.all((await files()).map(compressedSize))
    rows.push({ name, budget, size: sizes.reduce((sum, size) => sum + size, 0) })
  }
  const total = rows.reduce((sum, { size }) => sum + size, 0)
  const lines = rows.map(
    ({ name, size, budget }) =>
      `${kilobytes(size)} of ${kilobytes(budget)}  ${name}${size > budget ? '  TOO LARGE' : ''}`,
  )
  lines.push(`${kilobytes(total)} in all: what a page downloads to run its first query, gzipped`)
  return { isWithin: rows.every(({ size, budget }) => size <= budget), table: lines.join('\n') }
}
