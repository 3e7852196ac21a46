import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root, run, say, tool } from './shell.mjs'

/*
 * Runs the cases of storage on every driver and writes which kept what into `docs/storage.md`. By hand, after a change of drivers or cases:
 * `node .ci/storage-matrix.mjs`. The library must be built, and the stores be installed, which `npm test` does.
 */

const path = join(root, 'docs/storage.md')
const [start, end] = ['<!-- matrix -->', '<!-- end of matrix -->']

/** Tests that run all cases by themselves. @type {Record<string, string>} */
const whole = {
  'Firefox opfs: in a page keeps all promises': 'Firefox, opfs: in a page',
  'Firefox opfs: in a worker keeps all promises': 'Firefox, opfs: in a worker',
  'a folder that the user picked is kept beyond a reload, and keeps all promises, in pages and workers':
    'Chromium, a picked folder',
  'a store of another origin keeps all promises once it allows the page': 'Chromium, S3 of another origin',
}

/** @param {string} project @param {string[]} files @returns {Promise<{ titles: string[], title: string, mark: string }[]>} */
const resultsOf = async (project, files) => {
  say(`cases of storage: ${project}`)
  const output = join(root, `.cache/matrix-${project}.json`)
  const reporter = ['--reporter=json', `--outputFile=${output}`]
  await run(tool('vitest', 'run', '--project', project, ...files, ...reporter), { quiet: true })
  /** @type {{ testResults: { assertionResults: { ancestorTitles: string[], title: string, status: string }[] }[] }} */
  const { testResults } = JSON.parse(await readFile(output, 'utf8'))
  return testResults.flatMap(({ assertionResults }) =>
    assertionResults.map(({ ancestorTitles, title, status }) => ({
      titles: ancestorTitles,
      title,
      mark: status === 'passed' ? '✓' : '✗',
    })),
  )
}

const { storageCases } = await import(new URL('../dist/testing.js', import.meta.url).href)
/** @type {string[]} */
const names = storageCases.map((/** @type {{ name: string }} */ { name }) => name)

/** @type {Map<string, Map<string, string>>} */
const drivers = new Map()
/** @param {string} driver @param {string} name @param {string} mark */
const keep = (driver, name, mark) => drivers.set(driver, (drivers.get(driver) ?? new Map()).set(name, mark))

const results = [
  ...(await resultsOf('unit', ['src/storage', 'src/edge'])),
  ...(await resultsOf('e2e', ['e2e/storage.e2e.ts'])),
]
for (const { titles, title, mark } of results) {
  const all = whole[[...titles, title].join(' ')]
  if (all !== undefined) for (const name of names) keep(all, name, mark)
  const suite = titles.find((one) => one.endsWith(' keeps the promises of storage'))
  const inline = /^(R2 in workerd|opfs: in a \w+): (.*)$/.exec(title)
  if (suite !== undefined) keep(suite.replace(' keeps the promises of storage', ''), title, mark)
  else if (inline?.[1]?.startsWith('opfs:')) keep(`Chromium, ${inline[1]}`, inline[2] ?? '', mark)
  else if (inline) keep(inline[1] ?? '', inline[2] ?? '', mark)
}

const rows = [...drivers].map(
  ([driver, marks]) => `| ${driver} | ${names.map((name) => marks.get(name) ?? '–').join(' | ')} |`,
)
const table = [
  `| | ${names.map((_, index) => index + 1).join(' | ')} |`,
  `|---|${names.map(() => '---').join('|')}|`,
  ...rows,
  '',
  ...names.map((name, index) => `${index + 1}. ${name}`),
]
const text = await readFile(path, 'utf8')
await writeFile(path, `${text.split(start)[0]}${start}\n\n${table.join('\n')}\n\n${end}${text.split(end)[1]}`)
