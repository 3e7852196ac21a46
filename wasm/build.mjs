// Makes dist/wasm/duckdb-eh.wasm from the official engine file. See README.md beside this file.
//
//   node wasm/build.mjs            make it, check it against manifest.json
//   node wasm/build.mjs --update   make it, write manifest.json
import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { namesToKeep } from './keep.mjs'
import { readExports } from './module.mjs'
import { passes, slim } from './slim.mjs'

const root = new URL('../', import.meta.url)
const packageFolder = new URL('node_modules/@duckdb/duckdb-wasm/', root)
const ownManifest = new URL('manifest.json', import.meta.url)
const bindings = ['dist/duckdb-browser-blocking.mjs', 'dist/duckdb-node-blocking.cjs']
const recipe = ['keep.mjs', 'module.mjs', 'slim.mjs']

/** @typedef {Record<string, Record<string, unknown>>} Manifest */

export const officialFile = new URL('dist/duckdb-eh.wasm', packageFolder)
export const slimFile = new URL('dist/wasm/duckdb-eh.wasm', root)

/**
 * Makes {@link slimFile}, or copies it from the cache when nothing it depends on has changed.
 * Throws when what comes out, or what goes in, is not what the manifest says.
 * @param {{ update?: boolean, manifestFile?: URL }} [options] `update` writes the manifest instead of checking against it
 * @returns {Promise<{ cached: boolean, bytes: number }>}
 */
export async function buildEngineFile({ update = false, manifestFile = ownManifest } = {}) {
  const official = await readFile(officialFile)
  const texts = await Promise.all(bindings.map((file) => readFile(new URL(file, packageFolder), 'utf8')))
  const input = {
    package: '@duckdb/duckdb-wasm',
    version: await versionOf('@duckdb/duckdb-wasm'),
    sha256: sha256(official),
    bytes: official.length,
  }
  const tool = { binaryen: await versionOf('binaryen'), passes }
  /** @type {Manifest | undefined} */
  const manifest = update ? undefined : JSON.parse(await readFile(manifestFile, 'utf8'))
  if (manifest !== undefined) expectSame('input', manifest, input)

  const sources = await Promise.all(recipe.map((file) => readFile(new URL(file, import.meta.url))))
  const key = sha256(JSON.stringify([input, tool, texts.map(sha256), sources.map(sha256)]))
  const cacheFile = new URL(`.cache/wasm/${key}.wasm`, root)
  const cachedBytes = update ? undefined : await readFile(cacheFile).catch(() => undefined)
  const cached = cachedBytes !== undefined && sha256(cachedBytes) === manifest?.['output']?.['sha256']

  const bytes = cached ? cachedBytes : await make(official, texts, { input, tool, manifest })
  if (!cached) await writeWhole(cacheFile, bytes)
  await writeWhole(slimFile, bytes)
  return { cached, bytes: bytes.length }
}

/**
 * Without a manifest: writes it. With one: checks against it.
 * @param {Uint8Array} official
 * @param {readonly string[]} texts
 * @param {{ input: object, tool: object, manifest: Manifest | undefined }} context
 */
async function make(official, texts, { input, tool, manifest }) {
  const names = namesToKeep(official, texts)
  const keep = { exports: names.length, sha256: sha256(names.join('\n')) }
  if (manifest !== undefined) {
    expectSame('tool', manifest, tool)
    expectSame('keep', manifest, keep)
  }
  const bytes = await slim(official, names)
  const output = { sha256: sha256(bytes), bytes: bytes.length }
  if (manifest === undefined) {
    const text = JSON.stringify(
      {
        input: { ...input, exports: readExports(official).length, ...(await compressedSizes(official)) },
        tool,
        keep,
        output: { ...output, ...(await compressedSizes(bytes)) },
      },
      null,
      2,
    )
    await writeFile(ownManifest, `${text}\n`)
  } else {
    expectSame('output', manifest, output)
  }
  return bytes
}

/**
 * Facts for readers: other versions of zlib give other sizes, so nothing is checked against them.
 * @param {Uint8Array} bytes
 */
async function compressedSizes(bytes) {
  const [gzipped, brotlied] = await Promise.all([
    promisify(gzip)(bytes, { level: 9 }),
    promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
  ])
  return { gzipBytes: gzipped.length, brotliBytes: brotlied.length }
}

/** @param {string} part @param {Manifest} manifest @param {object} found */
function expectSame(part, manifest, found) {
  for (const [name, value] of Object.entries(found)) {
    const wanted = manifest[part]?.[name]
    if (JSON.stringify(wanted) === JSON.stringify(value)) continue
    throw new Error(
      `wasm/manifest.json says ${part}.${name} is ${JSON.stringify(wanted)}, but here it is ${JSON.stringify(value)}.\n` +
        'If the installed packages are not those of package-lock.json, run npm ci. ' +
        'If the pin or the recipe changed on purpose, run: node wasm/build.mjs --update',
    )
  }
}

/** @param {string} name @returns {Promise<string>} */
async function versionOf(name) {
  return JSON.parse(await readFile(new URL(`node_modules/${name}/package.json`, root), 'utf8')).version
}

/** @param {string | Uint8Array} content */
function sha256(content) {
  return createHash('sha256').update(content).digest('hex')
}

/**
 * Leaves no half file under its final name when a build is killed, or runs twice at once.
 * @param {URL} file
 * @param {Uint8Array} bytes
 */
async function writeWhole(file, bytes) {
  await mkdir(new URL('.', file), { recursive: true })
  const part = new URL(`${file.href}.${process.pid}`)
  await writeFile(part, bytes)
  await rename(part, file)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const started = performance.now()
  try {
    const { cached, bytes } = await buildEngineFile({ update: process.argv.includes('--update') })
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    const how = cached ? 'copied from the cache' : 'made'
    console.log(`dist/wasm/duckdb-eh.wasm: ${(bytes / 1e6).toFixed(1)} MB, ${how} in ${seconds} s`)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
