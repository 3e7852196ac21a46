import { byteSize } from '../config/byte-size.ts'
import { isLakefrontError, LakefrontError } from '../errors.ts'
import { nameInPlace } from '../storage/name-in-place.ts'
import type { Storage } from '../storage/storage.ts'
import { uuidV7 } from '../types/uuid-v7.ts'
import { hivePath } from './hive-path.ts'
import { beginOverwrite, hasFiles, settleFolder } from './overwrite.ts'
import type { Overwrite } from './overwrite.ts'
import type { Partition } from './partition-rows.ts'
import type { SpreadOptions } from './spread-rows.ts'
import type { FolderOptions } from './write-options.ts'
import type { WriteTask } from './write-task.ts'

/** Where the files of a task go. */
export interface WriteTarget {
  readonly storage: Storage
  readonly targetBytes: number
  /** Whether a file must not be there yet. */
  readonly isNew: boolean
  /** Whose the names are; see {@link SpreadOptions.names}. */
  readonly names: NonNullable<SpreadOptions<never>['names']>
  name(partition: Partition): string
  /** All files are there: makes them the ones to be read. */
  commit(): Promise<void>
  /** No file is left: makes it as if nothing had been tried. */
  abandon(): Promise<void>
}

/** Places that hold more than what a write put there. */
const roots = [/^(?:s3|az|r2|folder):\/*[^/]*\/*$/i, /^(?:memory|opfs|file):\/*$/i, /^(?:[a-z]:)?[./\\]*$/i]

const defaultTargetBytes = 128_000_000

/** Opens the target of a task, as its mode asks; undefined when there is something already and the mode is `ignore`. */
export async function openTarget(
  task: WriteTask,
  openPlace: (url: string) => Storage,
  { extension, signal }: { readonly extension: string; readonly signal?: AbortSignal },
): Promise<WriteTarget | undefined> {
  const isFolder = task.url.endsWith('/') || task.partitionBy.length > 0
  return isFolder
    ? openFolder(task, openPlace(folderOf(task.url)), { extension, ...(signal && { signal }) })
    : openFile(task, openPlace, signal)
}

async function openFile(
  { url, mode }: WriteTask,
  openPlace: (url: string) => Storage,
  signal: AbortSignal | undefined,
): Promise<WriteTarget | undefined> {
  if (mode === 'append') {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `Rows are appended to a folder, as a file of their own, and "${plain(url)}" is a file. Give a name that ends in "/", or mode("overwrite").`,
    )
  }
  const { place, key } = nameInPlace(url)
  const storage = openPlace(place)
  checkWritable(storage)
  if (mode !== 'overwrite' && (await isThere(storage, key, signal))) {
    if (mode === 'ignore') return undefined
    throw thereAlready(storage.label + key)
  }
  return {
    storage,
    targetBytes: Infinity,
    isNew: mode !== 'overwrite' && storage.abilities.conditionalStreams !== false,
    names: mode === 'overwrite' ? 'replaced' : 'given',
    name: () => key,
    commit: async () => {},
    abandon: async () => {},
  }
}

async function openFolder(
  { url, mode, partitionBy, options }: WriteTask,
  storage: Storage,
  { extension, signal }: { readonly extension: string; readonly signal?: AbortSignal },
): Promise<WriteTarget | undefined> {
  checkWritable(storage)
  if (mode === 'overwrite' && roots.some((root) => root.test(plain(url)))) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `"${storage.label}" is not overwritten: everything in it would go, whoever put it there. Name a folder in it.`,
      { details: { source: storage.label } },
    )
  }
  if ((mode === 'error' || mode === 'ignore') && (await hasFiles(storage, signal))) {
    if (mode === 'ignore') return undefined
    throw thereAlready(storage.label)
  }
  const write = uuidV7()
  let overwrite: Overwrite | undefined
  if (mode === 'overwrite') overwrite = await beginOverwrite(storage, write, signal)
  else await settleFolder(storage, signal)
  const { maxFileBytes } = options as FolderOptions
  let files = 0
  return {
    storage,
    targetBytes: maxFileBytes === undefined ? defaultTargetBytes : byteSize(maxFileBytes, 'maxFileBytes'),
    isNew: false,
    names: 'own',
    name: (partition) => `${hivePath(partitionBy, partition)}${write}-${String(files++).padStart(4, '0')}${extension}`,
    commit: async () => overwrite?.commit(),
    abandon: async () => overwrite?.abandon(),
  }
}

function folderOf(url: string): string {
  const [path = '', query = ''] = /^https?:/i.test(url) ? url.split(/(?=[?#])/, 2) : [url]
  return (path.endsWith('/') ? path : `${path}/`) + query
}

function checkWritable(storage: Storage): void {
  if (storage.abilities.writes) return
  throw new LakefrontError(
    'UNSUPPORTED',
    `"${storage.label}" cannot be written: over http: and https: files are only read. Write to s3:, az:, r2:, opfs:, folder:, memory:, or a path where there is a file system.`,
    { details: { source: storage.label } },
  )
}

async function isThere(storage: Storage, key: string, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await storage.stat(key, signal === undefined ? {} : { signal })
    return true
  } catch (error) {
    if (isLakefrontError(error, 'NOT_FOUND')) return false
    throw error
  }
}

function thereAlready(label: string): LakefrontError {
  return new LakefrontError(
    'PRECONDITION_FAILED',
    `There is something at "${label}" already. Say what to do with it: mode("append"), mode("overwrite") or mode("ignore").`,
    { details: { source: label } },
  )
}

function plain(url: string): string {
  return url.split(/[?#]/, 1)[0]!
}
