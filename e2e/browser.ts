import { type Browser, chromium } from 'playwright'
import { browserFlags, findBrowser } from '../.ci/browser.mjs'

/** Starts the headless browser that `npm test` found or installed. The caller closes it. */
export const openBrowser = async (): Promise<Browser> => {
  const executablePath = await findBrowser()
  if (!executablePath) throw new Error('No browser found. Run "npm test", which installs one, or set CHROME_PATH.')
  return chromium.launch({ executablePath, args: browserFlags, headless: true })
}
