import { readdir } from 'node:fs/promises'
import { run, say } from './shell.mjs'

/** Where Debian and its relatives put the programs of a server. */
const folder = '/usr/lib/postgresql'

/**
 * The server of PostgreSQL that tests start by themselves: the one there is, or Debian's, installed where this is root. Without
 * one its tests are skipped, by name. @returns {Promise<string>} what there is, in words
 */
export const ensurePostgres = async () => {
  const versions = async () => (await readdir(folder).catch(() => [])).toSorted((a, b) => Number(b) - Number(a))
  if ((await versions()).length === 0 && process.getuid?.() === 0) {
    say('no PostgreSQL here: installing Debian’s (apt-get install postgresql)')
    // The package would make a cluster and start it; tests make their own.
    const options = { quiet: true, timeout: 600_000, env: { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' } }
    await run(['apt-get', 'update', '-qq'], options)
    await run(['apt-get', 'install', '-y', '-qq', '--no-install-recommends', 'postgresql'], options)
  }
  const [newest] = await versions()
  return newest === undefined ? 'none; its tests are skipped' : `${newest}, in ${folder}`
}
