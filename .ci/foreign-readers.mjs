import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { root, run, say } from './shell.mjs'

/** Where `src/format/fixtures/foreign-readers.ts` looks for readers and writers of files that others wrote. */
const folder = join(root, '.cache/foreign-readers')

/** `cramjam`, `zstandard` and `lz4` are what the others compress with. */
const packages = [
  'fastavro==1.13.1',
  'cramjam==2.14.0',
  'zstandard==0.25.0',
  'pyarrow==26.0.1',
  'duckdb==1.5.5',
  'pytz==2026.6',
]

/** Installs them when they are missing; where that fails, their tests are skipped, by name. */
export const ensureForeignReaders = async () => {
  const done = join(folder, 'complete')
  const isThere = await access(done).then(
    () => true,
    () => false,
  )
  if (isThere) return
  say('installing readers of files that ours are compared with: fastavro, pyarrow')
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
