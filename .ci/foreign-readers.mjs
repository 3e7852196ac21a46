import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { root, run, say } from './shell.mjs'

/** Where `src/format/fixtures/foreign-readers.ts` looks for readers and writers of files that others wrote. */
const folder = join(root, '.cache/foreign-readers')
const java = join(root, 'src/format/fixtures/java')
const python = join(folder, 'bin/python')

/** `cramjam` and `backports.zstd` are what fastavro compresses with. */
const packages = [
  'fastavro==1.13.1',
  'cramjam==2.14.0',
  'backports.zstd==1.8.0',
  'pyarrow==26.0.1',
  'duckdb==1.5.5',
  'pytz==2026.6',
]

/** @type {{ name: string, done: string, commands: string[][] }[]} */
const readers = [
  {
    name: 'fastavro and pyarrow',
    done: join(folder, 'complete'),
    commands: [
      ['python3', '-m', 'venv', folder],
      [python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages],
      [python, '-c', `open(${JSON.stringify(join(folder, 'complete'))}, 'w').close()`],
    ],
  },
  {
    name: "Java's Avro",
    done: join(folder, 'java/Rewrite.class'),
    commands: [
      [
        'mvn',
        '--batch-mode',
        '--quiet',
        '-f',
        join(java, 'pom.xml'),
        'dependency:copy-dependencies',
        `-DoutputDirectory=${join(folder, 'java')}`,
      ],
      ['javac', '-cp', join(folder, 'java/*'), '-d', join(folder, 'java'), join(java, 'Rewrite.java')],
    ],
  },
]

/** Installs them when they are missing; where that fails, their tests are skipped, by name. */
export const ensureForeignReaders = async () => {
  for (const { name, done, commands } of readers) {
    const isThere = await access(done).then(
      () => true,
      () => false,
    )
    if (isThere) continue
    say(`installing readers of files that ours are compared with: ${name}`)
    for (const command of commands) {
      const { code, output } = await run(command, { quiet: true, timeout: 600_000 })
      if (code === 0) continue
      say(`${name} is not available here: "${command[0]}" failed. ${output.trim().split('\n').at(-1) ?? ''}`)
      break
    }
  }
}
