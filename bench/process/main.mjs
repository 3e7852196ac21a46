// The system that the first argument names, at the command of the process that forked this one.
import { failureOf } from '../failure.mjs'

const name = process.argv[2] ?? ''
/** @type {{ openSystem: () => import('../system.js').System }} */
const { openSystem } = await import(`./${name}.mjs`)
const system = openSystem()

process.on(
  'message',
  async (/** @type {{ method: 'boot' | 'keep' | 'query', values: unknown[] }} */ { method, values }) => {
    try {
      const call = /** @type {(...values: unknown[]) => Promise<unknown>} */ (system[method])
      process.send?.({ value: await call(...values) })
    } catch (error) {
      process.send?.({ failure: failureOf(error) })
    }
  },
)
process.send?.({ value: 'ready' })
