import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from './shell.mjs'

/** The folder of the innermost package a module lies in, or undefined for our own and the bundler's. @param {string} id */
const packageFolder = (id) => /^(?!\0)(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/.exec(id)?.[1]

/** @param {string} folder */
const describe = async (folder) => {
  const { name, version, license, repository } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
  const names = (await readdir(folder)).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file)).sort()
  const texts = await Promise.all(names.map((file) => readFile(join(folder, file), 'utf8')))
  const source = String(repository?.url ?? repository ?? '').replace(/^git\+/, '')
  return [`${name} ${version}`, `License: ${license}`, source, ...texts.map((text) => `\n${text.trim()}`)].join('\n')
}

/**
 * Writes which packages the published files contain, and their licenses, which ask to travel with them.
 * @param {Iterable<string>} modules the files that were bundled @param {readonly string[]} copied packages of copied files
 * @param {string} target
 */
export const writeLicenses = async (modules, copied, target) => {
  const bundled = [...modules].flatMap((id) => packageFolder(id) ?? [])
  const folders = new Set([...bundled, ...copied.map((name) => join(root, 'node_modules', name))])
  const texts = await Promise.all([...folders].sort().map(describe))
  await writeFile(target, `${texts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`)
}
