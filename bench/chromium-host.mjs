import { cp, mkdir, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { chromium } from 'playwright'
import { build } from 'vite'
import { browserFlags, ensureBrowser } from '../.ci/browser.mjs'
import { serve } from '../.ci/serve.mjs'
import { root } from '../.ci/shell.mjs'
import { failureOf, SystemError } from './failure.mjs'

const pages = ['ours', 'stock', 'official', 'commanded']

/** Pages in the background would be slowed down. */
export const flags = [
  ...browserFlags,
  '--disable-renderer-backgrounding',
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
]

/** Builds the pages as an application's bundler would, from the built library. @param {string} site */
export const buildSite = async (site) => {
  await rm(site, { recursive: true, force: true })
  await build({
    configFile: false,
    logLevel: 'error',
    root: join(root, 'bench/page'),
    resolve: { alias: { lakefront: join(root, 'dist/index.js') } },
    worker: { format: 'es' },
    build: {
      outDir: site,
      target: 'es2023',
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      rolldownOptions: {
        input: Object.fromEntries(pages.map((name) => [name, join(root, `bench/page/${name}.html`)])),
      },
    },
  })
}

/** The official builds are used as files, as their documentation says. @param {string} site @param {Record<string, { path: string }>} files */
export const addFiles = async (site, files) => {
  const builds = { stock: 'duckdb-wasm-stock', official: '@duckdb/duckdb-wasm' }
  for (const [folder, name] of Object.entries(builds)) {
    await mkdir(join(site, folder))
    for (const file of ['duckdb-browser-eh.worker.js', 'duckdb-eh.wasm']) {
      await cp(join(root, 'node_modules', name, 'dist', file), join(site, folder, file))
    }
  }
  await mkdir(join(site, 'data'))
  for (const [name, { path }] of Object.entries(files)) await symlink(path, join(site, 'data', `${name}.parquet`))
}

/**
 * Systems in Chromium, each in a context of its own, fed by a server on this machine.
 * @param {Record<string, { path: string }>} files
 * @param {{ site?: string, serveSite?: (options: { root: string }) => Promise<{ url: string, close: () => Promise<void> }> }} [options]
 *   the folder to build the pages in, and what serves it
 */
export const chromiumHost = async (files, { site = join(root, '.cache/bench/site'), serveSite = serve } = {}) => {
  const executablePath = await ensureBrowser()
  await buildSite(site)
  await addFiles(site, files)
  const server = await serveSite({ root: site })
  const browser = await chromium.launch({ executablePath, args: flags })
  return {
    systems: ['ours', 'stock'],
    browser,
    /** @param {string} name */
    address: (name) => new URL(`data/${name}.parquet`, server.url).href,
    /** Opens a page; nothing is known from pages before. @param {string} name @param {string} [engine] @returns {Promise<import('./process-host.mjs').Opened>} */
    async open(name, engine) {
      const context = await browser.newContext()
      const page = await context.newPage()
      // A machine that also does something else may need long to load a page.
      page.setDefaultTimeout(120_000)
      await page.goto(`${server.url}${name}.html`)
      await page.waitForFunction(() => globalThis.bench !== undefined)
      return {
        boot: await page.evaluate((file) => globalThis.bench.boot(file), engine),
        keep: (file, how) => page.evaluate((values) => globalThis.bench.keep(values.file, values.how), { file, how }),
        query: async (sql, files) => {
          const { answer, error } = await page.evaluate(
            ({ sql, files }) =>
              globalThis.bench.query(sql, files).then(
                (answer) => ({ answer, error: undefined }),
                (error) => ({
                  answer: undefined,
                  error: { code: error?.code, message: String(error?.message ?? error) },
                }),
              ),
            { sql, files },
          )
          if (answer) return answer
          throw new SystemError(name, failureOf(Object.assign(new Error(error?.message), { code: error?.code })))
        },
        close: () => context.close(),
      }
    },
    async close() {
      await browser.close()
      await server.close()
    },
  }
}
