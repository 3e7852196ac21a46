import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { serve } from '../.ci/serve.mjs'
import { root } from '../.ci/shell.mjs'

const compress = promisify(gzip)

/**
 * What the playground downloads until its first example has run, in bytes after gzip, file by file and in all. Data is not counted.
 * @param {import('playwright').Browser} browser
 * @returns {Promise<Record<string, number>>}
 */
export const measureDownloads = async (browser) => {
  const folder = join(root, 'dist-demo')
  const server = await serve({ root: folder })
  const context = await browser.newContext()
  try {
    /** @type {Set<string>} */
    const paths = new Set()
    context.on('response', (response) => {
      const { pathname } = new URL(response.url())
      if (response.ok() && response.url().startsWith(server.url) && !pathname.endsWith('.parquet')) paths.add(pathname)
    })
    const page = await context.newPage()
    await page.goto(server.url)
    const done = page.locator('html[data-state="done"]')
    await done
      .waitFor({ state: 'attached', timeout: 5000 })
      .catch(() => page.getByRole('button', { name: /^run/i }).first().click())
    await done.waitFor({ state: 'attached', timeout: 120_000 })
    /** @type {Record<string, number>} */
    const figures = {}
    for (const path of [...paths].sort()) {
      const bytes = (await compress(await readFile(join(folder, path === '/' ? 'index.html' : path)), { level: 9 }))
        .length
      // Bundlers put a hash of the content into names, which would make names unstable.
      const name = (path === '/' ? 'index.html' : path.slice(1))
        .replace(/^assets\//, '')
        .replace(/(?:-(?=[\w-]*[A-Z0-9_])[\w-]{8})+(?=\.\w+$)/, '')
      figures[`download.${name}.bytes`] = (figures[`download.${name}.bytes`] ?? 0) + bytes
    }
    return { 'download.total.bytes': Object.values(figures).reduce((sum, bytes) => sum + bytes, 0), ...figures }
  } finally {
    await context.close()
    await server.close()
  }
}
