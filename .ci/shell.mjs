import { spawn } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The root of the repository. */
export const root = fileURLToPath(new URL('..', import.meta.url))

/** Says what a command is about to do, in one line. @param {string} text */
export const say = (text) => console.log(`› ${text}`)

/**
 * Runs a program to its end and returns its exit code and, unless it writes straight to the terminal, what it wrote.
 * @param {string[]} command
 * @param {{ quiet?: boolean, env?: Record<string, string>, cwd?: string, timeout?: number }} [options]
 * @returns {Promise<{ code: number, output: string }>}
 */
export const run = ([program = '', ...args], { quiet = false, env = {}, cwd = root, timeout = 0 } = {}) =>
  new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd,
      timeout,
      env: { ...process.env, ...env },
      stdio: quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
      shell: process.platform === 'win32',
    })
    /** @type {Buffer[]} */
    const output = []
    child.stdout?.on('data', (chunk) => output.push(chunk))
    child.stderr?.on('data', (chunk) => output.push(chunk))
    child.on('error', (error) => resolve({ code: 127, output: error.message }))
    child.on('close', (code, signal) => {
      const text = Buffer.concat(output).toString()
      resolve({ code: code ?? 1, output: signal ? `${text}\nended by ${signal}` : text })
    })
  })

const programs = {
  attw: '@arethetypeswrong/cli/dist/index.js',
  knip: 'knip/bin/knip.js',
  oxfmt: 'oxfmt/bin/oxfmt',
  oxlint: 'oxlint/bin/oxlint',
  publint: 'publint/src/cli.js',
  tsc: 'typescript/bin/tsc',
  vite: 'vite/bin/vite.js',
  vitest: 'vitest/vitest.mjs',
}

/** The command line of a program of `node_modules`. @param {keyof typeof programs} name @param {string[]} args */
export const tool = (name, ...args) => [process.execPath, join(root, 'node_modules', programs[name]), ...args]

/** Runs a program and throws when it fails. @param {string[]} command */
export const must = async (command) => {
  const { code } = await run(command)
  if (code !== 0) throw new Error(`"${command.join(' ')}" failed with exit code ${code}, see its output above.`)
}

/** Every file at or below the given paths, sorted, from the root of the repository on. @param {string[]} paths @returns {Promise<string[]>} */
export const filesOf = async (paths) => {
  const found = await Promise.all(
    paths.map(async (path) => {
      const entries = await readdir(join(root, path), { withFileTypes: true, recursive: true }).catch(() => undefined)
      if (!entries) return [path]
      return entries
        .filter((entry) => entry.isFile())
        .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)))
    }),
  )
  return found.flat().sort()
}
