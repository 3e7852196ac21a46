import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { connect } from '../connect.ts'

/** Programs, and what the text says they print. */
const text = readFileSync(join(import.meta.dirname, '../../docs/formats.md'), 'utf8')
const programs = [...text.matchAll(/```ts\n(.*?)```\n\nprints\n\n```text\n(.*?)```/gs)].map(
  ([, program, expected]): [string, string] => [program!, expected!],
)

test('every program is there with what it prints', () => {
  expect(programs.length).toBeGreaterThan(0)
  expect(programs).toHaveLength(text.split('```ts\n').length - 1)
})

test.each(programs)('a program of docs/formats.md prints what stands below it', async (program, expected) => {
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
