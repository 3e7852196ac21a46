import { readFile, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { filesOf, root, run, say, tool } from './shell.mjs'

/** Writes the declarations into a folder and keeps those that the entry points reach. @param {string} dir */
export const declare = async (dir) => {
  const { code } = await run(tool('tsc', '-p', 'tsconfig.build.json', '--outDir', dir), { quiet: true })
  if (code !== 0) say('the sources have type errors: npm run check lists them')
  const reached = new Set()
  const pending = ['index.d.ts', 'functions.d.ts', 'testing.d.ts', 'edge/cloudflare.d.ts', 'edge/signer.d.ts'].map(
    (name) => join(root, dir, name),
  )
  for (let file = pending.pop(); file; file = pending.pop()) {
    if (reached.has(file)) continue
    reached.add(file)
    const text = await readFile(file, 'utf8')
    for (const [, path = ''] of text.matchAll(/(?:from|import)\s*\(?['"](\.[^'"]+)['"]/g)) {
      pending.push(resolve(dirname(file), path.replace(/(\.d)?\.[jt]s$/, '.d.ts')))
    }
  }
  for (const path of await filesOf([dir])) {
    if (path.endsWith('.d.ts') && !reached.has(join(root, path))) await rm(join(root, path))
  }
}
