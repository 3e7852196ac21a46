import { access, constants } from 'node:fs/promises'
import { run, say } from './shell.mjs'

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
  const isRootWithApt =
    process.getuid?.() === 0 &&
    (await access('/usr/bin/apt-get', constants.X_OK).then(
      () => true,
      () => false,
    ))
  if (!isRootWithApt || (await findFirefox())) return
  say('installing Firefox ESR (apt-get install firefox-esr), a second browser to test storage in')
  const options = { quiet: true, timeout: 600_000, env: { DEBIAN_FRONTEND: 'noninteractive' } }
  await run(['apt-get', 'update', '-qq'], options)
  await run(['apt-get', 'install', '-y', '-qq', '--no-install-recommends', 'firefox-esr'], options)
}
