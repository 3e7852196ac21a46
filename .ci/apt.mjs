import { access, constants } from 'node:fs/promises'
import { run, say } from './shell.mjs'

const options = { quiet: true, timeout: 600_000, env: { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' } }

/** Packages are installed one after another, once the lists are fresh. @type {Promise<string> | undefined} */
let turn

const hasApt = async () =>
  process.getuid?.() === 0 &&
  (await access('/usr/bin/apt-get', constants.X_OK).then(
    () => true,
    () => false,
  ))

/**
 * Installs one of Debian's packages where this is root on such a system; elsewhere does nothing. A server in it is not started.
 * @param {string} name @param {string} reason what to say before it @returns {Promise<string>} what the installer wrote
 */
export const installDebian = async (name, reason) => {
  if (!(await hasApt())) return ''
  say(`${reason} (apt-get install ${name})`)
  const before = (turn ??= run(['apt-get', 'update', '-qq'], options).then(({ output }) => output))
  turn = before.then(async (output) => {
    const installed = await run(['apt-get', 'install', '-y', '-qq', '--no-install-recommends', name], options)
    return `${output}${installed.output}`
  })
  return turn
}
