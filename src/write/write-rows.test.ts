import { describe, expect, test } from 'vitest'
import { plainStream } from '../engine/plain-stream.ts'
import type { ResultStream } from '../engine/engine.ts'
import { openStorage } from '../storage/open-storage.ts'
import type { Storage } from '../storage/storage.ts'
import { columnFromValues } from '../types/column-from-values.ts'
import { writeRows } from './write-rows.ts'

const schema = { fields: [{ name: 'x', type: { kind: 'integer' }, nullable: true }] } as const

function rows(...values: readonly number[]): ResultStream {
  const batch = { schema, length: values.length, columns: [columnFromValues({ kind: 'integer' }, values)] }
  return plainStream(schema, [batch], { started: 0 })
}

const task = (url: string): Parameters<typeof writeRows>[1] => ({
  format: 'csv',
  url,
  mode: 'overwrite',
  partitionBy: [],
  options: {},
})

async function contents(storage: Storage): Promise<string[]> {
  const texts: string[] = []
  for await (const { key } of storage.list()) texts.push(new TextDecoder().decode((await storage.read(key)).bytes))
  return texts
}

test('a file that was written over another is not taken away when the write is aborted right after', async () => {
  const session = openStorage()
  const openPlace = (url: string): Storage => session.place(url)
  await writeRows(async () => rows(1), task('memory:/one/file.csv'), { openPlace })
  const controller = new AbortController()
  const stream = rows(2)
  const late: ResultStream = {
    ...stream,
    next: () => stream.next(),
    close: () => stream.close(),
    metrics: async () => {
      controller.abort(new Error('enough'))
      return stream.metrics()
    },
  }
  const written = writeRows(async () => late, task('memory:/one/file.csv'), { openPlace, signal: controller.signal })
  await expect(written).rejects.toThrow('enough')
  expect(await contents(openPlace('memory:/one/'))).toEqual(['x\n2\n'])
})

test('a folder stays what it was when the engine is lost behind the last row', async () => {
  const session = openStorage()
  const openPlace = (url: string): Storage => session.place(url)
  await writeRows(async () => rows(1), task('memory:/all/'), { openPlace })
  const stream = rows(2)
  const lost: ResultStream = {
    ...stream,
    next: () => stream.next(),
    close: () => stream.close(),
    metrics: () => Promise.reject(new Error('The worker is gone.')),
  }
  await expect(writeRows(async () => lost, task('memory:/all/'), { openPlace })).rejects.toThrow('gone')
  expect(await contents(openPlace('memory:/all/'))).toEqual(['x\n1\n'])
})

describe('files of a call that fails', () => {
  const threeFiles = (url: string): Parameters<typeof writeRows>[1] => ({
    ...task(url),
    mode: 'append',
    options: { maxFileBytes: 10 },
  })
  const many = (): ResultStream => rows(...Array.from({ length: 20_000 }, (_, at) => at))

  /** A place whose `fault` has its say before or after each file is written; the files that were begun. */
  function faulty(
    storage: Storage,
    fault: (file: number, write: () => ReturnType<Storage['write']>) => ReturnType<Storage['write']>,
  ): { place: Storage; begun: string[] } {
    const begun: string[] = []
    const write: Storage['write'] = (key, body, options) => {
      begun.push(key)
      return fault(begun.length, () => storage.write(key, body, options))
    }
    return { place: Object.assign(Object.create(storage) as Storage, bound(storage), { write }), begun }
  }

  function bound(storage: Storage): Pick<Storage, 'list' | 'read' | 'remove' | 'stat'> {
    const { list, read, remove, stat } = storage
    return {
      list: list.bind(storage),
      read: read.bind(storage),
      remove: remove.bind(storage),
      stat: stat.bind(storage),
    }
  }

  const failing = new Error('no room')
  test.each([
    [
      'the second of which cannot be written',
      async (file: number, write: () => Promise<never>) => (file === 2 ? Promise.reject(failing) : write()),
    ],
    [
      'the second of which was stored, which nobody heard',
      async (file: number, write: () => Promise<never>) => {
        const written = await write()
        if (file === 2) throw failing
        return written
      },
    ],
  ])('are all removed, %s', async (_, fault) => {
    const session = openStorage()
    const storage = session.place('memory:/out/')
    await storage.write('mine.csv', new TextEncoder().encode('x\n7\n'))
    const { place, begun } = faulty(storage, fault as never)
    await expect(writeRows(async () => many(), threeFiles('memory:/out/'), { openPlace: () => place })).rejects.toBe(
      failing,
    )
    expect(begun.length).toBeGreaterThanOrEqual(2)
    expect(await contents(storage)).toEqual(['x\n7\n'])
  })

  test('are three when nothing fails', async () => {
    const session = openStorage()
    const { place, begun } = faulty(session.place('memory:/out/'), (_, write) => write())
    await writeRows(async () => many(), threeFiles('memory:/out/'), { openPlace: () => place })
    expect(begun).toHaveLength(3)
  })

  test.each([
    ['overwrite', ['x\n2\n']],
    ['error', []],
  ] as const)('in mode %s, when who hears of the progress throws at the last', async (mode, left) => {
    const session = openStorage()
    const openPlace = (url: string): Storage => session.place(url)
    if (mode === 'overwrite') await writeRows(async () => rows(1), task('memory:/one/file.csv'), { openPlace })
    let calls = 0
    const onProgress = (): void => {
      if (++calls === 2) throw failing
    }
    const written = writeRows(async () => rows(2), { ...task('memory:/one/file.csv'), mode }, { openPlace, onProgress })
    await expect(written).rejects.toBe(failing)
    expect(await contents(openPlace('memory:/one/'))).toEqual(left)
  })
})
