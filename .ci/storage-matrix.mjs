import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root, run, say, tool } from './shell.mjs'

/**
 * Runs the cases of storage on every driver and writes which kept what into `docs/storage.md`. By hand, after a change of drivers or cases:
 * `node .ci/storage-matrix.mjs`. The library must be built.
 */
const document = join(root, 'docs/storage.md')
const [start, end] = ['<!-- matrix -->', '<!-- end of matrix -->']

/** @typedef {{ name: string, tests: { assertionResults: { ancestorTitles: string[], title: string, status: string }[] }[] }} Results */

/** @param {string} project @param {string[]} files */
const resultsOf = async (project, files) => {
  say(`cases of storage: ${project}`)
  const output = join(root, `.cache/matrix-${project}.json`)
  await run(tool('vitest', 'run', '--project', project, ...files, '--reporter=json', `--outputFile=${output}`), {
    quiet: true,
  })
  const { testResults } = JSON.parse(await readFile(output, 'utf8'))
  return testResults.flatMap((/** @type {{ assertionResults: object[] }} */ { assertionResults }) => assertionResults)
}

const all = [
  ...(await resultsOf('unit', ['src/storage', 'src/edge'])),
  ...(await resultsOf('e2e', ['e2e/storage.e2e.ts'])),
]

/** @type {Map<string, Map<string, string>>} */
const drivers = new Map()
for (const { ancestorTitles, title, status } of all) {
  const suite = ancestorTitles.find((/** @type {string} */ one) => one.endsWith(' keeps the promises of storage'))
  const inline = /^(R2 in workerd|opfs: in a page|opfs: in a worker): '?(.*?)'?$/.exec(title)
  const driver = suite?.replace(' keeps the promises of storage', '') ?? inline?.[1]
  const name = suite === undefined ? inline?.[2] : title.replace(/^'|'$/g, '')
  if (driver === undefined || name === undefined) continue
  const known = drivers.get(driver) ?? new Map()
  drivers.set(driver, known.set(name, status === 'passed' ? '✓' : '✗'))
}

const { storageCases } = await import(new URL('../dist/testing.js', import.meta.url).href)
/** @param {string} name */
const shown = (name) => (title) => title === name || (title.endsWith('…') && name.startsWith(title.slice(0, -1)))
const lines = [...drivers].map(([driver, known]) => {
  const marks = storageCases.map((/** @type {{ name: string }} */ { name }) => {
    const title = [...known.keys()].find(shown(name))
    return title === undefined ? '–' : known.get(title)
  })
  return `| ${driver} | ${marks.join(' | ')} |`
})
const numbers = storageCases.map((/** @type {unknown} */ _, /** @type {number} */ index) => index + 1)
const table = [
  `| driver | ${numbers.join(' | ')} |`,
  `|---|${numbers.map(() => '---').join('|')}|`,
  ...lines,
  '',
  ...storageCases.map(
    (/** @type {{ name: string }} */ { name }, /** @type {number} */ index) => `${index + 1}. ${name}`,
  ),
].join('\n')

const text = await readFile(document, 'utf8')
const [before] = text.split(start)
const after = text.split(end)[1]
await writeFile(document, `${before}${start}\n\n${table}\n\n${end}${after}`)
