import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from '../../.ci/shell.mjs'

/**
 * The stores that tests of storage use, for a program that is no test.
 * @returns {Promise<Pick<typeof import('../../src/storage/fixtures/s3-store.ts'), 'S3Store'> & Pick<typeof import('../../src/storage/fixtures/s3-account.ts'), 'account'> & Pick<typeof import('../../src/storage/fixtures/real-stores.ts'), 'startAzurite' | 'bucket'>>}
 */
export const loadTestStores = async () => {
  const { build } = await import('rolldown')
  // As deep as the sources are: one of them looks for programs from where it is.
  const dir = join(root, '.cache/bench/stores')
  const input = Object.fromEntries(
    ['s3-store', 's3-account', 'real-stores'].map((name) => [name, `src/storage/fixtures/${name}.ts`]),
  )
  await build({
    cwd: root,
    input,
    platform: 'node',
    logLevel: 'silent',
    output: { dir, entryFileNames: '[name].mjs', chunkFileNames: '[name].mjs' },
  })
  const modules = Object.keys(input).map((name) => import(pathToFileURL(join(dir, `${name}.mjs`)).href))
  return Object.assign({}, ...(await Promise.all(modules)))
}
