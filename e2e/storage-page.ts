import { contentSecurityPolicy, type Route } from '../.ci/serve.mjs'

const script = (body: string): Route => answer('text/javascript', body)

function answer(type: string, body: string): Route {
  const policy = contentSecurityPolicy.replace(/connect-src [^;]*/, 'connect-src *')
  return (_request, response) =>
    void response.writeHead(200, { 'content-type': type, 'content-security-policy': policy }).end(body)
}

/** A page, and a worker of it, that run the cases of storage by name. */
export const storageRoutes: Record<string, Route> = {
  '/page.html': answer('text/html', '<!doctype html><script type="module" src="page.js"></script>'),
  '/page.js': script(`
    import * as storageTesting from './dist/testing.js'
    import * as folders from './dist/index.js'
    globalThis.storageTesting = storageTesting
    globalThis.folders = folders
    const worker = new Worker('worker.js', { type: 'module' })
    globalThis.runCase = (name, where, place) => {
      if (where === 'page') return run(name, place)
      return new Promise((resolve) => {
        const listen = ({ data }) => {
          if (data.place !== place) return
          worker.removeEventListener('message', listen)
          resolve(data.outcome)
        }
        worker.addEventListener('message', listen)
        worker.postMessage({ name, place })
      })
    }
    const run = (name, place) =>
      storageTesting.storageCases.find((one) => one.name === name).run({ open: () => storageTesting.openStorage(place) })
        .then(() => 'kept', (error) => String(error?.stack ?? error))`),
  '/worker.js': script(`
    import * as storageTesting from './dist/testing.js'
    addEventListener('message', async ({ data: { name, place } }) => {
      const { run } = storageTesting.storageCases.find((one) => one.name === name)
      const outcome = await run({ open: () => storageTesting.openStorage(place) }).then(() => 'kept', (error) => String(error?.stack ?? error))
      postMessage({ place, outcome })
    })`),
}
