import { cp, mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DuckDBInstance } from '@duckdb/node-api'
import { pack } from '../../.ci/pack.mjs'
import { root, run } from '../../.ci/shell.mjs'

/** A copy of one of the applications beside this file, outside of the repository, with the packed package installed. */
export interface Consumer extends AsyncDisposable {
  readonly folder: string
  /** Runs a program of the repository's `node_modules` in the application's folder and returns what it wrote. */
  runTool(script: string, ...args: string[]): Promise<string>
}

async function mustRun(command: string[], cwd: string): Promise<string> {
  const { code, output } = await run(command, { quiet: true, cwd })
  if (code !== 0) throw new Error(`"${command.join(' ')}" failed with exit code ${code}:\n${output}`)
  return output
}

/** Installs the tarball that `npm run check` packed (or packs it) into a copy of the named application. */
export async function installConsumer(name: 'node-script' | 'vite-app'): Promise<Consumer> {
  const tarball = await pack()
  const folder = await realpath(await mkdtemp(join(tmpdir(), `lakefront-${name}-`)))
  await cp(fileURLToPath(new URL(name, import.meta.url)), folder, { recursive: true })
  await mustRun(['npm', 'install', '--no-audit', '--no-fund', '--prefer-offline', tarball], folder)
  return {
    folder,
    runTool: (script, ...args) => mustRun([process.execPath, join(root, 'node_modules', script), ...args], folder),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

/** Checks the application's types as its author would, declarations of libraries included, and writes `main.js` if asked to. */
export async function compile(
  consumer: Consumer,
  moduleResolution: 'bundler' | 'nodenext',
  { emit = false }: { emit?: boolean } = {},
): Promise<string> {
  const module = moduleResolution === 'bundler' ? 'esnext' : 'nodenext'
  const libraries = ['--lib', 'es2023,esnext.disposable,dom,dom.iterable,dom.asynciterable']
  const types = ['--typeRoots', join(root, 'node_modules/@types'), '--types', 'node']
  const flags = ['--strict', '--exactOptionalPropertyTypes', '--target', 'es2022', ...libraries, ...types]
  const output = emit ? [] : ['--noEmit']
  const resolution = ['--module', module, '--moduleResolution', moduleResolution]
  return consumer.runTool('typescript/bin/tsc', ...flags, ...output, ...resolution, 'main.ts')
}

/** Writes a Parquet file of 1,000 rows (`id`, `kind`, `name`) with native DuckDB. */
export async function writeRows(file: string): Promise<void> {
  const instance = await DuckDBInstance.create()
  const connection = await instance.connect()
  await connection.run(
    `COPY (SELECT range::INTEGER AS id, 'kind ' || range % 3 AS kind, printf('row %04d', range) AS name FROM range(1000))
     TO '${file}' (FORMAT parquet, COMPRESSION snappy)`,
  )
  connection.closeSync()
  instance.closeSync()
}

/** What counting the rows with `id > 10` by `kind` gives. */
export const countsByKind: readonly { kind: string; n: number }[] = [
  { kind: 'kind 0', n: 330 },
  { kind: 'kind 1', n: 329 },
  { kind: 'kind 2', n: 330 },
]
