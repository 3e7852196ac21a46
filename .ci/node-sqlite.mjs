import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { root, run, say } from './shell.mjs'

/** Where `src/engine/sqlite/node-sqlite.test.ts` looks for a Node with `node:sqlite`, which the oldest that is supported lacks. */
const folder = join(root, '.cache/node-sqlite')
const library = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`

/** Installs Node 24 when it is missing: one package with the program in it, without scripts. Where that fails, its test is skipped, by name. */
export const ensureNodeSqlite = async () => {
  const isThere = await access(join(folder, 'node_modules', library, 'bin/node')).then(
    () => true,
    () => false,
  )
  if (isThere) return
  say('installing Node 24, whose own SQLite is checked')
  const command = [
    'npm',
    'install',
    '--prefix',
    folder,
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
    `${library}@24.22.3`,
  ]
  const { code, output } = await run(command, { quiet: true, timeout: 300_000 })
  if (code !== 0) say(`Node 24 is not available here. ${output.trim().split('\n').at(-1) ?? ''}`)
}
