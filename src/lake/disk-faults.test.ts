import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Session } from '../connect/session.ts'
import { nodeHost } from '../engine/duckdb-wasm/node-host.ts'
import { openEngine } from '../engine/open-engine.ts'
import type { Lake } from '../frame/lake.ts'
import { nativeConnection } from '../scan/fixtures/native.ts'
import { type DiskFault, DiskFaults } from '../storage/fixtures/disk-faults.ts'
import { lakesBeside } from './engine-with-lakes.ts'
import { endOf, prepareTrials, stateOf, trials, wrongAfter } from './fixtures/fault-trials.ts'

const wasm = new URL('../../dist/wasm/', import.meta.url)
const root = mkdtempSync(join(tmpdir(), 'lakefront-lake-faults-'))

let session: Session
let native: DuckDBConnection
let faults: DiskFaults
let count = 0
let before: string

beforeAll(async () => {
  session = new Session(await openEngine(nodeHost(wasm), { decodeWorkers: 0 }, {}, lakesBeside))
  const lake = await session.openLake(join(root, 'prepared'), { create: true })
  await prepareTrials(lake)
  before = await stateOf(lake)
  await lake.close()
  native = await nativeConnection()
  faults = new DiskFaults()
})
afterAll(async () => {
  faults[Symbol.dispose]()
  await session.close()
  native.closeSync()
  rmSync(root, { recursive: true })
})

const open = (folder: string): Promise<Lake> => session.openLake(folder, { name: `lake${++count}` })

interface Ended {
  readonly code: string
  readonly state: string
  readonly wrong: readonly string[]
  readonly steps: readonly string[]
}

/** A commit to a copy of the lake, with one of its steps failing. */
async function trial(name: string, fault?: DiskFault, after?: string): Promise<Ended> {
  const folder = join(root, String(++count))
  cpSync(join(root, 'prepared'), folder, { recursive: true })
  const lake = await open(folder)
  faults.arm(fault)
  const end = await endOf(trials[name]!(lake))
  faults.disarm()
  const { steps } = faults
  const again = await open(folder)
  const state = await stateOf(again)
  const wrong = after === undefined ? [] : [...(await wrongAfter(again, end, { before, after }))]
  const rows = await again.table('t').count()
  await lake.table('t').insert([{ id: 999, v: 0 }])
  if ((await again.table('t').count()) !== rows + 1) wrong.push('the next commit is not seen')
  await again.vacuum({ olderThan: new Date(Date.now() + 3_600_000) })
  wrong.push(...(await litter(folder)))
  await lake.close()
  await again.close()
  rmSync(folder, { recursive: true })
  return { code: end.code, state, wrong, steps }
}

/** Files that no snapshot has, and those that one has and are not there. */
async function litter(folder: string): Promise<readonly string[]> {
  await native.run(`ATTACH '${join(folder, 'catalog.ducklake')}' AS own (READ_ONLY)`)
  const rows = await native.runAndReadAll(
    'SELECT path FROM own.ducklake_data_file UNION SELECT path FROM own.ducklake_delete_file',
  )
  await native.run('DETACH own')
  const named = new Set(['catalog.ducklake', ...rows.getRows().map(([path]) => basename(String(path)))])
  const there = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)
  return [
    ...there.filter((file) => !named.has(file)).map((file) => `${file} is left behind`),
    ...[...named].filter((file) => !there.includes(file)).map((file) => `${file} is gone`),
  ]
}

describe.each(['insert', 'merge', 'compact', 'expire'])('%s', (name) => {
  let after: string
  let steps: readonly string[]

  beforeAll(async () => {
    const done = await trial(name)
    if (done.code !== 'done' || done.wrong.length > 0) throw new Error(`${done.code}: ${done.wrong.join(' ')}`)
    after = done.state
    steps = done.steps
  })

  it('on a disk that is full at a step changes nothing, and says so', async () => {
    const seen: string[] = []
    for (const [at, step] of steps.entries()) {
      if (!/^(open|writeFile|sync) /.test(step) || steps.lastIndexOf(step) !== at) continue
      const { code, wrong } = await trial(name, { at, code: 'ENOSPC', when: 'before' }, after)
      seen.push(step)
      // The folder is synced last, when the commit is seen already.
      expect({ step, code, wrong }).toEqual({
        step,
        code: step === 'sync folder' ? 'done' : 'QUOTA_EXCEEDED',
        wrong: [],
      })
    }
    expect(seen).toEqual(expect.arrayContaining(['open draft', 'writeFile draft', 'sync draft', 'sync folder']))
  })
})

describe.each(['transaction'])('%s', (name) => {
  it('on a disk that fails behind the switch is known to have happened', async () => {
    const { state, steps } = await trial(name)
    const last = steps.lastIndexOf('renameSync catalog')
    expect(last).toBeGreaterThan(0)
    for (let at = last; at < steps.length; at++) {
      const { code, wrong } = await trial(name, { at, code: 'EIO', when: 'after' }, state)
      expect({ step: steps[at], code, wrong }).toEqual({ step: steps[at], code: 'done', wrong: [] })
    }
  })
})

/** A disk of a few megabytes, where one can be mounted: only root may. Elsewhere full disks are those of the faults above. */
function smallDisks(): readonly string[] {
  const disk = join(root, 'disk')
  mkdirSync(disk)
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk], { stdio: 'ignore' })
  return status === 0 ? [disk] : []
}

describe.each(smallDisks())('a disk of a few megabytes', (disk) => {
  it('that is full leaves the lake as it was, and takes commits again once there is room', async () => {
    try {
      const folder = join(disk, 'lake')
      cpSync(join(root, 'prepared'), folder, { recursive: true })
      const lake = await open(folder)
      const codes = new Set<string>()
      for (const room of [0, 4, 48, 256]) {
        const there = await stateOf(lake)
        const { bavail, bsize } = statfsSync(disk)
        writeFileSync(join(disk, 'filler'), new Uint8Array((bavail - room) * bsize))
        const end = await endOf(lake.table('t').insert([{ id: 1000 + room, v: 0 }]))
        rmSync(join(disk, 'filler'))
        codes.add(end.code)
        const again = await open(folder)
        const after = end.code === 'done' ? await stateOf(again) : ''
        expect(await wrongAfter(again, end, { before: there, after })).toEqual([])
        await lake.table('t').insert([{ id: 2000 + room, v: 0 }])
        expect(await litter(folder)).toEqual([])
        await again.close()
      }
      expect([...codes]).toEqual(['QUOTA_EXCEEDED', 'done'])
      await lake.close()
    } finally {
      spawnSync('umount', [disk])
    }
  })
})
