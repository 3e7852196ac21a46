import { isLakefrontError, LakefrontError } from '../../errors.ts'
import { isLockedForWriting } from '../../storage/foreign-lock.ts'
import type { Storage } from '../../storage/storage.ts'

/** A catalog as it was read: what tells it from any other. */
export interface CatalogMark {
  readonly etag: string | undefined
  /** Parts of the file that no two versions have alike. Missing where the store's own validator says enough. */
  readonly parts?: readonly MarkedPart[]
}

interface MarkedPart {
  readonly start: number
  readonly bytes: Uint8Array
}

/** Of a DuckDB file: behind the main header are two of versions, and then blocks. */
const [headersStart, blocksStart] = [4096, 12288]

/** Parts nearer to each other than this are read as one. */
const nearBytes = 128 * 1024

/**
 * Whether the validator of a file says when it was changed only, and how long it is: on disks and in the browser's own files. Programs that write into
 * a file in place can leave both as they were.
 */
function isWeak({ label }: Storage): boolean {
  return !/^(?:memory|s3|az|r2|https?):/i.test(label)
}

/**
 * The mark of a file that was read: its headers, each of which counts how often it was written, and the checksum of the root block that the
 * newer one names. The root block holds statistics of all tables, swaps and times of snapshots among them, so that versions of the same count differ in it.
 */
export function markOf(storage: Storage, file: Uint8Array, etag: string | undefined): CatalogMark {
  if (!isWeak(storage) || file.length < blocksStart) return { etag }
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const at = view.getBigUint64(headersStart + 8, true) > view.getBigUint64(8192 + 8, true) ? headersStart : 8192
  const block = Number(view.getBigUint64(at + 16, true) & 0xff_ffff_ffff_ffffn)
  const root = blocksStart + block * Number(view.getBigUint64(at + 40, true))
  const part = (start: number, end: number): MarkedPart => ({ start, bytes: file.slice(start, end) })
  // A file that is cut off is found out when it is opened.
  if (root + 8 > file.length) return { etag, parts: [part(headersStart, blocksStart)] }
  if (root < nearBytes) return { etag, parts: [part(headersStart, root + 8)] }
  return { etag, parts: [part(headersStart, blocksStart), part(root, root + 8)] }
}

/** Whether what is in the store is still the marked catalog. @throws LakefrontError `NOT_FOUND` when nothing is there. */
export async function isUnchanged(
  storage: Storage,
  key: string,
  { etag, parts = [] }: CatalogMark,
  options: { readonly signal?: AbortSignal } = {},
): Promise<boolean> {
  if (etag === undefined) return false
  if (parts.length === 0) return (await storage.stat(key, options)).etag === etag
  try {
    const same = parts.map(async ({ start, bytes }) => {
      const read = await storage.read(key, { start, end: start + bytes.length, ifMatch: etag, ...options })
      return bytes.every((byte, at) => byte === read.bytes[at])
    })
    return (await Promise.all(same)).every(Boolean)
  } catch (error) {
    // A file that became shorter lacks the bytes that are asked for.
    if (isLakefrontError(error, 'SOURCE_CHANGED') || isLakefrontError(error, 'INVALID_ARGUMENT')) return false
    throw error
  }
}

/**
 * Why a catalog must not be replaced: another program has it open, or left changes beside it. DuckDB writes them to a log first, and into the file
 * when it closes it. Undefined where nothing is in the way; never rejects.
 */
export async function openElsewhere(storage: Storage, key: string): Promise<LakefrontError | undefined> {
  if (!isWeak(storage)) return undefined
  const log = `${key}.wal`
  try {
    const [size, isLocked] = await Promise.all([sizeOf(storage, log), isLockedForWriting(storage.label + key)])
    if (size === 0 && !isLocked) return undefined
    const why = isLocked
      ? 'is open for writing in another program'
      : `was changed by another program, whose changes are in "${log}" beside it and not in the file yet`
    return new LakefrontError(
      'COMMIT_CONFLICT',
      `The lake "${storage.label + key}" ${why}. This commit would take the place of its changes, so nothing was changed. Close the lake there (in DuckDB: DETACH; after a crash: ATTACH it again, then DETACH), and commit again.`,
      { details: { file: isLocked ? key : log } },
    )
  } catch (error) {
    return error as LakefrontError
  }
}

async function sizeOf(storage: Storage, key: string): Promise<number> {
  return storage.stat(key).then(
    ({ size }) => size,
    (error: unknown) => {
      if (isLakefrontError(error, 'NOT_FOUND')) return 0
      throw error
    },
  )
}
