import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { run } from '../../.ci/shell.mjs'
import { compile, type Consumer, countsByKind, installConsumer, writeRows } from './install.ts'

let consumer: Consumer

beforeAll(async () => {
  consumer = await installConsumer('node-script')
  await writeRows(join(consumer.folder, 'rows.parquet'))
})
afterAll(() => consumer?.[Symbol.asyncDispose]())

it('answers from memory and from a Parquet file, and lets the process end', async () => {
  // Node 20 strips no types and has no "await using": the script is compiled, as its author would.
  await compile(consumer, 'nodenext', { emit: true })
  const { code, output } = await run([process.execPath, 'main.js', 'rows.parquet'], {
    quiet: true,
    cwd: consumer.folder,
    timeout: 60_000,
  })
  expect(output).toMatch(/^\{.*\}\n$/)
  expect(JSON.parse(output)).toEqual({ answer: 42, byKind: countsByKind, fromText: [{ last: 'row 0999' }] })
  expect(code).toBe(0)
})

it('has types that hold without skipLibCheck', async () => {
  await expect(compile(consumer, 'nodenext')).resolves.toBe('')
})

it('offers the command', async () => {
  const { code, output } = await run(
    ['npx', '--no-install', 'lakefront', 'sql', 'SELECT 6 * 7 AS answer', '--format', 'csv'],
    {
      quiet: true,
      cwd: consumer.folder,
      timeout: 60_000,
    },
  )
  expect(output).toContain('answer\n42\n')
  expect(code).toBe(0)
})

it('installs neither the official engine package nor what the workers bundle', async () => {
  for (const name of ['@duckdb', 'parquet-wasm', 'comlink']) {
    await expect(access(join(consumer.folder, 'node_modules', name)), name).rejects.toThrow('ENOENT')
  }
})
