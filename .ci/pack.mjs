import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { root, run } from './shell.mjs'

/** The package as it would be published: what the consumers install and the package checks look into. */
export const tarball = join(root, '.cache/lakefront.tgz')

/** Whether the tarball holds the last build. */
const isPacked = async () => {
  const [packed, built, described] = await Promise.all(
    [tarball, join(root, 'dist/index.js'), join(root, 'package.json')].map((path) => stat(path).catch(() => undefined)),
  )
  return packed !== undefined && [built, described].every((file) => file !== undefined && file.mtimeMs < packed.mtimeMs)
}

/** Packs `dist/`, unless the tarball already holds the last build, and returns the path of {@link tarball}. */
export const pack = async () => {
  if (await isPacked()) return tarball
  const folder = join(root, '.cache/pack')
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const { code, output } = await run(['npm', 'pack', '--ignore-scripts', '--pack-destination', folder], { quiet: true })
  if (code !== 0) throw new Error(`npm pack failed:\n${output}`)
  const { name, version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  await rename(join(folder, `${name}-${version}.tgz`), tarball)
  await rm(folder, { recursive: true })
  return tarball
}
