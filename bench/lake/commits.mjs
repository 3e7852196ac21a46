import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { chromium } from 'playwright'
import { ensureBrowser } from '../../.ci/browser.mjs'
import { root } from '../../.ci/shell.mjs'
import { flags } from '../chromium-host.mjs'
import { median } from '../figures.mjs'
import { appendTimes } from './append-times.mjs'
import { openLakeSite } from './crash-opfs.mjs'
import { withSession } from './with-session.mjs'

/** Commits for each round of the suite. */
const commitsOfRound = 20

/** Bytes of a catalog of a hundred commits, for what the disk itself takes. */
const catalogBytes = 500_000

/**
 * What a commit of 1,000 rows to a lake on disk takes beyond writing the file of its rows.
 * @param {import('./part.js').PartOptions} options
 */
export const appendOnDisk = ({ connect, folder, rounds }) =>
  withSession(connect, async (db) => {
    const used = { insert: 0, write: 0 }
    const beside = (/** @type {'insert' | 'write'} */ kind) => {
      const before = process.cpuUsage()
      return () => {
        const { user, system } = process.cpuUsage(before)
        used[kind] += (user + system) / 1000
      }
    }
    const commits = rounds * commitsOfRound
    await mkdir(join(folder, 'alone'))
    const times = await appendTimes(db, { lake: join(folder, 'lake'), alone: join(folder, 'alone'), commits, beside })
    return {
      ...figuresOf('disk', times),
      'commit.append.disk.cpu': (used.insert - used.write) / commits,
      'commit.append.disk.sync': await syncTime(folder),
    }
  })

/**
 * The same in Chromium, on its own file system; with a profile, as that is on disk only then.
 * @param {import('./part.js').PartOptions} options
 */
export const appendOnOpfs = async ({ folder, rounds }) => {
  const site = await openLakeSite(join(root, 'dist'))
  const profile = await chromium.launchPersistentContext(folder, {
    executablePath: await ensureBrowser(),
    args: flags,
    headless: true,
  })
  try {
    const page = await site.openPage(profile)
    const times = await page.evaluate(
      (commits) => /** @type {any} */ (globalThis).lakeTests.appendTimes(commits),
      rounds * commitsOfRound,
    )
    return figuresOf('opfs', times)
  } finally {
    await profile.close()
    await site.close()
  }
}

/** @param {string} place @param {{ insert: number[], write: number[] }} times */
const figuresOf = (place, { insert, write }) => ({
  [`commit.append.${place}.p50`]: median(insert.map((time, at) => time - /** @type {number} */ (write[at]))),
  [`commit.append.${place}.whole`]: median(insert),
  [`commit.append.${place}.alone`]: median(write),
})

/** What the disk takes of a commit: a file of a catalog's size is synced, and the folder that it is in. @param {string} folder */
const syncTime = async (folder) => {
  const times = []
  for (let round = 0; round < 20; round++) {
    const file = await open(join(folder, `synced-${round}`), 'wx')
    await file.writeFile(new Uint8Array(catalogBytes).fill(round))
    const started = performance.now()
    await file.sync()
    await file.close()
    const names = await open(folder, 'r')
    await names.sync()
    await names.close()
    times.push(performance.now() - started)
  }
  return median(times)
}
