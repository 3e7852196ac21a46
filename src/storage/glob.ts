import type { Dirent } from 'node:fs'
import type * as FileSystem from 'node:fs/promises'
import { LakefrontError } from '../errors.ts'
import { builtin } from './builtin.ts'
import { hasFileSystem, pathOf } from './file.ts'
import { nameInPlace } from './name-in-place.ts'
import { isCurrent, overwriteRecordName, readOverwriteRecord, writtenFolders } from './overwrite-record.ts'
import type { OverwriteRecord } from './overwrite-record.ts'
import { internalName } from './storage-key.ts'
import type { Storage } from './storage.ts'

export interface GlobOptions {
  readonly baseUrl?: string
  readonly signal?: AbortSignal
  /** Opens the places of URLs that can be listed: `s3:`, `az:`, `r2:`, `opfs:`, `folder:`, `memory:`. Without it they are not. */
  readonly openPlace?: (url: string) => Storage
}

/**
 * The files that a pattern means, in order: `*` and `?` within a name, `[a-z]`, `[!a]`, `{a,b}`, and `**` for any folders. A name
 * without any of these, or of a file that is there, means itself. In stores all keys below the folders before the first such character are listed.
 * A name that ends in `/` means all files below, without those whose names, or folders, begin with `_` or `.`. Of a folder that is being
 * overwritten, only the files that count are meant; files in the making never are.
 *
 * Fails with `NOT_FOUND` when nothing matches, and with `UNSUPPORTED` where files cannot be listed.
 */
