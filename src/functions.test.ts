import { expect, test } from 'vitest'
import { functionsPage } from '../.ci/functions-page.ts'
import * as functions from './functions.ts'

test('docs/functions.md is what the sources say; vitest -u writes it', async () => {
  await expect(await functionsPage()).toMatchFileSnapshot('../docs/functions.md')
})

test('the page has every function', async () => {
  const page = await functionsPage()
  const lost = Object.keys(functions).filter(
    (name) => !page.includes(`| \`${name}\` |`) && !['col', 'column', 'lit', 'expr', 'when'].includes(name),
  )
  expect(lost).toEqual([])
})
