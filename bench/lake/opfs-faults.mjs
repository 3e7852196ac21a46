/**
 * Runs in a worker before the engine's script: counts the steps it takes in the browser's own file system, and stops for good at the one that it
 * was told, so that who listens can end the worker or the tab just there.
 */
const channel = new BroadcastChannel('lake-faults')
/** @type {{ at: number, when: string } | undefined} */
let fault
/** @type {string[]} */
let steps = []
let isOn = false
channel.addEventListener('message', ({ data }) => {
  if (data.arm !== undefined) {
    fault = data.arm
    steps = []
    isOn = true
    channel.postMessage({ armed: true })
  } else if (data.disarm === true) {
    isOn = false
    channel.postMessage({ steps })
  }
})

/** @param {string} label */
const stop = (label) => {
  channel.postMessage({ stopped: label })
  for (;;);
}

/** @param {any} owner @param {string} name @param {(target: any, given: any[]) => string} labelOf */
const wrap = (owner, name, labelOf) => {
  const original = owner?.[name]
  if (typeof original !== 'function') return
  owner[name] = function (/** @type {any[]} */ ...given) {
    if (!isOn) return original.apply(this, given)
    const label = `${name} ${labelOf(this, given)}`
    const isIt = steps.push(label) - 1 === fault?.at
    if (isIt && fault?.when === 'before') stop(`before ${label}`)
    if (isIt && fault?.when === 'middle' && given[0] instanceof Uint8Array) {
      original.call(this, given[0].subarray(0, given[0].length >> 1), given[1])
      stop(`middle ${label}`)
    }
    const result = original.apply(this, given)
    if (!isIt) return result
    if (typeof result?.then !== 'function') return stop(`after ${label}`)
    return result.finally(() => stop(`after ${label}`))
  }
}

/** @param {string} name */
const partOf = (name) =>
  name.endsWith('-delete.parquet')
    ? 'deletes'
    : name.endsWith('.parquet')
      ? 'data'
      : name.endsWith('.tmp')
        ? 'draft'
        : name.endsWith('.ducklake')
          ? 'catalog'
          : 'folder'

const scope = /** @type {any} */ (globalThis)
wrap(scope.FileSystemFileHandle?.prototype, 'move', (_, given) => partOf(String(given.at(-1))))
wrap(scope.FileSystemFileHandle?.prototype, 'createSyncAccessHandle', ({ name }) => partOf(name))
wrap(scope.FileSystemFileHandle?.prototype, 'createWritable', ({ name }) => partOf(name))
wrap(scope.FileSystemDirectoryHandle?.prototype, 'removeEntry', (_, [name]) => partOf(name))
wrap(scope.FileSystemDirectoryHandle?.prototype, 'getDirectoryHandle', () => 'folder')
for (const name of ['write', 'flush', 'truncate', 'close'])
  wrap(scope.FileSystemSyncAccessHandle?.prototype, name, () => 'draft')
wrap(scope.LockManager?.prototype, 'request', (_, [name]) =>
  /lakefront draft/.test(name) ? 'lock of a draft' : /lakefront turn/.test(name) ? 'turn' : 'lock of an object',
)
