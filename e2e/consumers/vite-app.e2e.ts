import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createServer } from 'vite'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { serve } from '../../.ci/serve.mjs'
import { openBrowser } from '../browser.ts'
import { compile, type Consumer, countsByKind, installConsumer, writeRows } from './install.ts'

let consumer: Consumer

beforeAll(async () => {
  consumer = await installConsumer('vite-app')
  await mkdir(join(consumer.folder, 'public'))
  await writeRows(join(consumer.folder, 'public/rows.parquet'))
})
afterAll(() => consumer?.[Symbol.asyncDispose]())

const expected = { answer: [{ answer: 42 }], byKind: countsByKind }

/** What the application shows in a browser once it is done. */
async function answerOf(url: string): Promise<unknown> {
  const browser = await openBrowser()
  try {
    const page = await browser.newPage()
    await page.goto(url)
    await page.locator('html[data-state]').waitFor({ state: 'attached' })
    return JSON.parse(await page.locator('body').innerText())
  } finally {
    await browser.close()
  }
}

it('builds with Vite as it comes and answers in a browser under a strict policy', async () => {
  const log = await consumer.runTool('vite/bin/vite.js', 'build', '--target', 'es2022')
  expect(log).not.toMatch(/warn|externalized|doesn't exist/i)
  const site = await serve({ root: join(consumer.folder, 'dist') })
  try {
    expect(await answerOf(site.url)).toEqual(expected)
  } finally {
    await site.close()
  }
})

it('answers in the development server of Vite as it comes', async () => {
  const server = await createServer({
    root: consumer.folder,
    logLevel: 'error',
    server: { port: 0, host: '127.0.0.1' },
  })
  try {
    await server.listen()
    expect(await answerOf(server.resolvedUrls?.local[0] ?? '')).toEqual(expected)
  } finally {
    await server.close()
  }
})

it('ships each engine file and each worker once, and nothing meant for Node', async () => {
  const names = (await readdir(join(consumer.folder, 'dist/assets'))).map((name) => name.replace(/-[\w-]{8}\./, '.'))
  const shipped = names.filter((name) => /\.wasm$|engine|decode|node/.test(name))
  expect(shipped.sort()).toEqual(['decode.js', 'duckdb-eh.wasm', 'engine.js', 'parquet_wasm_bg.wasm'])
})

it('has types that hold without skipLibCheck', async () => {
  await expect(compile(consumer, 'bundler')).resolves.toBe('')
})
