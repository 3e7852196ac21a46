import { pathToFileURL } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { buildLibrary } from './build.mjs'
import { ensureDependencies } from './dependencies.mjs'
import { pack, tarball } from './pack.mjs'
import { run, tool } from './shell.mjs'
import { checkSizes } from './sizes.mjs'

/** @param {...string} command */
const succeeds =
  (...command) =>
  async () => {
    const { code, output } = await run(command, { quiet: true })
    return { passed: code === 0, output }
  }

/** @type {{ name: string, check: () => Promise<{ passed: boolean, output: string, note?: string }> }[]} */
const checks = [
  { name: 'lock file (npm ci accepts it)', check: succeeds('npm', 'ci', '--dry-run', '--no-audit', '--no-fund') },
  { name: 'types of the library', check: succeeds(...tool('tsc', '-p', 'tsconfig.json')) },
  { name: 'types of demo, tests, benches and scripts', check: succeeds(...tool('tsc', '-p', 'tsconfig.tools.json')) },
  { name: 'lint', check: succeeds(...tool('oxlint', '--deny-warnings')) },
  { name: 'format', check: succeeds(...tool('oxfmt', '--check')) },
  { name: 'unused files, exports and dependencies (knip)', check: succeeds(...tool('knip', '--no-progress')) },
  { name: 'package (publint)', check: succeeds(...tool('publint', 'run', tarball, '--strict')) },
  { name: 'package types (attw)', check: succeeds(...tool('attw', tarball, '--profile', 'esm-only', '--no-emoji')) },
  {
    name: 'size budgets',
    check: async () => {
      const { isWithin, table } = await checkSizes()
      return { passed: isWithin, output: table, note: table }
    },
  },
]

/**
 * Runs every static check, one after the other, and prints each with its verdict; the output of those that fail, too.
 * The library must be built. @returns {Promise<{ passed: number, failed: number }>}
 */
export const runChecks = async () => {
  await pack()
  let failed = 0
  for (const { name, check } of checks) {
    const { passed, output, note } = await check()
    if (!passed) failed += 1
    console.log(`${passed ? '✓' : '✗'} ${name}`)
    const text = stripVTControlCharacters((passed ? note : output) ?? '')
    if (text) console.log(text.trimEnd().replaceAll(/^/gm, '    '))
  }
  return { passed: checks.length - failed, failed }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await ensureDependencies()
  await buildLibrary()
  const { failed } = await runChecks()
  process.exitCode = failed > 0 ? 1 : 0
}
