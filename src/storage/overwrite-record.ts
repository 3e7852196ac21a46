import { isLakefrontError } from '../errors.ts'
import type { Storage } from './storage.ts'

/**
 * The object in a folder that is being overwritten. It tells which of its files are to be read: before the switch those of before, after it those
 * of the write, which bear its id in their names. It is replaced at once, and gone when the files of before are.
 */
export interface OverwriteRecord {
  readonly lakefront: 'overwrite'
  /** The id in the names of the new files. */
  readonly write: string
  /** Whether the new files are those to be read. */
  readonly isSwitched: boolean
  /** Ids of writes before this one that were given up; until the switch, their files are none to be read either. */
  readonly abandoned: readonly string[]
}

/** The name of the record; begins with an underscore, as what readers of folders pass over. */
export const overwriteRecordName = '_overwrite.json'

/** The record of the folder `folder` (empty, or ending in `/`) of a place, with its validator. */
export async function readOverwriteRecord(
  storage: Storage,
  folder: string,
  signal?: AbortSignal,
): Promise<{ readonly record: OverwriteRecord; readonly etag?: string } | undefined> {
  try {
    const { bytes, etag } = await storage.read(folder + overwriteRecordName, signal === undefined ? {} : { signal })
    const record = JSON.parse(new TextDecoder().decode(bytes)) as OverwriteRecord
    if (record?.lakefront !== 'overwrite') return undefined
    return { record, ...(etag === undefined ? {} : { etag }) }
  } catch (error) {
    // Who may not read the folder's other names is told no more about it than that there is none.
    const isAbsent = isLakefrontError(error, 'NOT_FOUND') || isLakefrontError(error, 'PERMISSION_DENIED')
    if (isAbsent || error instanceof SyntaxError) return undefined
    throw error
  }
}

/** Whether a file of the folder is one to be read. */
export function isCurrent(name: string, record: OverwriteRecord | undefined): boolean {
  if (record === undefined) return true
  const isNew = name.includes(record.write)
  return record.isSwitched ? isNew : !isNew && !record.abandoned.some((id) => name.includes(id))
}

/** Where the write of a file may have put its record: its folder, and those that its partitions are in; the outermost last. */
export function writtenFolders(file: string): readonly string[] {
  const names = file.split('/').slice(0, -1)
  const folders: string[] = []
  for (;;) {
    folders.push(names.length === 0 ? '' : `${names.join('/')}/`)
    if (names.pop()?.includes('=') !== true) return folders
  }
}
