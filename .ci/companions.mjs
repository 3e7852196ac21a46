import { access, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { installDebian } from './apt.mjs'
import { ensureFirefox } from './firefox.mjs'
import { root, run, say } from './shell.mjs'

/**
 * Servers, engines and readers that others wrote, which ours are tested against. Each is installed when `done` is missing. Where
 * that fails, its tests are skipped, by name.
 * @typedef {{ what: string, done: string, commands: string[][], env?: Record<string, string> }} Companion
 */

const cache = join(root, '.cache')
const stores = join(cache, 'stores')
const readers = join(cache, 'foreign-readers')
const readersJava = join(root, 'src/format/fixtures/java')

/** @param {string} folder @param {string[]} packages */
const npm = (folder, ...packages) => ['npm', 'install', '--prefix', folder, '--no-audit', '--no-fund', ...packages]

/** An environment of Python in `folder`; the file `complete` in it is written last. @param {string} folder @param {string[]} packages */
const python = (folder, ...packages) => {
  const program = join(folder, 'bin/python')
  const done = join(folder, 'complete')
  const install = [program, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages]
  const commands = [
    ['python3', '-m', 'venv', folder],
    install,
    [program, '-c', `open(${JSON.stringify(done)}, 'w').close()`],
  ]
  return { done, commands }
}

/** @type {Companion} */
const versitygw = {
  what: 'versitygw, a store to test against',
  done: join(stores, 'versitygw'),
  commands: [['go', 'install', 'github.com/versity/versitygw/cmd/versitygw@v1.7.0']],
  env: { GOBIN: stores, GOFLAGS: '-p=2' },
}

/** @type {Companion[]} */
const fromNpm = [
  {
    what: 'azurite, a store to test against',
    done: join(stores, 'azurite/node_modules/azurite/dist/src/blob/main.js'),
    commands: [npm(join(stores, 'azurite'), 'azurite@3.35.0')],
  },
  {
    what: 'ClickHouse (chdb, 540 MB), which its dialect is checked on',
    done: join(cache, 'clickhouse/node_modules/chdb/package.json'),
    commands: [npm(join(cache, 'clickhouse'), 'chdb@3.4.0')],
  },
  {
    what: 'Node 24, whose own SQLite is checked: the oldest Node that is supported has none',
    done: join(cache, `node-sqlite/node_modules/${nodeLibrary()}/bin/node`),
    commands: [npm(join(cache, 'node-sqlite'), '--ignore-scripts', `${nodeLibrary()}@24.22.3`)],
  },
]

/** One after another, since they share what pip keeps. @type {Companion[]} */
const fromPython = [
  { what: 'moto, a store to test against', ...python(join(stores, 'python'), 'moto[server]==5.2.5') },
  {
    // The reference extension comes for one version of DuckDB, and is signed by its makers.
    what: 'readers of DuckLake that lakes are judged by: its own extension, ducklake-dataframe, pyarrow',
    ...python(
      join(cache, 'lake-judges'),
      'duckdb==1.5.5',
      'duckdb-extension-ducklake==1.5.5',
      'ducklake-dataframe==1.0.0',
      'polars==1.38.1',
      'pyarrow==26.0.1',
      'pytz',
    ),
  },
  {
    // `cramjam` and `backports.zstd` are what fastavro compresses with.
    what: 'readers of files that ours are compared with: fastavro and pyarrow',
    ...python(
      readers,
      'fastavro==1.13.1',
      'cramjam==2.14.0',
      'backports.zstd==1.8.0',
      'pyarrow==26.0.1',
      'duckdb==1.5.5',
      'pytz==2026.6',
    ),
  },
]

/** @type {Companion} */
const javaAvro = {
  what: "a reader of files that ours are compared with: Java's Avro",
  done: join(cache, 'java-avro/Rewrite.class'),
  commands: [
    [
      'mvn',
      '--batch-mode',
      '--quiet',
      '-f',
      join(readersJava, 'pom.xml'),
      'dependency:copy-dependencies',
      `-DoutputDirectory=${join(cache, 'java-avro')}`,
    ],
    ['javac', '-cp', join(cache, 'java-avro/*'), '-d', join(cache, 'java-avro'), join(readersJava, 'Rewrite.java')],
  ],
}

function nodeLibrary() {
  return `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
}

/** @param {Companion} companion */
const install = async ({ what, done, commands, env = {} }) => {
  const isThere = await access(done).then(
    () => true,
    () => false,
  )
  if (isThere) return
  say(`installing ${what}`)
  for (const command of commands) {
    const { code, output } = await run(command, { quiet: true, timeout: 600_000, env })
    if (code === 0) continue
    say(`Not available here is ${what}: "${command[0]}" failed. ${output.trim().split('\n').at(-1) ?? ''}`)
    return
  }
}

/** @param {Companion[]} companions */
const installInTurn = async (companions) => {
  for (const companion of companions) await install(companion)
}

/** Where Debian and its relatives put the programs of a server. */
const postgresFolder = '/usr/lib/postgresql'

/** The server of PostgreSQL that tests start by themselves: the one there is, or Debian's. */
const ensurePostgres = async () => {
  const versions = async () => (await readdir(postgresFolder).catch(() => [])).toSorted((a, b) => Number(b) - Number(a))
  if ((await versions()).length === 0) {
    await installDebian('postgresql', 'no PostgreSQL here: installing Debian’s')
  }
  const [newest] = await versions()
  say(`PostgreSQL: ${newest === undefined ? 'none; its tests are skipped' : `${newest}, in ${postgresFolder}`}`)
}

/** Installs what is missing, from each place in turn and from all places at once: most of it is waiting. */
export const ensureCompanions = async () => {
  await mkdir(stores, { recursive: true })
  await Promise.all([
    ensurePostgres(),
    ensureFirefox(),
    install(versitygw),
    install(javaAvro),
    installInTurn(fromNpm),
    installInTurn(fromPython),
  ])
}
