import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { architectureViolations, countLines } from '../.ci/architecture.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

function sources(): Map<string, string> {
  const paths = ['src', 'worker'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((path) =>
      join(folder, path).replaceAll('\\', '/'),
    ),
  )
  const kept = paths.filter((path) => path.endsWith('.ts') && !/\.(test|test-d)\.ts$|\/fixtures\//.test(path))
  return new Map(kept.map((path) => [path, readFileSync(join(root, path), 'utf8')]))
}

/** Which rules the planted files break, and in which file. */
function rulesBroken(files: Record<string, string>): string[] {
  return architectureViolations(new Map(Object.entries(files))).map(({ rule, file }) => `${rule} ${file}`)
}

describe('the architecture', () => {
  it('is kept by every file', () => {
    const files = sources()
    expect(files.size).toBeGreaterThan(0)
    expect(architectureViolations(files)).toEqual([])
  })

  afterAll(() => {
    for (const [path, code] of sources()) {
      const lines = countLines(path, code)
      if (lines > 350) process.emitWarning(`${path} has ${lines} lines of code; aim below 350.`)
    }
  })
})

describe('the check of the architecture', () => {
  it('sees an import of a higher floor, as a value and as a type', () => {
    expect(rulesBroken({ 'src/types/a.ts': `import { x } from '../plan/x.ts'\nexport const a = x` })).toEqual([
      '1 src/types/a.ts',
    ])
    expect(rulesBroken({ 'src/types/a.ts': `import type { X } from '../plan/x.ts'\nexport type A = X` })).toEqual([
      '1 src/types/a.ts',
    ])
    expect(rulesBroken({ 'src/plan/a.ts': `import { x } from '../types/x.ts'\nexport const a = x` })).toEqual([])
  })

  it('sees imports between neighbours, re-exports, dynamic imports and import types', () => {
    expect(rulesBroken({ 'src/expr/a.ts': `import { x } from '../storage/x.ts'\nexport const a = x` })).toHaveLength(1)
    expect(rulesBroken({ 'src/plan/a.ts': `export { x } from '../sql/x.ts'\nexport const a = 1` })).toHaveLength(1)
    expect(rulesBroken({ 'src/plan/a.ts': `export const a = () => import('../sql/x.ts')` })).toHaveLength(1)
    expect(rulesBroken({ 'src/plan/a.ts': `export type A = import('../sql/x.ts').X` })).toHaveLength(1)
  })

  it('lets the types of an interface go anywhere, its values not', () => {
    expect(
      rulesBroken({ 'src/plan/a.ts': `import type { Engine } from '../engine/engine.ts'\nexport type A = Engine` }),
    ).toEqual([])
    expect(
      rulesBroken({ 'src/plan/a.ts': `import { type Engine } from '../engine/engine.ts'\nexport type A = Engine` }),
    ).toEqual([])
    expect(
      rulesBroken({ 'src/plan/a.ts': `import { engine } from '../engine/engine.ts'\nexport const a = engine` }),
    ).toHaveLength(1)
  })

  it('lets rpc take values from errors and types only', () => {
    expect(rulesBroken({ 'src/rpc/a.ts': `import { x } from '../errors.ts'\nexport const a = x` })).toEqual([])
    expect(rulesBroken({ 'src/rpc/a.ts': `import { x } from '../engine/choose.ts'\nexport const a = x` })).toHaveLength(
      1,
    )
  })

  it('sees a folder without a place, and an import from outside of src', () => {
    expect(rulesBroken({ 'src/extras/a.ts': 'export const a = 1' })).toEqual(['1 src/extras/a.ts'])
    expect(rulesBroken({ 'src/plan/a.ts': `import { x } from '../../bench/x.ts'\nexport const a = x` })).toHaveLength(1)
  })

  it('sees a library that is imported from two folders', () => {
    const files = {
      'src/types/a.ts': `import { Table } from 'apache-arrow'\nexport const a = Table`,
      'src/frame/b.ts': `import type { Table } from 'apache-arrow/table'\nexport type B = Table`,
    }
    expect(rulesBroken(files)).toEqual(['2 src/types/a.ts, src/frame/b.ts'])
    expect(
      rulesBroken({ ...files, 'src/frame/b.ts': `import { readFile } from 'node:fs'\nexport const b = readFile` }),
    ).toEqual([])
  })

  it('sees src importing a worker', () => {
    expect(rulesBroken({ 'src/connect.ts': `import '../worker/engine.ts'` })).toEqual(['3 src/connect.ts'])
  })

  it('sees barrels and folders without a subject', () => {
    expect(rulesBroken({ 'src/plan/index.ts': `export * from './a.ts'\nexport { b } from './b.ts'` })).toEqual([
      '4 src/plan/index.ts',
    ])
    expect(rulesBroken({ 'src/index.ts': `export { b } from './connect.ts'` })).toEqual([])
    expect(rulesBroken({ 'src/plan/utils/a.ts': 'export const a = 1' })).toEqual(['4 src/plan/utils/a.ts'])
  })

  it('sees module-level state and side effects on import', () => {
    for (const code of [
      'let a = 1\nexport const b = () => (a += 1)',
      'export const a = new Map<string, number>()',
      'const a: number[] = []',
      'start()',
    ]) {
      expect(rulesBroken({ 'src/plan/a.ts': code }), code).toEqual(['5 src/plan/a.ts'])
    }
    expect(rulesBroken({ 'src/plan/a.ts': `export const a = new Set(['x'])` })).toEqual([])
    expect(rulesBroken({ 'src/cli/main.ts': 'start()' })).toEqual([])
  })

  it('sees a host asked for by name, but not in a comment', () => {
    expect(rulesBroken({ 'src/plan/a.ts': 'export const a = () => process.versions.node' })).toEqual([
      '6 src/plan/a.ts',
    ])
    expect(rulesBroken({ 'src/plan/a.ts': '// not by navigator.userAgent\nexport const a = 1' })).toEqual([])
  })

  it('sees long files, documentation and tables not counted', () => {
    const statements = (count: number): string =>
      Array.from({ length: count }, (_, i) => `export const a${i} = f(${i})`).join('\n')
    expect(rulesBroken({ 'src/plan/a.ts': statements(501) })).toEqual(['7 src/plan/a.ts'])
    expect(rulesBroken({ 'src/plan/a.ts': statements(500) })).toEqual([])
    const documentation = `/**\n${' * words\n'.repeat(600)} */\n`
    const table = `export const table = {\n${Array.from({ length: 600 }, (_, i) => `  k${i}: [${i}, 'x'],`).join('\n')}\n} as const\n`
    expect(countLines('src/plan/a.ts', documentation + table + statements(3))).toBe(4)
  })
})
