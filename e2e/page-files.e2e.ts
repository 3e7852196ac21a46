import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { connect } from 'lakefront'
import type { Browser, Page } from 'playwright'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { openBrowser } from './browser.ts'
import { type Oracle, openOracle } from './oracle.ts'
import { serveDemo, type Site } from './site.ts'
import { atRest, gridRows, query, visit, type Visit } from './visit.ts'

let browser: Browser
let site: Site
let oracle: Oracle
let folder: string
let open: Visit | undefined

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lakefront-page-'))
  ;[browser, site, oracle] = await Promise.all([openBrowser(), serveDemo(), openOracle()])
  await oracle.run(`COPY (SELECT i AS id, 'name ' || i AS "full name", i * 1.25::DECIMAL(9, 2) AS price FROM range(1000) t(i))
    TO '${join(folder, "it's mine.parquet").replaceAll("'", "''")}'`)
  await writeFile(join(folder, 'letter.parquet'), 'Dear reader, this is no Parquet file at all.')
})

afterAll(async () => {
  await browser?.close()
  await site?.close()
  oracle?.close()
  await rm(folder, { recursive: true, force: true })
})

afterEach(async () => {
  await open?.closeClean()
  open = undefined
})

const enter = async (): Promise<Visit> => (open = await visit(browser, site.url))

const listed = (page: Page, name: string) => page.locator('.file', { hasText: name })

const rowsOfMine = [['999', 'name 999', '1248.75']]
const lastOfMine = `SELECT * FROM 'it''s mine.parquet' ORDER BY id DESC LIMIT 1`

it('lists the sample with its columns; a click inserts a name', async () => {
  const { page } = await enter()
  const columns = listed(page, 'flights-3m.parquet').locator('.columns button')
  await columns.first().waitFor()
  expect(await columns.locator('.name').allInnerTexts()).toEqual(['date', 'delay', 'distance', 'origin', 'destination'])
  expect(await columns.locator('.type').allInnerTexts()).toEqual([
    'TIMESTAMP',
    'BIGINT',
    'BIGINT',
    'VARCHAR',
    'VARCHAR',
  ])
  await query(page, 'SELECT 1')
  await page.keyboard.press('Control+End')
  await page.keyboard.type(' AS ')
  await columns.filter({ hasText: 'delay' }).click()
  expect(await page.getByRole('textbox', { name: 'SQL', exact: true }).innerText()).toBe('SELECT 1 AS delay')
})

it('opens a local file, queries it, and knows it after a reload', async () => {
  const { page } = await enter()
  await page.locator('#file-input').setInputFiles(join(folder, "it's mine.parquet"))
  await listed(page, "it's mine").locator('.columns button').first().waitFor()
  await atRest(page)
  expect((await gridRows(page)).header).toEqual(['id', 'full name', 'price'])
  expect(await query(page, lastOfMine)).toBe('done')
  expect((await gridRows(page)).rows).toEqual(rowsOfMine)
  await page.reload()
  await listed(page, "it's mine").locator('.columns button').first().waitFor()
  await page.locator('#run-sql').click()
  expect(await atRest(page)).toBe('done')
  expect((await gridRows(page)).rows).toEqual(rowsOfMine)
  await page.getByRole('button', { name: /Remove it's mine/ }).click()
  await listed(page, "it's mine").waitFor({ state: 'detached' })
  expect(await query(page, lastOfMine)).toBe('error')
})

it('takes a file that is dropped on the page', async () => {
  const { page } = await enter()
  const bytes = [...(await readFile(join(folder, "it's mine.parquet")))]
  const data = await page.evaluateHandle((content) => {
    const transfer = new DataTransfer()
    transfer.items.add(new File([new Uint8Array(content)], 'dropped.parquet'))
    return transfer
  }, bytes)
  await page.dispatchEvent('body', 'dragenter', { dataTransfer: data })
  expect(await page.locator('#drop').isVisible()).toBe(true)
  await page.dispatchEvent('body', 'drop', { dataTransfer: data })
  expect(await page.locator('#drop').isVisible()).toBe(false)
  await listed(page, 'dropped.parquet').locator('.columns button').first().waitFor()
  expect(await query(page, `SELECT sum(price) AS total FROM 'dropped.parquet'`)).toBe('done')
  expect((await gridRows(page)).rows).toEqual([['624375.00']])
})

it('opens CSV, JSON, Avro and Arrow, too', async () => {
  const texts = {
    'mine.csv': 'id,name\n1,"a, b"\n2,\n',
    'mine.ndjson': '{"id": 1, "name": "a, b"}\n{"id": 2, "name": null}\n',
    'mine.json': '[{"id": 1, "name": "a, b"}, {"id": 2}]',
    'mine.csv.gz': gzipSync('id;name\n1;"a, b"\n2;\n'),
  }
  for (const [name, text] of Object.entries(texts)) await writeFile(join(folder, name), text)
  const db = await connect()
  for (const format of ['avro', 'arrow'] as const) {
    await db.read
      .json(join(folder, 'mine.json'))
      .write.format(format)
      .save(join(folder, `mine.${format}`))
  }
  await db.close()
  const { page } = await enter()
  for (const name of [...Object.keys(texts), 'mine.avro', 'mine.arrow']) {
    await page.locator('#file-input').setInputFiles(join(folder, name))
    const entry = page.locator('.file', { has: page.getByRole('button', { name, exact: true }) })
    await entry.locator('.columns button').first().waitFor()
    expect(await atRest(page), name).toBe('done')
    const { header, rows } = await gridRows(page)
    expect([name, header, ...rows]).toEqual([name, ['id', 'name'], ['1', 'a, b'], ['2', 'NULL']])
  }
})

it('says of a file that it cannot be read, and goes on', async () => {
  const { page } = await enter()
  await page.locator('#file-input').setInputFiles(join(folder, 'letter.parquet'))
  await listed(page, 'letter.parquet').locator('.bad').waitFor()
  expect(await listed(page, 'letter.parquet').locator('.bad').innerText()).toMatch(/Parquet/)
  expect(await query(page, 'SELECT 1 AS one')).toBe('done')
})
