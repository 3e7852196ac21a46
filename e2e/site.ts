import { access } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type Route, serve } from '../.ci/serve.mjs'

/** A running static server. */
export interface Site {
  /** Its address, with a slash at the end. */
  url: string
  close(): Promise<void>
}

/**
 * Serves the built demo from a free port, as `npm start` does. `routes` (path → handler) answer before the files do:
 * a journey plants what it needs there, such as a broken file or a slow answer.
 */
export const serveDemo = async (routes: Record<string, Route> = {}): Promise<Site> => {
  const root = fileURLToPath(new URL('../dist-demo', import.meta.url))
  await access(root).catch(() => {
    throw new Error('The demo is not built. Run "npm test" or "npm run build".')
  })
  return serve({ root, routes })
}
