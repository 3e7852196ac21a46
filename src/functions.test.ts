import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { functionsPage } from '../.ci/functions-page.mjs'
import * as functions from './functions.ts'

test('docs/functions.md is what the sources say: node .ci/functions-page.mjs', async () => {
  expect(await readFile(new URL('../docs/functions.md', import.meta.url), 'utf8')).toBe(await functionsPage())
})

test('the page has every function', async () => {
  const page = await functionsPage()
  const lost = Object.keys(functions).filter(
    (name) => !page.includes(`| \`${name}\` |`) && !['col', 'column', 'lit', 'expr', 'when'].includes(name),
  )
  expect(lost).toEqual([])
})
