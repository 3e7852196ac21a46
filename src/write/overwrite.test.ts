import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { keysOf } from '../storage/case-checks.ts'
import { failure } from '../storage/conformance.ts'
import { openStorage } from '../storage/open-storage.ts'
import type { Storage } from '../storage/storage.ts'
import { beginOverwrite, hasFiles, settleFolder } from './overwrite.ts'

const folder = mkdtempSync(join(tmpdir(), 'lakefront-overwrite-'))
afterAll(() => rmSync(folder, { recursive: true }))

const one = Uint8Array.of(1)
const [first, second] = ['01a2285a-5c00-7778-aac8-6a0f2047a55d', '01a2285b-1338-7a5a-ac4e-05206f297bbb']
const named = (id: string, ...numbers: readonly number[]): string[] => numbers.map((number) => `${id}-${number}.csv`)

async function put(storage: Storage, ...keys: readonly string[]): Promise<void> {
  for (const key of keys) await storage.write(key, one)
}

let places = 0
const spaces: readonly [string, () => string][] = [
  ['memory', () => `memory:/place${places++}/`],
  ['a folder', () => `${join(folder, String(places++))}/`],
]

describe.each(spaces)('in %s', (_, make) => {
  /** A place of its own, and what a reader sees in it. */
  function open(): { storage: Storage; seen: (pattern?: string) => Promise<string[]> } {
    const url = make()
    const session = openStorage()
    const seen = async (pattern = ''): Promise<string[]> => {
      const found = await session.expand(url + pattern).catch((error: { code?: string }) => {
        if (error.code === 'NOT_FOUND') return []
        throw error
      })
      return found.map((name) => name.slice(url.length)).sort()
    }
    return { storage: session.place(url), seen }
  }

  test('readers see what was until the switch, then what is, however they ask', async () => {
    const { storage, seen } = open()
    await put(storage, 'a.csv', 'k=1/b.csv')
    const overwrite = await beginOverwrite(storage, first)
    await put(storage, ...named(first, 0), `k=2/${first}-1.csv`)
    for (const pattern of ['', '**/*.csv', '**'])
      expect(await seen(pattern)).toEqual(expect.arrayContaining(['a.csv', 'k=1/b.csv']))
    expect(await seen()).toEqual(['a.csv', 'k=1/b.csv'])
    expect(await seen('k=*/*.csv')).toEqual(['k=1/b.csv'])
    expect(await seen('k=2/*.csv')).toEqual([])
    await overwrite.commit()
    expect(await seen()).toEqual([`${first}-0.csv`, `k=2/${first}-1.csv`])
    expect(await keysOf(storage)).toEqual([`${first}-0.csv`, `k=2/${first}-1.csv`])
  })

  test('one that was interrupted before its switch is as if it had not been', async () => {
    const { storage, seen } = open()
    await put(storage, 'a.csv')
    await beginOverwrite(storage, first)
    await put(storage, ...named(first, 0, 1))
    expect(await seen()).toEqual(['a.csv'])
    expect(await hasFiles(storage)).toBe(true)
    const next = await beginOverwrite(storage, second)
    await put(storage, ...named(second, 0), ...named(first, 2))
    expect(await seen()).toEqual(['a.csv'])
    await next.commit()
    expect(await keysOf(storage)).toEqual(named(second, 0))
  })

  test('one that was interrupted behind its switch is done, and finished by the next write', async () => {
    const { storage, seen } = open()
    await put(storage, 'a.csv', 'b.csv')
    const stubborn = { ...bound(storage), remove: () => Promise.reject(new Error('gone')) } as unknown as Storage
    const overwrite = await beginOverwrite(stubborn, first)
    await put(storage, ...named(first, 0))
    await overwrite.commit()
    expect(await keysOf(storage)).toHaveLength(4)
    expect(await seen()).toEqual(named(first, 0))
    expect(await settleFolder(storage)).toBeUndefined()
    expect(await keysOf(storage)).toEqual(named(first, 0))
  })

  test('of two at the same time, the one that began first fails at its switch', async () => {
    const { storage, seen } = open()
    await put(storage, 'a.csv')
    const [slow, quick] = [await beginOverwrite(storage, first), await beginOverwrite(storage, second)]
    await put(storage, ...named(first, 0), ...named(second, 0))
    expect(await failure(slow.commit())).toMatchObject({ code: 'CONFLICT' })
    await slow.abandon()
    expect(await seen()).toEqual(['a.csv'])
    await quick.commit()
    expect(await seen()).toEqual(named(second, 0))
  })

  test('one that is given up leaves what was', async () => {
    const { storage } = open()
    await put(storage, 'a.csv')
    const overwrite = await beginOverwrite(storage, first)
    await overwrite.abandon()
    expect(await keysOf(storage)).toEqual(['a.csv'])
  })

  test('a file of that name that is no record of ours is in nobody’s way', async () => {
    const { storage, seen } = open()
    await put(storage, 'a.csv', '_overwrite.json')
    expect(await seen()).toEqual(['a.csv'])
  })
})

test('a writer that is killed leaves the files of before or those of after, never both', async () => {
  const script = join(folder, 'writer.mjs')
  const dist = new URL('../../dist/index.js', import.meta.url).href
  const path = `${join(folder, 'killed')}/`
  writeFileSync(
    script,
    `import { connect } from ${JSON.stringify(dist)}
     const db = await connect()
     for (let round = 1; ; round++) {
       const rows = db.sql('SELECT ' + round + ' AS round, i FROM range(20000) t(i)')
       await rows.write.mode('overwrite').option('maxFileBytes', 20000).csv(${JSON.stringify(path)})
       console.log(round)
     }`,
  )
  const session = openStorage()
  const rounds: string[] = []
  let leftovers = 0
  for (let time = 0; time < 6; time++) {
    const writer = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] })
    await new Promise<void>((resolve) => writer.stdout.once('data', () => resolve()))
    await new Promise((resolve) => setTimeout(resolve, 37 * time))
    writer.kill('SIGKILL')
    await new Promise((resolve) => writer.once('close', resolve))
    const seen = await session.expand(path)
    leftovers += readdirSync(path).length - seen.length
    const ids = new Set(seen.map((name) => name.slice(path.length, path.length + 36)))
    expect(ids.size).toBe(1)
    let rows = 0
    for (const name of seen) {
      const source = session.open(name)
      const text = new TextDecoder().decode(await source.read(0, (await source.stat()).size))
      const lines = text.trim().split('\n').slice(1)
      rows += lines.length
      rounds.push(...new Set(lines.map((line) => line.split(',')[0]!)))
    }
    expect(rows).toBe(20_000)
    expect(new Set(rounds.splice(0)).size).toBe(1)
  }
  expect(leftovers).toBeGreaterThan(0)
})

function bound(storage: Storage): object {
  return {
    label: storage.label,
    list: storage.list.bind(storage),
    read: storage.read.bind(storage),
    write: storage.write.bind(storage),
  }
}
