import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { connect } from '../connect.ts'
import { col } from '../expr/col.ts'

test('the program of docs/writing.md prints what stands below it', async () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/writing.md'), 'utf8')
  const program = /```ts\n(.*?)```/s.exec(text)![1]!
  const expected = /```text\n(.*?)```/s.exec(text)![1]!
  const printed: string[] = []
  const workerUrl = new URL('../../dist/worker/engine-node.js', import.meta.url)
  const show = (value: unknown): string => (typeof value === 'string' ? value : inspect(value))
  const console = { log: (...values: unknown[]) => printed.push(values.map(show).join(' ')) }
  const body = program.replace(/^import .*$/m, '').replace('await using db', 'const db')
  const AsyncFunction = (async () => {}).constructor as new (
    ...names: string[]
  ) => (...values: unknown[]) => Promise<void>
  await new AsyncFunction('connect', 'col', 'console', `${body}\nawait db.close()`)(
    () => connect({ workerUrl }),
    col,
    console,
  )
  expect(`${printed.join('\n')}\n`).toBe(expected)
})
