import { runWriter } from './race-writer.mjs'

/* One writer in a process of its own: `race-child.mjs DIST OPTIONS`; it begins when a line comes in, and says its commits as JSON. */
const [dist = '', given = '{}'] = process.argv.slice(2)
const { storage, ...options } = JSON.parse(given)
const lakefront = await import(new URL('index.js', `file://${dist}/`).href)
const db = await lakefront.connect({ worker: false, ...(storage && { storage }) })
process.stdout.write('ready\n')
await new Promise((resolve) => process.stdin.once('data', resolve))
const commits = await runWriter(lakefront, db, options)
process.stdout.write(`${JSON.stringify(commits)}\n`)
await db.close()
process.exit()
