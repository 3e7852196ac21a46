import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { root, run } from '../../.ci/shell.mjs'

it('the repository itself can import the built package by its name', async () => {
  const script = `
    import { connect } from 'lakefront'
    import { count } from 'lakefront/functions'
    const db = await connect()
    console.log(typeof count, JSON.stringify(await db.sql('SELECT 6 * 7 AS answer').collect()))
    await db.close()`
  const { code, output } = await run([process.execPath, '--input-type=module', '--eval', script], { quiet: true })
  expect(output).toBe('function [{"answer":42}]\n')
  expect(code).toBe(0)
})

it('every entry point of the exports map is there', async () => {
  const { exports, bin } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const paths = [...Object.values(exports), ...Object.values(bin)].flatMap((entry) =>
    typeof entry === 'string' ? [entry] : Object.values(entry as object),
  )
  expect(paths.length).toBeGreaterThan(4)
  for (const path of paths) await expect(readFile(join(root, path)), path).resolves.toBeDefined()
})
