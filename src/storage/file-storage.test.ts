import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'vite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { failure } from './conformance.ts'
import { withFileLock } from './file-lock.ts'
import { fileStorage } from './file-storage.ts'
import { inFileTurn } from './file-turn.ts'
import { testStorage } from './storage-suite.ts'

const root = mkdtempSync(join(tmpdir(), 'lakefront-storage-'))
const children: ChildProcess[] = []
let folders = 0

beforeAll(async () => {
  await build({
    logLevel: 'silent',
    configFile: false,
    build: {
      lib: { entry: join(import.meta.dirname, 'fixtures/file-writer.ts'), formats: ['es'], fileName: 'writer' },
      outDir: root,
      emptyOutDir: false,
      minify: false,
    },
  })
})
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(root, { recursive: true })
})

testStorage('a folder on disk', (index) => () => fileStorage(join(root, `${index} #folder`)))
testStorage('a file: URL', (index) => () => fileStorage(pathToFileURL(join(root, `${index} url#`)).href))

/** Another process, once it says that it has begun. */
async function begin(...args: string[]): Promise<ChildProcess> {
  const child = start(...args)
  await once(child.stdout!, 'data')
  return child
}

function start(...args: string[]): ChildProcess {
  const script = readdirSync(root).find((name) => name.startsWith('writer.'))!
  const child = spawn(process.execPath, [join(root, script), ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  return child
}

async function kill(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}

const folder = (): string => {
  const path = join(root, `case-${folders++}`)
  mkdirSync(path)
  return path
}

test('compare-and-swap by several processes loses no update', async () => {
  const path = folder()
  writeFileSync(join(path, 'counter'), '0000')
  const exits = await Promise.all([1, 2, 3].map(() => once(start('count', path, '30'), 'exit')))
  expect(exits).toEqual([1, 2, 3].map(() => [0, null]))
  expect(readFileSync(join(path, 'counter'), 'utf8')).toBe('0090')
  expect(readdirSync(path)).toEqual(['counter'])
})

test('a process that is killed while it writes leaves what was there, and its draft is swept after a day', async () => {
  const path = folder()
  const storage = fileStorage(path)
  const { etag } = await storage.write('object', new Uint8Array([1]))
  await kill(await begin('endless', path))
  expect(await storage.stat('object')).toEqual({ size: 1, etag })
  const listed = []
  for await (const entry of storage.list()) listed.push(entry)
  expect(listed).toEqual([{ kind: 'object', key: 'object', size: 1, etag, modified: expect.any(Number) }])
  const draft = readdirSync(path).find((name) => name !== 'object')
  expect(draft).toMatch(/^\.lakefront-.*\.tmp$/)
  await fileStorage(path).write('other', new Uint8Array(1))
  expect(existsSync(join(path, draft!))).toBe(true)
  utimesSync(join(path, draft!), 1, 1)
  await fileStorage(path).write('other', new Uint8Array(1))
  expect(readdirSync(path).toSorted()).toEqual(['object', 'other'])
})

test('the lock of a process that died is broken at once', async () => {
  const lock = join(folder(), 'lock')
  await kill(await begin('lock', lock))
  const began = performance.now()
  expect(existsSync(lock)).toBe(true)
  const turns = await Promise.all([1, 2, 3, 4].map((turn) => withFileLock(lock, 'object', () => turn)))
  expect(turns).toEqual([1, 2, 3, 4])
  expect(performance.now() - began).toBeLessThan(5000)
  expect(existsSync(lock)).toBe(false)
})

test('the lock of a process that only stands still is respected, until it ends', async () => {
  const lock = join(folder(), 'lock')
  const child = await begin('lock', lock)
  child.kill('SIGSTOP')
  const options = { waitMilliseconds: 500, staleMilliseconds: 50 }
  expect(await failure(withFileLock(lock, 'object', () => 0, options))).toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining(String(child.pid)),
  })
  await kill(child)
  expect(await withFileLock(lock, 'object', () => 'mine', options)).toBe('mine')
})

