import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { ensureBrowser } from '../.ci/browser.mjs'
import { serve } from '../.ci/serve.mjs'
import { root } from '../.ci/shell.mjs'
import { addFiles, buildSite, flags } from './chromium-host.mjs'

/**
 * Our system in a Chromium of its own without developer tools, for measures of its memory.
 * @param {Record<string, { path: string }>} files @param {string} memoryLimit
 */
export const bareChromium = async (files, memoryLimit) => {
  const executable = await ensureBrowser()
  const site = join(root, '.cache/bench/site')
  await buildSite(site)
  await addFiles(site, files)
  /** @type {((command: unknown) => void)[]} */
  const askers = []
  /** @type {unknown[]} */
  const commands = []
  /** @type {{ resolve: (value: any) => void, reject: (error: Error) => void }[]} */
  const waiting = []
  const hand = () => {
    while (askers.length > 0 && commands.length > 0) askers.shift()?.(commands.shift())
  }
  const server = await serve({
    root: site,
    routes: {
      '/command': (_, response) => {
        askers.push((command) => response.writeHead(200).end(JSON.stringify(command)))
        hand()
      },
      '/answer': async (request, response) => {
        const { value, failure } = JSON.parse(await text(request))
        response.writeHead(204).end()
        if (failure === undefined) waiting.shift()?.resolve(value)
        else waiting.shift()?.reject(new Error(failure))
      },
    },
  })
  const profile = await mkdtemp(join(tmpdir(), 'bench-chromium-'))
  const browser = spawn(
    executable,
    [...flags, '--headless=new', `--user-data-dir=${profile}`, `${server.url}commanded.html`],
    {
      stdio: 'ignore',
    },
  )
  /** @param {string} method @param {unknown[]} values @returns {Promise<any>} */
  const call = (method, ...values) =>
    new Promise((resolve, reject) => {
      commands.push({ method, values })
      waiting.push({ resolve, reject })
      hand()
    })
  await call('boot', null, memoryLimit)
  return {
    /** @param {string} name */
    address: (name) => new URL(`data/${name}.parquet`, server.url).href,
    /** @param {string} sql @returns {Promise<import('./system.js').Answer>} */
    query: (sql) => call('query', sql, []),
    renderers: () => renderersOf(/** @type {number} */ (browser.pid)),
    async close() {
      browser.kill()
      await once(browser, 'exit')
      await server.close()
      await rm(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** The processes of pages below a browser's. @param {number} browser */
const renderersOf = async (browser) => {
  /** @type {Map<number, { parent: number, isRenderer: boolean }>} */
  const processes = new Map()
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const [status, command] = await Promise.all(
      ['stat', 'cmdline'].map((file) => readFile(`/proc/${name}/${file}`, 'utf8').catch(() => '')),
    )
    const parent = Number(/^.*\) \S (\d+)/s.exec(status ?? '')?.[1])
    processes.set(Number(name), { parent, isRenderer: (command ?? '').includes('--type=renderer') })
  }
  const isBelow = (/** @type {number | undefined} */ pid) => {
    for (let at = pid; at !== undefined; at = processes.get(at)?.parent) if (at === browser) return true
    return false
  }
  return [...processes].filter(([pid, { isRenderer }]) => isRenderer && isBelow(pid)).map(([pid]) => pid)
}