export async function expandGlob(
  reference: string,
  { baseUrl, signal, openPlace }: GlobOptions = {},
): Promise<readonly string[]> {
  const isFolder = reference.endsWith('/')
  if (!isFolder && !/[*?[{]/.test(reference)) return [reference]
  if (openPlace !== undefined && /^(?:s3|az|r2|opfs|folder|memory):/i.test(reference))
    return expandKeys(reference, { openPlace, signal })
  if (/^file:/i.test(reference) && hasFileSystem())
    return expandGlob(pathOf(reference), { ...(signal && { signal }), ...(openPlace && { openPlace }) })
  const isUrl = /^[a-z][a-z0-9+.-]+:/i.test(reference)
  if (isUrl || baseUrl !== undefined || !hasFileSystem()) {
    const path = reference.split(/[?#]/, 1)[0]!
    if (!isFolder && !path.includes('*')) return [reference]
    throw new LakefrontError(
      'UNSUPPORTED',
      `"${path}" is a ${isFolder ? 'folder' : 'pattern'}, and files cannot be listed there. Name them: read_parquet(['first.parquet', 'second.parquet']).`,
      { details: { source: path } },
    )
  }
  if (await isFile(reference)) return [reference]
  const walked: string[] = []
  for (const pattern of isFolder ? [`${reference}**`] : alternatives(reference)) {
    const isAbsolute = pattern.startsWith('/')
    const segments = pattern.split('/').filter((segment) => segment !== '')
    await walk(isAbsolute ? '/' : '', segments, { found: walked, signal })
  }
  const named = [...new Set(walked)].filter(
    (file) => !isOfWriting(file) && (!isFolder || isData(file.slice(reference.length))),
  )
  const found = openPlace === undefined ? named : await currentFiles(named, { openPlace, signal })
  if (found.length > 0) return found
  throw noMatch(reference)
}

/** Whether a file is one of those that writing puts beside its files for a while, which no pattern means. */
function isOfWriting(path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1)
  return name === overwriteRecordName || name.startsWith(internalName)
}

/** Whether a file below a folder is data, and not what systems keep beside it. */
function isData(path: string): boolean {
  return !path.split('/').some((name) => /^[_.]/.test(name))
}

async function expandKeys(
  reference: string,
  { openPlace, signal }: { readonly openPlace: (url: string) => Storage; readonly signal: AbortSignal | undefined },
): Promise<readonly string[]> {
  const isFolder = reference.endsWith('/')
  const { place, key } = nameInPlace(isFolder ? `${reference}**` : reference, reference)
  const fixed = isFolder ? key : /^[^*?[{]*/.exec(key)![0]
  const folder = fixed.slice(0, fixed.lastIndexOf('/') + 1)
  const patterns = isFolder ? [/./su] : alternatives(key).map(keyPattern)
  const named: string[] = []
  const records = new Set<string>()
  for await (const entry of openPlace(place).list({ prefix: folder, ...(signal === undefined ? {} : { signal }) })) {
    if (entry.kind === 'folder') continue
    if (entry.key === key) return [reference]
    const path = entry.key
    if (path === overwriteRecordName || path.endsWith(`/${overwriteRecordName}`))
      records.add(place + path.slice(0, -overwriteRecordName.length))
    else if (patterns.some((each) => each.test(path)) && (!isFolder || isData(path.slice(folder.length))))
      named.push(place + path)
  }
  const isListed = (at: string): boolean => at.startsWith(place + folder)
  const found = await currentFiles(named, { openPlace, signal, hasRecord: (at) => !isListed(at) || records.has(at) })
  if (found.length > 0) return found
  throw noMatch(reference)
}

/** Of files, those that count: where a write replaces the files of a folder, those of before or those of the write. */
async function currentFiles(
  files: readonly string[],
  {
    openPlace,
    signal,
    hasRecord = () => true,
  }: {
    readonly openPlace: (url: string) => Storage
    readonly signal: AbortSignal | undefined
    /** Whether a folder may have a record. */
    readonly hasRecord?: (folder: string) => boolean
  },
): Promise<readonly string[]> {
  const records = new Map<string, OverwriteRecord | undefined>()
  const current: string[] = []
  for (const file of files) {
    const name = file.slice(file.lastIndexOf('/') + 1)
    const folders = writtenFolders(file)
    const outermost = folders.at(-1)!
    let isCounted = true
    for (const folder of folders) {
      if (!records.has(folder)) {
        const place = openPlace(outermost === '' ? './' : outermost)
        const found = hasRecord(folder)
          ? await readOverwriteRecord(place, folder.slice(outermost.length), signal)
          : undefined
        records.set(folder, found?.record)
      }
      isCounted &&= isCurrent(name, records.get(folder))
    }
    if (isCounted) current.push(file)
  }
  return current
}

function keyPattern(pattern: string): RegExp {
  const segments = pattern.split('/')
  const parts = segments.map((segment, at) => {
    const isLast = at === segments.length - 1
    if (segment === '**') return isLast ? '.+' : '(?:[^/]+/)*'
    return sourceOf(segment, '[^/]') + (isLast ? '' : '/')
  })
  return new RegExp(`^${parts.join('')}$`, 'su')
}

function noMatch(reference: string): LakefrontError {
  return new LakefrontError('NOT_FOUND', `No file matches "${reference}".`, { details: { source: reference } })
}

interface Walk {
  readonly found: string[]
  readonly signal: AbortSignal | undefined
}

async function walk(folder: string, [segment, ...rest]: readonly string[], to: Walk): Promise<void> {
  to.signal?.throwIfAborted()
  if (segment === undefined) return
  if (segment === '**') return walkAll(folder, rest.length === 0 ? ['*'] : rest, to)
  if (!/[*?[]/.test(segment)) {
    if (rest.length > 0) return walk(`${folder}${segment}/`, rest, to)
    if (await isFile(folder + segment)) to.found.push(folder + segment)
    return
  }
  const pattern = patternOf(segment)
  for (const entry of await list(folder)) {
    if (!pattern.test(entry.name)) continue
    if (rest.length > 0) {
      if (!entry.isFile()) await walk(`${folder}${entry.name}/`, rest, to)
    } else if (entry.isFile() || (entry.isSymbolicLink() && (await isFile(folder + entry.name)))) {
      to.found.push(folder + entry.name)
    }
  }
}

/** `rest` in `folder` and in all folders below; links are not followed, as they may lead back. */
async function walkAll(folder: string, rest: readonly string[], to: Walk): Promise<void> {
  await walk(folder, rest, to)
  for (const entry of await list(folder)) if (entry.isDirectory()) await walkAll(`${folder}${entry.name}/`, rest, to)
}

/** What is in a folder by name; nothing when it is none or may not be read. */
async function list(folder: string): Promise<Dirent[]> {
  try {
    const entries = await files().readdir(folder === '' ? '.' : folder, { withFileTypes: true })
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  } catch {
    return []
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await files().stat(path)).isFile()
  } catch {
    return false
  }
}

function files(): typeof FileSystem {
  return builtin<typeof FileSystem>('node:fs/promises')!
}

function patternOf(segment: string): RegExp {
  return new RegExp(`^${sourceOf(segment, '.')}$`, 'su')
}

function sourceOf(segment: string, any: string): string {
  return segment.replaceAll(/\[(!?)([^\]]+)\]|[*?]|[\\^$.|+()[\]{}]/g, (part, not?: string, set?: string) => {
    if (set !== undefined) return `[${not === '!' ? '^' : ''}${set.replaceAll(/[\\^\]]/g, '\\$&')}]`
    return part === '*' ? `${any}*` : part === '?' ? any : `\\${part}`
  })
}

/** `a{b,c}d` as `abd` and `acd`, from the inside out. */
function alternatives(pattern: string): string[] {
  const match = /\{([^{}]*)\}/.exec(pattern)
  if (match === null || !match[1]!.includes(',')) return [pattern]
  const [before, after] = [pattern.slice(0, match.index), pattern.slice(match.index + match[0].length)]
  return match[1]!.split(',').flatMap((choice) => alternatives(before + choice + after))
}
