import { LakefrontError } from '../errors.ts'

/** What the files a driver makes for itself begin with; they are in no list, and no key may name them. */
export const internalName = '.lakefront-'

/** As most stores: in UTF-8. */
const longestKey = 1024

/** Throws `INVALID_ARGUMENT` unless `key` is a relative path that means the same in every store. */
export function checkKey(key: string): void {
  const problem = problemOf(key)
  if (problem === undefined) return
  throw new LakefrontError(
    'INVALID_ARGUMENT',
    `${JSON.stringify(typeof key === 'string' ? key.slice(0, 200) : key)} is not a key: ${problem}. Keys look like "data/2026/a.parquet".`,
    { details: { key } },
  )
}

function problemOf(key: unknown): string | undefined {
  if (typeof key !== 'string' || key === '') return 'it is empty'
  if (/\p{Cs}/u.test(key)) return 'it has half of a character'
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f\\]/.test(key)) return 'it has a backslash or a control character'
  if (new TextEncoder().encode(key).length > longestKey) return `it is longer than ${longestKey} bytes`
  for (const name of key.split('/')) {
    if (name === '') return 'a part between two slashes is empty'
    if (name === '.' || name === '..') return `"${name}" would lead elsewhere`
    if (name.startsWith(internalName)) return `names that begin with "${internalName}" are for files in the making`
  }
  return undefined
}

/** Throws `INVALID_ARGUMENT` for a prefix that no key has. */
export function checkPrefix(prefix: string): void {
  if (prefix !== '') checkKey(prefix.endsWith('/') ? prefix.slice(0, -1) : prefix)
}

/** The order of keys in lists: by code point, as in UTF-8. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let index = 0; index < length; index++) {
    const [one, other] = [a.charCodeAt(index), b.charCodeAt(index)]
    if (one !== other) return unit(one) - unit(other)
  }
  return a.length - b.length
}

/** Surrogates, which stand for what comes after all single units, are moved behind them. */
function unit(code: number): number {
  return code >= 0xd800 && code <= 0xdfff ? code + 0x10000 : code
}
