import * as lakefront from '../../dist/index.js'
import { appendTimes } from './append-times.mjs'
import { openOperated } from './operations.mjs'
import { checkRace, prepareRace, runWriter } from './race-writer.mjs'

/** What a test asks of this page: a lake in the browser's own file system, whose worker can be stopped at a step. */
const channel = new BroadcastChannel('lake-faults')
/** @type {Worker[]} */
const workers = []
const NativeWorker = globalThis.Worker
globalThis.Worker = class extends NativeWorker {
  /** @param {string | URL} url @param {WorkerOptions} [options] */
  constructor(url, options) {
    super(url, options)
    workers.push(this)
  }
}

/** @param {(data: any) => boolean} isIt @returns {Promise<any>} */
const heard = (isIt) =>
  new Promise((resolve) => {
    const listen = (/** @type {MessageEvent} */ { data }) => {
      if (!isIt(data)) return
      channel.removeEventListener('message', listen)
      resolve(data)
    }
    channel.addEventListener('message', listen)
  })

/** @type {any} */
let opened
/** @type {any} */
let db

const lakeTests = {
  /** Opens it; answers what is in it. @param {string} url */
  open: async (url) => {
    const session = await lakefront.connect({ workerUrl: new URL('worker.js', import.meta.url) })
    opened = await openOperated(lakefront, session, url)
    return {
      state: await opened.state(),
      problems: await opened.problems(),
    }
  },
  /** Does a commit; the answer is its steps, or `stopped` where it was told to stop. @param {{ n: number, at?: number, when?: string }} told */
  commit: async ({ n, ...fault }) => {
    const armed = heard(({ armed }) => armed === true)
    channel.postMessage({ arm: fault })
    await armed
    const stopped = heard(({ stopped }) => stopped !== undefined)
    const committed = opened.commit(n).then(async () => {
      const steps = heard(({ steps }) => steps !== undefined)
      channel.postMessage({ disarm: true })
      return steps
    })
    return Promise.race([committed, stopped])
  },
  connect: async () => {
    db = await lakefront.connect()
  },
  /** @param {any} options */
  prepareRace: async ({ url }) => {
    const session = await lakefront.connect()
    const first = await prepareRace(session, url)
    await session.close()
    return first
  },
  /** @param {any} options */
  runWriter: (options) => runWriter(lakefront, db, options),
  /** @param {any} options */
  checkRace: ({ url, ...raced }) => checkRace(db, url, raced),
  /** Times commits and files beside them. @param {number} commits */
  appendTimes: async (commits) => {
    const session = await lakefront.connect()
    const times = await appendTimes(session, { lake: 'opfs:/appended', alone: 'opfs:/alone', commits })
    await session.close()
    return times
  },
  /** Ends the engine's worker as it is. */
  terminate: () => workers.splice(0).forEach((worker) => worker.terminate()),
}
Object.assign(globalThis, { lakeTests })
