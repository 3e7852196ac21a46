import { join } from 'node:path'
import { root } from './shell.mjs'

/** What stays an import in the published files: the host's modules, the package's own dependency, and the optional ones. */
const external = [/^node:/, /^stream\/web$/, /^apache-arrow$/, /^@electric-sql\/pglite$/, /^@sqlite\.org\/sqlite-wasm$/]

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

/** zstddec fetches its own wasm from a data URL, which a strict content security policy forbids; its bytes are at hand. */
const withoutDataFetch = {
  name: 'lakefront:no-data-fetch',
  /** @param {string} code @param {string} id */
  transform(code, id) {
    if (!id.endsWith('zstddec.mjs')) return null
    const fetched = 'fetch(`data:application/wasm;base64,${wasm}`).then((response) => response.arrayBuffer())'
    if (!code.includes(fetched)) throw new Error('zstddec no longer loads its wasm as expected: look at it again.')
    return code.replace(fetched, 'Promise.resolve(Uint8Array.from(atob(wasm), (letter) => letter.charCodeAt(0)))')
  },
}

/** The bindings for browsers are in the package, but the package's `exports` do not name them. */
const alias = {
  '@duckdb/duckdb-wasm/dist/duckdb-browser-blocking.mjs': join(
    root,
    'node_modules/@duckdb/duckdb-wasm/dist/duckdb-browser-blocking.mjs',
  ),
}

/**
 * Bundles the entry points into a folder. Main-thread files stay readable, workers are minified and need no other file
 * but wasm.
 * @param {string} dir @returns {Promise<Set<string>>} the files that went into them
 */
export const bundle = async (dir) => {
  const { build } = await import('rolldown')
  /** @type {Pick<import('rolldown').BuildOptions, 'cwd' | 'plugins' | 'logLevel'>} */
  const common = { cwd: root, plugins: [withoutDefaultWasmPath, withoutEval, withoutDataFetch], logLevel: 'warn' }
  const worker = /** @type {const} */ ({ dir: `${dir}/worker`, codeSplitting: false, minify: true })
  const outputs = [
    await build({
      ...common,
      input: {
        index: 'src/index.ts',
        functions: 'src/functions.ts',
        testing: 'src/testing.ts',
        cloudflare: 'src/edge/cloudflare.ts',
        signer: 'src/edge/signer.ts',
        cli: 'src/cli/main.ts',
      },
      platform: 'neutral',
      resolve: { mainFields: ['module', 'main'] },
      external,
      // Shared chunks lie beside the entries: the paths of workers in them are relative to `dist`.
      output: { dir, chunkFileNames: 'chunk-[hash].js' },
    }),
  ]
  for (const name of ['engine', 'decode']) {
    const input = { [name]: `worker/${name}.ts` }
    outputs.push(await build({ ...common, input, platform: 'browser', resolve: { alias }, output: worker }))
  }
  for (const name of ['engine-node', 'decode-node']) {
    const input = { [name]: `worker/${name}.ts` }
    // The bindings for Node are a CommonJS file.
    const transform = { define: { __dirname: 'import.meta.dirname', __filename: 'import.meta.filename' } }
    outputs.push(await build({ ...common, input, platform: 'node', transform, output: worker }))
  }
  const chunks = outputs.flatMap(({ output }) => output.filter((file) => file.type === 'chunk'))
  return new Set(chunks.flatMap(({ moduleIds }) => moduleIds))
}
