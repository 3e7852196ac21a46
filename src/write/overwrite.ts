import { isLakefrontError, LakefrontError } from '../errors.ts'
import { isCurrent, overwriteRecordName, readOverwriteRecord } from '../storage/overwrite-record.ts'
import type { OverwriteRecord } from '../storage/overwrite-record.ts'
import type { Storage } from '../storage/storage.ts'

/** An overwrite of a folder that has begun: files whose names bear its id are not seen yet. */
export interface Overwrite {
  /** Makes the new files those to be read, in place of all others, which are then removed. */
  commit(): Promise<void>
  /** Leaves the folder as it was; the new files have to be removed before. */
  abandon(): Promise<void>
}

/**
 * Begins to overwrite a folder. One that was interrupted is finished when it was switched already, else its files are removed; when it is still going
 * on, it is that one which fails at its switch.
 */
export async function beginOverwrite(storage: Storage, write: string, signal?: AbortSignal): Promise<Overwrite> {
  const found = await settleFolder(storage, signal)
  const abandoned = found === undefined ? [] : [found.record.write, ...found.record.abandoned]
  if (found !== undefined) await removeWhere(storage, (name) => abandoned.some((id) => name.includes(id)), signal)
  const record: OverwriteRecord = { lakefront: 'overwrite', write, isSwitched: false, abandoned }
  const { etag } = await put(storage, record, found?.etag)
  return {
    async commit() {
      const switched = { ...record, isSwitched: true }
      await put(storage, switched, etag)
      // It is done. What is left of before is passed over, and removed by the next write when it cannot be now.
      await finish(storage, switched).catch(() => {})
    },
    async abandon() {
      const now = await readOverwriteRecord(storage, '')
      if (now?.record.write === write && !now.record.isSwitched) await storage.remove(overwriteRecordName)
    },
  }
}

/** Finishes an overwrite that was switched and then interrupted. Answers the record of one that was not switched. */
export async function settleFolder(
  storage: Storage,
  signal?: AbortSignal,
): Promise<Awaited<ReturnType<typeof readOverwriteRecord>>> {
  const found = await readOverwriteRecord(storage, '', signal)
  if (found?.record.isSwitched !== true) return found
  await finish(storage, found.record, signal)
  return undefined
}

/** Whether a folder has files to be read. */
export async function hasFiles(storage: Storage, signal?: AbortSignal): Promise<boolean> {
  let record: OverwriteRecord | undefined
  let isKnown = false
  for await (const { kind, key } of storage.list(signal === undefined ? {} : { signal })) {
    if (kind !== 'object' || key === overwriteRecordName) continue
    if (!isKnown) record = (await readOverwriteRecord(storage, '', signal))?.record
    isKnown = true
    if (isCurrent(nameOf(key), record)) return true
  }
  return false
}

async function finish(storage: Storage, record: OverwriteRecord, signal?: AbortSignal): Promise<void> {
  await removeWhere(storage, (name) => !isCurrent(name, record), signal)
  await storage.remove(overwriteRecordName)
}

async function removeWhere(storage: Storage, isOld: (name: string) => boolean, signal?: AbortSignal): Promise<void> {
  const keys: string[] = []
  for await (const { kind, key } of storage.list(signal === undefined ? {} : { signal })) {
    if (kind === 'object' && key !== overwriteRecordName && isOld(nameOf(key))) keys.push(key)
  }
  if (keys.length > 0) await storage.remove(keys)
}

async function put(storage: Storage, record: OverwriteRecord, etag: string | undefined): ReturnType<Storage['write']> {
  try {
    return await storage.write(overwriteRecordName, new TextEncoder().encode(JSON.stringify(record)), {
      contentType: 'application/json',
      ...(etag === undefined ? { ifNoneMatch: '*' } : { ifMatch: etag }),
    })
  } catch (error) {
    if (!isLakefrontError(error, 'PRECONDITION_FAILED')) throw error
    throw new LakefrontError(
      'CONFLICT',
      `"${storage.label}" is being overwritten by somebody else at the same time. Nothing of this write is left; write again when the other is done.`,
      { details: { source: storage.label }, cause: error },
    )
  }
}

function nameOf(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1)
}
