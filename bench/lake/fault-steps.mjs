import { syncBuiltinESMExports } from 'node:module'

/**
 * Counts the steps a program takes on a disk from now on, by wrapping Node's own file functions in this process, and ends the process at one of
 * them as a power button would: before it, in its middle (half of the bytes are written), or after it.
 * @param {{ at?: number, when?: 'before' | 'middle' | 'after', isOn: () => boolean }} fault
 * @returns {readonly string[]} names of the steps so far, filled while they are taken
 */
export const countSteps = ({ at = Infinity, when = 'before', isOn }) => {
  const fs = /** @type {any} */ (process.getBuiltinModule('node:fs'))
  /** @type {string[]} */
  const steps = []
  const end = () => {
    fs.writeSync(1, `${JSON.stringify({ killed: `${when} ${steps[at]}` })}\n`)
    process.kill(process.pid, 'SIGKILL')
  }
  /** @param {string} name @param {unknown} path */
  const begin = (name, path) => {
    steps.push(`${name} ${partOf(String(path))}`)
    const isIt = steps.length - 1 === at
    if (isIt && when === 'before') end()
    return isIt
  }
  /** @param {any} owner @param {string} name @param {(given: any[]) => unknown} pathOf */
  const wrap = (owner, name, pathOf) => {
    const original = owner[name]
    owner[name] = function (/** @type {any[]} */ ...given) {
      if (!isOn()) return original.apply(this, given)
      const isIt = begin(name, pathOf.call(this, given))
      if (isIt && when === 'middle' && given[0] instanceof Uint8Array) {
        fs.writeSync(this.fd, given[0], 0, given[0].length >> 1)
        end()
      }
      const result = original.apply(this, given)
      if (!isIt) return result
      if (typeof result?.then !== 'function') return end()
      return result.finally(end)
    }
  }
  const first = (/** @type {any[]} */ [path]) => path
  const second = (/** @type {any[]} */ [, path]) => path
  for (const name of ['mkdir', 'unlink', 'copyFile']) wrap(fs.promises, name, first)
  for (const name of ['rmSync', 'utimesSync', 'writeFileSync']) wrap(fs, name, first)
  for (const name of ['linkSync', 'renameSync']) wrap(fs, name, second)
  const open = fs.promises.open
  fs.promises.open = async (/** @type {any[]} */ ...given) => {
    const isWritten = given[1] !== undefined && given[1] !== 'r'
    const isIt = isOn() && isWritten && begin('open', given[0])
    const file = await open(...given)
    if (isIt) end()
    for (const name of isWritten ? ['writeFile', 'sync', 'close'] : ['sync']) wrap(file, name, () => given[0])
    return file
  }
  syncBuiltinESMExports()
  return steps
}

/** What a path is of, in a word. @param {string} path */
const partOf = (path) => {
  if (/\.lock/.test(path)) return 'lock'
  if (/\.turn\./.test(path)) return 'turn'
  if (path.endsWith('-delete.parquet')) return 'deletes'
  if (path.endsWith('.parquet')) return 'data'
  if (path.endsWith('.tmp')) return /data\//.test(path) ? 'draft of data' : 'draft of the catalog'
  if (path.endsWith('.ducklake')) return 'catalog'
  return 'folder'
}
