import { parseArgs } from 'node:util'
import { join } from 'node:path'
import { buildDemo, buildLibrary } from './build.mjs'
import { ensureDependencies } from './dependencies.mjs'
import { serve } from './serve.mjs'
import { root, say } from './shell.mjs'

const usage = `npm start                builds the playground and serves it
npm start -- --port N    at this port (default: 4173, or the next free one)
npm start -- --check     opens it in a headless browser, runs the first example, prints the result and ends`

/** @returns {{ port?: string, check?: boolean, help?: boolean }} */
const readArguments = () => {
  try {
    return parseArgs({ options: { port: { type: 'string' }, check: { type: 'boolean' }, help: { type: 'boolean' } } })
      .values
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${usage}`)
    process.exit(2)
  }
}

const { port, check, help } = readArguments()
if (help) {
  console.log(usage)
  process.exit(0)
}
if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) < 65_536)) {
  console.error(`--port is "${port}", which is no port number. Use 0 to 65535; 0 takes a free one.`)
  process.exit(2)
}

/** Serves at the asked port, or at the first free one from 4173 on. */
const serveDemo = async () => {
  const site = { root: join(root, 'dist-demo') }
  if (port !== undefined) return serve({ ...site, port: Number(port) })
  for (let candidate = 4173; candidate < 4193; candidate += 1) {
    const server = await serve({ ...site, port: candidate }).catch((error) => {
      if (error.code === 'EADDRINUSE') return undefined
      throw error
    })
    if (server) return server
  }
  return serve(site)
}

try {
  await ensureDependencies()
  await buildLibrary()
  await buildDemo()
  if (check) {
    const { checkPage } = await import('./check-page.mjs')
    process.exitCode = (await checkPage()) ? 0 : 1
  } else {
    const { url } = await serveDemo()
    say(`the playground is at ${url}  (Ctrl+C ends it)`)
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
