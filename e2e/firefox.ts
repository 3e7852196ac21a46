import puppeteer from 'puppeteer-core'
import type { Page } from 'puppeteer-core'
import { findFirefox } from '../.ci/firefox.mjs'

/** A page in Firefox that runs cases of storage. */
export interface FirefoxPage {
  readonly version: string
  readonly page: Page
  run(name: string, where: 'page' | 'worker', place: string): Promise<string>
  close(): Promise<void>
}

/** Opens a page in Firefox, driven over WebDriver BiDi, and waits for a global of it; undefined where there is no Firefox. */
export const openFirefox = async (url: string, name = 'storageTesting'): Promise<FirefoxPage | undefined> => {
  const executablePath = await findFirefox()
  if (executablePath === undefined) return undefined
  const browser = await puppeteer.launch({ browser: 'firefox', executablePath, headless: true })
  const page = await browser.newPage()
  await page.goto(url)
  await page.waitForFunction((global) => global in globalThis, {}, name)
  return {
    version: await browser.version(),
    page,
    run: (name, where, place) => page.evaluate((known, at, folder) => runCase(known, at, folder), name, where, place),
    close: () => browser.close(),
  }
}
