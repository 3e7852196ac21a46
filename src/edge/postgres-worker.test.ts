import { fileURLToPath } from 'node:url'
import { Miniflare } from 'miniflare'
import { rolldown } from 'rolldown'
import type { InputOptions } from 'rolldown'
import { expect, test } from 'vitest'
import { missingPostgres, postgresCluster } from '../engine/fixtures/postgres-cluster.ts'

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** The modules that a file is bundled to; what is of the host, or optional, is left alone. */
async function modules(input: string, conditionNames: readonly string[]): Promise<{ name: string; code: string }[]> {
  const options: InputOptions = {
    input,
    platform: 'node',
    external: (id) => /^(node:|cloudflare:|@electric-sql|@sqlite.org|@duckdb|pg-native)/.test(id),
    resolve: { conditionNames: [...conditionNames, 'default'] },
    logLevel: 'silent',
  }
  const bundle = await rolldown(options)
  const { output } = await bundle.generate({ format: 'esm' })
  // A Worker's modules have no address to require from.
  return output.flatMap((part) =>
    part.type === 'chunk'
      ? [{ name: part.fileName, code: part.code.replaceAll('import.meta.url', '"file:///worker.js"') }]
      : [],
  )
}

test('PostgreSQL answers a Worker, which has the library as its module "pg"', async ({ skip }) => {
  const missing = missingPostgres()
  if (missing !== undefined) skip(missing)
  const own = await modules(at('fixtures/postgres-worker.ts'), ['workerd', 'import'])
  const [library] = await modules(at('../../node_modules/pg/lib/index.js'), ['workerd', 'require'])
  const all = [...own, { name: 'pg', code: library!.code }]
  const cluster = await postgresCluster()
  const workerd = new Miniflare({
    compatibilityDate: '2026-01-01',
    compatibilityFlags: ['nodejs_compat'],
    modulesRoot: '/',
    modules: all.map(({ name, code }) => ({ type: 'ESModule', path: `/${name}`, contents: code })),
  })
  try {
    for (let request = 1; request <= 2; request++) {
      const body = JSON.stringify({ target: cluster.address })
      const response = await workerd.dispatchFetch('http://worker/', { method: 'POST', body })
      expect(JSON.parse(await response.text())).toEqual({
        inserted: 1,
        rows: [{ id: 2, name: 'Bob' }],
        kept: Array.from({ length: request }, () => '9007199254740993'),
        missing: 'TABLE_NOT_FOUND',
      })
    }
  } finally {
    await workerd.dispose()
    cluster.stop()
  }
})
