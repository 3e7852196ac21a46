import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { installDebian } from './apt.mjs'
import { root, run, say } from './shell.mjs'

/** Switches that a headless browser needs on servers and that keep it from calling home. */
export const browserFlags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--no-first-run',
]

const names = [
  'google-chrome',
  'google-chrome-stable',
  'chromium',
  'chromium-browser',
  'chrome',
  'microsoft-edge',
  'msedge',
]

const applications = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  ...[process.env['PROGRAMFILES'], process.env['PROGRAMFILES(X86)'], process.env['LOCALAPPDATA']].flatMap((base) =>
    base
      ? [join(base, 'Google/Chrome/Application/chrome.exe'), join(base, 'Microsoft/Edge/Application/msedge.exe')]
      : [],
  ),
]

/** @param {string} path */
const isExecutable = (path) =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  )

/** Whether the file is a browser that starts here: a download may lack system libraries, a stub may lack a browser. @param {string} path */
const starts = async (path) => {
  if (!(await isExecutable(path))) return false
  // On Windows `chrome.exe --version` opens a window instead of answering.
  if (process.platform === 'win32') return true
  return (await run([path, '--version', '--no-sandbox'], { quiet: true, timeout: 30_000 })).code === 0
}

const ownDownload = async () => (await import('playwright')).chromium.executablePath()

/**
 * The browser for tests and for `npm start -- --check`: `CHROME_PATH`, an installed Chrome, Chromium or Edge, or
 * Playwright's own download; `undefined` when there is none. A `CHROME_PATH` that does not start is an error.
 * @returns {Promise<string | undefined>}
 */
export const findBrowser = async () => {
  const chosen = process.env['CHROME_PATH']
  if (chosen) {
    if (await starts(chosen)) return chosen
    throw new Error(
      `CHROME_PATH is "${chosen}", which does not start. Set it to a Chrome, Chromium or Edge, or unset it.`,
    )
  }
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const installed = names.flatMap((name) => folders.map((folder) => join(folder, name)))
  for (const path of [...installed, ...applications, await ownDownload()]) if (await starts(path)) return path
  return undefined
}

/** Finds a browser, or installs one. @returns {Promise<string>} */
export const ensureBrowser = async () => {
  const found = await findBrowser()
  if (found) return found
  say('no Chrome, Chromium or Edge here: downloading one (playwright install chromium)')
  const downloading = await run(
    [process.execPath, join(root, 'node_modules/playwright/cli.js'), 'install', 'chromium'],
    { quiet: true, timeout: 600_000, env: { PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT: '15000' } },
  )
  const downloaded = await findBrowser()
  if (downloaded) return downloaded
  const installing = await installDebian('chromium', 'that gave none that starts here: installing Debian’s')
  const installed = await findBrowser()
  if (installed) return installed
  const details = [downloading.output, installing].map((text) => text.trim()).filter((text) => text !== '')
  throw new Error(
    `No browser could be installed. Install Chrome, Chromium or Edge, or set CHROME_PATH to one.\n${details.join('\n')}`,
  )
}
