import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { root, run, say } from '../.ci/shell.mjs'

/** The packages that make the bench's files, at versions that always make the same ones. */
const packages = ['tpchgen-cli==4.0.0', 'pyarrow==26.0.1']

/**
 * A program of the bench's own Python environment, made on first use from PyPI.
 * @param {'python' | 'tpchgen-cli'} program @param {string[]} args
 */
export const runPython = async (program, args) => {
  const folder = join(root, '.cache/bench/venv')
  const programs = join(folder, process.platform === 'win32' ? 'Scripts' : 'bin')
  const done = join(folder, packages.join('+'))
  if (!(await stat(done).catch(() => undefined))) {
    say(`installing ${packages.join(' and ')} from PyPI`)
    const python = process.platform === 'win32' ? 'python' : 'python3'
    await need([python, '-m', 'venv', folder])
    await need([
      join(programs, 'python'),
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
      ...packages,
    ])
    await need([join(programs, 'python'), '-c', `open(${JSON.stringify(done)}, 'w').close()`])
  }
  const { code, output } = await run([join(programs, program), ...args], { quiet: true })
  if (code !== 0) throw new Error(`${program} failed with exit code ${code}: ${output.trim()}`)
}

/** @param {string[]} command */
const need = async (command) => {
  const { code, output } = await run(command, { quiet: true })
  if (code === 0) return
  throw new Error(
    `This bench makes its files with ${packages.join(' and ')}, which needs Python 3 with venv and pip, and PyPI. ` +
      `"${command.join(' ')}" failed with exit code ${code}: ${output.trim()}`,
  )
}
