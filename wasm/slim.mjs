import { filterExports } from './module.mjs'

/** What runs over the module once its exports are filtered; part of the manifest. */
export const passes = ['remove-unused-module-elements']

/**
 * The engine file with only the exports in `keep`, and without the code that only the others reached.
 * Takes about fifteen seconds and 700 MB.
 * @param {Uint8Array} official
 * @param {readonly string[]} keep
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
export async function slim(official, keep) {
  const { default: binaryen } = await import('binaryen')
  const kept = new Set(keep)
  // Only what the official file uses: with all on, binaryen writes the encodings of proposals, such as compact imports.
  const { Features } = binaryen
  const features =
    Features.MutableGlobals |
    Features.SignExt |
    Features.NontrappingFPToInt |
    Features.BulkMemory |
    Features.ExceptionHandling |
    Features.ReferenceTypes |
    Features.Multivalue |
    Features.ExtendedConst
  // The declarations of binaryen leave out the second parameter.
  const readBinary = /** @type {(bytes: Uint8Array, features: number) => import('binaryen').default.Module} */ (
    binaryen.readBinary
  )
  const filtered = filterExports(official, (name) => kept.has(name))
  const module = readBinary(filtered, features)
  try {
    module.runPasses(passes)
    const bytes = new Uint8Array(module.emitBinary())
    if (!WebAssembly.validate(bytes)) throw new Error('binaryen wrote a module that this Node.js does not accept.')
    return bytes
  } finally {
    module.dispose()
  }
}
