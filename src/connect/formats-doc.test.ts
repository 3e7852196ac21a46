import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { connect } from '../connect.ts'

test('the program of docs/formats.md prints what stands below it', async () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/formats.md'), 'utf8')
  const program = /```ts\n(.*?)```/s.exec(text)![1]!
  const expected = /```text\n(.*?)```/s.exec(text)![1]!
  const printed: string[] = []
  const people = new Uint8Array(readFileSync(join(import.meta.dirname, '../format/avro/fixtures/foreign/weather.avro')))
  const workerUrl = new URL('../../dist/worker/engine-node.js', import.meta.url)
  const console = { log: (value: unknown) => printed.push(typeof value === 'string' ? value : inspect(value)) }
  const body = program.replace(/^import .*$/m, '').replace('await using db', 'const db')
  const AsyncFunction = (async () => {}).constructor as new (
    ...names: string[]
  ) => (...values: unknown[]) => Promise<void>
  await new AsyncFunction('connect', 'people', 'console', `${body}\nawait db.close()`)(
    () => connect({ workerUrl }),
    people,
    console,
  )
  expect(`${printed.join('\n')}\n`).toBe(expected)
})
