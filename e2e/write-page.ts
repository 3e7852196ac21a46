import { contentSecurityPolicy, type Route } from '../.ci/serve.mjs'

const answer =
  (type: string, body: string): Route =>
  (_request, response) =>
    void response.writeHead(200, { 'content-type': type, 'content-security-policy': contentSecurityPolicy }).end(body)

/** A page with the library, and a service worker that keeps all it fetched: what an application that works offline has. */
export const writeRoutes: Record<string, Route> = {
  '/page.html': answer('text/html', '<!doctype html><script type="module" src="page.js"></script>'),
  '/page.js': answer(
    'text/javascript',
    `import * as library from './dist/index.js'
    await navigator.serviceWorker.register('keeper.js')
    await navigator.serviceWorker.ready
    if (navigator.serviceWorker.controller === null)
      await new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }))
    globalThis.library = library`,
  ),
  '/keeper.js': answer(
    'text/javascript',
    `addEventListener('install', () => skipWaiting())
    addEventListener('activate', (event) => event.waitUntil(clients.claim()))
    addEventListener('fetch', (event) => event.respondWith(kept(event.request)))
    async function kept(request) {
      const cache = await caches.open('application')
      const known = await cache.match(request)
      if (known !== undefined) return known
      const response = await fetch(request)
      if (response.ok) await cache.put(request, response.clone())
      return response
    }`,
  ),
}
