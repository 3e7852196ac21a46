import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { root, run, say } from './shell.mjs'

/** Where `src/connect/fixtures/clickhouse-frames.ts` looks for ClickHouse in the process: 540 MB that only one dialect's tests need. */
const folder = join(root, '.cache/clickhouse')

/** Installs it when it is missing; where that fails, its tests are skipped, by name. */
export const ensureClickhouse = async () => {
  const isThere = await access(join(folder, 'node_modules/chdb/package.json')).then(
    () => true,
    () => false,
  )
  if (isThere) return
  say('installing ClickHouse (chdb), which its dialect is checked on')
  const command = ['npm', 'install', '--prefix', folder, '--no-audit', '--no-fund', 'chdb@3.4.0']
  const { code, output } = await run(command, { quiet: true, timeout: 600_000 })
  if (code !== 0) say(`ClickHouse is not available here. ${output.trim().split('\n').at(-1) ?? ''}`)
}
