import { access, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { root, run, say } from './shell.mjs'

/** Where `src/storage/fixtures/real-stores.ts` looks for the servers that storage is tested against. */
const storesFolder = join(root, '.cache/stores')

/** @type {Record<'versitygw' | 'moto' | 'azurite', { path: string, install: string[][], env?: Record<string, string> }>} */
const stores = {
  versitygw: {
    path: join(storesFolder, 'versitygw'),
    install: [['go', 'install', 'github.com/versity/versitygw/cmd/versitygw@v1.7.0']],
    env: { GOBIN: storesFolder, GOFLAGS: '-p=2' },
  },
  azurite: {
    path: join(storesFolder, 'azurite/node_modules/azurite/dist/src/blob/main.js'),
    install: [
      ['npm', 'install', '--prefix', join(storesFolder, 'azurite'), '--no-audit', '--no-fund', 'azurite@3.35.0'],
    ],
  },
  moto: {
    path: join(storesFolder, 'python/bin/moto_server'),
    install: [
      ['python3', '-m', 'venv', join(storesFolder, 'python')],
      [join(storesFolder, 'python/bin/pip'), 'install', '--quiet', 'moto[server]==5.2.5'],
    ],
  },
}

/** Installs what is missing; a machine without Go or Python goes on, and the tests that need them are named as skipped. */
export const ensureStores = async () => {
  await mkdir(storesFolder, { recursive: true })
  for (const name of /** @type {const} */ (['versitygw', 'moto', 'azurite'])) {
    const isThere = await access(stores[name].path).then(
      () => true,
      () => false,
    )
    if (isThere) continue
    say(`installing ${name}, a store to test against`)
    for (const command of stores[name].install) {
      const { code, output } = await run(command, { quiet: true, timeout: 600_000, env: stores[name].env ?? {} })
      if (code === 0) continue
      say(`${name} is not available here: "${command[0]}" failed. ${output.trim().split('\n').at(-1) ?? ''}`)
      break
    }
  }
}
