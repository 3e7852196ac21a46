import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { countSteps } from './fault-steps.mjs'
import { openOperated } from './operations.mjs'

/*
 * A process that opens a lake, says what is in it, does the commits it is told to, one a line, and ends at a step of one of them without a word:
 * `crash-child.mjs DIST FOLDER`, then on its input `{ n, at, when }`.
 */
const [dist = '', folder = ''] = process.argv.slice(2)
const lakefront = await import(new URL('index.js', `file://${dist}/`).href)

/** @param {object} said */
const say = (said) => writeSync(1, `${JSON.stringify(said)}\n`)

const db = await lakefront.connect({ worker: false })
const opened = await openOperated(lakefront, db, folder)
say({ state: await opened.state(), problems: await opened.problems(), tables: opened.lake.name })

for await (const line of createInterface({ input: process.stdin })) {
  const { n, ...fault } = JSON.parse(line)
  let isOn = true
  const steps = countSteps({ ...fault, isOn: () => isOn })
  const began = performance.now()
  const { attempts, roundTrips } = await opened.commit(n)
  isOn = false
  say({ done: n, steps, milliseconds: performance.now() - began, attempts, roundTrips })
}
await db.close()
