// Adds to package-lock.json the optional packages of other platforms that npm left out, because the registry it asked
// did not have them: `npm ci` refuses a lock file without them, on every platform. Run it after `npm install`.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from './shell.mjs'

const file = join(root, 'package-lock.json')
const lock = JSON.parse(await readFile(file, 'utf8'))

/** What a package runs on, read off its name: `@scope/binding-linux-x64-musl`. @param {string} name */
const platformOf = (name) => {
  const [, os = '', cpu = '', variant] =
    /-(android|darwin|freebsd|linux|openharmony|win32)-(arm64|arm|ia32|ppc64|riscv64|s390x|x64)(?:-(\w+))?$/.exec(
      name,
    ) ?? []
  if (!os) throw new Error(`"${name}" names no platform: install with a registry that has it.`)
  const libc = variant?.startsWith('musl') ? 'musl' : variant?.startsWith('gnu') ? 'glibc' : undefined
  return { cpu: [cpu], ...(libc && os === 'linux' && { libc: [libc] }), os: [os] }
}

/** @type {[string, object][]} */
const added = []
for (const [path, { optionalDependencies = {}, dev }] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    if (lock.packages[`${path}/node_modules/${name}`] || lock.packages[`node_modules/${name}`]) continue
    if (!/^\d+\.\d+\.\d+/.test(version)) throw new Error(`"${name}" is wanted as "${version}": not one version.`)
    added.push([`node_modules/${name}`, { version, ...platformOf(name), ...(dev && { dev }), optional: true }])
  }
}
lock.packages = Object.fromEntries(
  [...Object.entries(lock.packages), ...added].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)),
)
await writeFile(file, `${JSON.stringify(lock, null, 2)}\n`)
console.log(`${added.length} packages added`)
