import { access, constants } from 'node:fs/promises'
import { installDebian } from './apt.mjs'

const places = [process.env['FIREFOX_PATH'] ?? '', '/usr/bin/firefox-esr', '/usr/bin/firefox', '/snap/bin/firefox']

/** An installed Firefox, or undefined. @returns {Promise<string | undefined>} */
export const findFirefox = async () => {
  for (const path of places) {
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (isThere) return path
  }
  return undefined
}

/** Installs Debian's Firefox where that can be done; elsewhere the tests that need it are named as skipped. */
export const ensureFirefox = async () => {
  if (await findFirefox()) return
  await installDebian('firefox-esr', 'no Firefox, a second browser to test storage in: installing Debian’s')
}
