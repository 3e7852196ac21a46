import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { SystemError } from './failure.mjs'

/**
 * @typedef {object} Opened a system in a page or process of its own
 * @property {number} boot milliseconds until it was ready
 * @property {import('./system.js').System['keep']} keep
 * @property {import('./system.js').System['query']} query
 * @property {number} [pid] of its process
 * @property {() => Promise<void>} close
 */

/**
 * Systems in Node, each in a process of its own.
 * @param {Record<string, { path: string }>} files
 */
export const processHost = (files) => ({
  systems: ['ours', 'stock'],
  /** @param {string} name */
  address: (name) => files[name]?.path ?? '',
  open: (/** @type {string} */ name) => openProcess(name),
  close: async () => {},
})

/** @param {string} name @param {string} [memoryLimit] ours only @returns {Promise<Opened>} */
export const openProcess = async (name, memoryLimit) => {
  const child = fork(fileURLToPath(new URL('process/main.mjs', import.meta.url)), [name], { serialization: 'advanced' })
  /** @returns {Promise<any>} */
  const answer = () =>
    new Promise((resolve, reject) => {
      const onExit = () => reject(new Error(`The process of ${name} ended.`))
      child.once('exit', onExit)
      child.once(
        'message',
        (/** @type {{ value?: unknown, failure?: import('./failure.mjs').Failure }} */ { value, failure }) => {
          child.off('exit', onExit)
          if (failure === undefined) resolve(value)
          else reject(new SystemError(name, failure))
        },
      )
    })
  /** @param {string} method @param {unknown[]} values */
  const call = (method, ...values) => {
    child.send({ method, values })
    return answer()
  }
  await answer()
  return {
    boot: await call('boot', undefined, memoryLimit),
    ...(child.pid === undefined ? {} : { pid: child.pid }),
    keep: (file, how) => call('keep', file, how),
    query: (sql, files) => call('query', sql, files),
    close: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve())
        child.kill()
      }),
  }
}