test('who died while breaking a lock keeps nobody from it, also when the clock has gone back since', async () => {
  const lock = join(folder(), 'lock')
  await kill(await begin('lock', lock))
  writeFileSync(`${lock}.breaking`, '')
  const later = Date.now() / 1000 + 3600
  utimesSync(`${lock}.breaking`, later, later)
  expect(await withFileLock(lock, 'object', () => 'mine', { waitMilliseconds: 2000 })).toBe('mine')
})

test.each([
  ['another machine', JSON.stringify({ token: 'x', host: 'elsewhere', pid: 1, began: '' })],
  ['a thread that was ended', undefined],
  ['nobody, as its text is damaged', '{'],
])('the lock of %s is broken when it has not changed for a while', async (_, text) => {
  const lock = join(folder(), 'lock')
  const own = await withFileLock(lock, 'object', () => readFileSync(lock, 'utf8'))
  writeFileSync(lock, text ?? own)
  const began = performance.now()
  expect(await withFileLock(lock, 'object', () => 'mine', { staleMilliseconds: 300 })).toBe('mine')
  expect(performance.now() - began).toBeGreaterThan(290)
})

test('the turn of a process that died is over at once, and that of one that stands still after a while', async () => {
  const path = folder()
  const line = join(path, 'line')
  const turn = (patience: { alive: number; unknown: number }): Promise<string> =>
    inFileTurn(line, async (waited) => `${waited} ${readdirSync(path).length}`, patience)
  await kill(await begin('turn', line))
  expect(readdirSync(path)).toHaveLength(1)
  expect(await turn({ alive: 60_000, unknown: 60_000 })).toBe('true 1')
  const stopped = await begin('turn', line)
  stopped.kill('SIGSTOP')
  expect(await turn({ alive: 300, unknown: 60_000 })).toBe('true 1')
  await kill(stopped)
  await kill(await begin('turn', line))
  writeFileSync(join(path, readdirSync(path)[0]!), '{')
  expect(await turn({ alive: 60_000, unknown: 300 })).toBe('true 1')
  expect(readdirSync(path)).toEqual([])
})

test('where nothing can be written nobody waits for a turn', async () => {
  const storage = fileStorage(join(folder(), 'is not there'))
  expect(await storage.inTurn!('object', async (waited) => waited)).toBe(false)
})

test.skipIf(process.platform === 'win32')('a full disk is QUOTA_EXCEEDED, and nothing changed', async () => {
  const path = folder()
  writeFileSync(join(path, 'object'), 'old')
  const script = readdirSync(root).find((name) => name.startsWith('writer.'))!
  const limited = `ulimit -f 2000; exec "${process.execPath}" "${join(root, script)}" large "${path}" 100`
  const child = spawn('sh', ['-c', limited], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (text) => (output += String(text)))
  expect(await once(child, 'close')).toEqual([0, null])
  expect(output).toContain('QUOTA_EXCEEDED')
  expect(readFileSync(join(path, 'object'), 'utf8')).toBe('old')
  expect(readdirSync(path)).toEqual(['object'])
})

test('what is a folder on disk is no object, and cannot become one', async () => {
  const path = folder()
  const storage = fileStorage(path)
  await storage.write('a/b', new Uint8Array(1))
  expect(await failure(storage.stat('a'))).toMatchObject({ code: 'NOT_FOUND' })
  for (const key of ['a', 'a/b/c']) {
    expect(await failure(storage.write(key, new Uint8Array(1)))).toMatchObject({ code: 'UNSUPPORTED' })
    await storage.remove(key)
  }
  for (const key of ['_overwrite.json', 'k=1/c']) {
    expect(await failure(fileStorage(join(path, 'a/b')).write(key, new Uint8Array(1)))).toMatchObject({
      message: `"${join(path, 'a/b')}" is a file, so that nothing can be below it. Remove it, or write to another name.`,
    })
  }
  expect((await storage.stat('a/b')).size).toBe(1)
  symlinkSync('round', join(path, 'round'))
  expect(await failure(storage.write('round/a', new Uint8Array(1)))).toMatchObject({
    message: expect.stringContaining('its symbolic links lead round in a circle'),
  })
  symlinkSync('nowhere', join(path, 'broken'))
  const keys = []
  for await (const { key } of storage.list()) keys.push(key)
  expect(keys).toEqual(['a/b'])
})
