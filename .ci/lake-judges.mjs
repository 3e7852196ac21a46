import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { root, run, say } from './shell.mjs'

/** Where `src/lake/fixtures/lake-judges.ts` looks for readers of DuckLake that others wrote. */
const folder = join(root, '.cache/lake-judges')

/** The reference extension comes for one version of DuckDB, and is signed by its makers. */
const packages = [
  'duckdb==1.5.5',
  'duckdb-extension-ducklake==1.5.5',
  'ducklake-dataframe==1.0.0',
  'polars==1.38.1',
  'pyarrow==26.0.1',
  'pytz',
]

/** Installs them when they are missing; where that fails, their tests are skipped, by name. */
export const ensureLakeJudges = async () => {
  const done = join(folder, 'complete')
  const isThere = await access(done).then(
    () => true,
    () => false,
  )
  if (isThere) return
  say('installing readers of DuckLake that lakes are judged by: its own extension, ducklake-dataframe, pyarrow')
  const python = join(folder, 'bin/python')
  const commands = [
    ['python3', '-m', 'venv', folder],
    [python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages],
    [python, '-c', `open(${JSON.stringify(done)}, 'w').close()`],
  ]
  for (const command of commands) {
    const { code, output } = await run(command, { quiet: true, timeout: 600_000 })
    if (code === 0) continue
    say(`They are not available here: "${command[0]}" failed. ${output.trim().split('\n').at(-1) ?? ''}`)
    return
  }
}
