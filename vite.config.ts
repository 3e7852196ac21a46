import { copyFile, mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** Files of the demo that come from packages: path below the built page → path below node_modules. */
const sampleData = { 'flights-3m.parquet': 'vega-datasets/data/flights-3m.parquet' }

/** Serves the sample data in development and copies it beside the built page. */
const withSampleData = (): Plugin => ({
  name: 'lakefront:sample-data',
  configureServer(server) {
    for (const [path, source] of Object.entries(sampleData)) {
      server.middlewares.use(`/${path}`, (request, _response, next) => {
        request.url = `/@fs${at(`node_modules/${source}`)}`
        next()
      })
    }
  },
  async writeBundle(output) {
    for (const [path, source] of Object.entries(sampleData)) {
      const target = `${output.dir}/${path}`
      await mkdir(target.slice(0, target.lastIndexOf('/')), { recursive: true })
      await copyFile(at(`node_modules/${source}`), target)
    }
  },
})

/**
 * Vite builds the demo (`--mode demo`), which imports the package by its public name and gets the built library, and
 * Vitest reads its projects here. The library itself is built by `.ci/build.mjs` with rolldown, Vite's own bundler:
 * in library mode Vite would turn the engine file into a 34 MB data URL.
 */
export default defineConfig(({ mode }) => ({
  ...(mode === 'demo' && {
    root: at('demo'),
    base: './',
    publicDir: at('public'),
    plugins: [withSampleData()],
    resolve: {
      alias: [
        { find: /^lakefront$/, replacement: at('dist/index.js') },
        { find: /^lakefront\/functions$/, replacement: at('dist/functions.js') },
      ],
    },
    build: {
      outDir: at('dist-demo'),
      emptyOutDir: true,
      target: 'es2023',
      assetsInlineLimit: 0,
      reportCompressedSize: false,
      // The playground has DuckDB only.
      rolldownOptions: { external: ['@electric-sql/pglite', '@sqlite.org/sqlite-wasm'] },
    },
    worker: { format: 'es' as const },
  }),
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{src,wasm,worker,demo}/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['e2e/*.e2e.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          maxWorkers: 2,
          // A browser on a busy machine. The summary names what needed its second try.
          retry: process.env['CI'] === 'true' ? 1 : 0,
        },
      },
      {
        test: {
          name: 'consumers',
          include: ['e2e/consumers/*.e2e.ts'],
          testTimeout: 300_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
    ],
  },
}))
