import { expect, test } from 'vitest'
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
