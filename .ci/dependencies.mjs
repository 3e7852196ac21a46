import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root, run, say } from './shell.mjs'

/** @param {string} path @returns {Promise<Record<string, { version?: string, optional?: boolean, peer?: boolean }>>} */
const lockedPackages = async (path) => {
  try {
    return JSON.parse(await readFile(join(root, path), 'utf8')).packages
  } catch {
    return {}
  }
}

/** Whether `node_modules` holds what `package-lock.json` asks for, by npm's own record of what it installed. */
const areInstalled = async () => {
  const wanted = await lockedPackages('package-lock.json')
  const installed = await lockedPackages('node_modules/.package-lock.json')
  return Object.entries(wanted).every(
    ([path, { version, optional, peer }]) =>
      path === '' || (installed[path] ? installed[path].version === version : optional === true || peer === true),
  )
}

/** Installs the dependencies when they are missing or the lock file changed. */
export const ensureDependencies = async () => {
  if (await areInstalled()) return
  say('installing dependencies (npm ci)')
  const { code } = await run(['npm', 'ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'])
  if (code !== 0) throw new Error('npm ci failed, see its output above.')
}
