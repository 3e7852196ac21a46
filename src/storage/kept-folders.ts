import { openDB } from 'idb'
import type { IDBPDatabase } from 'idb'
import { LakefrontError } from '../errors.ts'
import { checkKey } from './storage-key.ts'

/** Handles of folders that a user picked, and what a browser says of their permission. Not yet in the types of the platform. */
export interface PickedFolder extends FileSystemDirectoryHandle {
  queryPermission?(descriptor: { mode: 'readwrite' }): Promise<PermissionState>
  requestPermission?(descriptor: { mode: 'readwrite' }): Promise<PermissionState>
}

const databaseName = 'lakefront-folders'
const storeName = 'folders'

/**
 * Keeps a folder that the user picked (`showDirectoryPicker()`) under a name, beyond this page: `folder:name/` then means it. Browsers want it
 * to be allowed again after a while: see {@link allowFolder}.
 */
export async function keepFolder(name: string, folder: FileSystemDirectoryHandle): Promise<void> {
  checkFolderName(name)
  await withDatabase((database) => database.put(storeName, folder, name))
}

/** Asks the user to allow a kept folder again; only in a click. Resolves to whether it may be used. */
export async function allowFolder(name: string): Promise<boolean> {
  const folder = await keptFolder(name)
  const state = await folder.requestPermission?.({ mode: 'readwrite' })
  return state === undefined || state === 'granted'
}

/** Forgets a folder; what is in it stays. One that is not kept is no error. */
export async function forgetFolder(name: string): Promise<void> {
  await withDatabase((database) => database.delete(storeName, name))
}

/** A folder by the name it is kept under. */
export async function keptFolder(name: string): Promise<PickedFolder> {
  const folder = await withDatabase((database) => database.get(storeName, name) as Promise<PickedFolder | undefined>)
  if (folder !== undefined) return folder
  const names = await withDatabase((database) => database.getAllKeys(storeName))
  throw new LakefrontError(
    'NOT_FOUND',
    `No folder is kept as ${JSON.stringify(name)}. Kept: ${names.length === 0 ? 'none' : names.join(', ')}. Keep one with keepFolder(name, handle).`,
    { details: { folder: name } },
  )
}

async function withDatabase<T>(use: (database: IDBPDatabase) => Promise<T>): Promise<T> {
  if (typeof globalThis.indexedDB === 'undefined') {
    throw new LakefrontError('UNSUPPORTED', 'Folders are kept by browsers, in IndexedDB, which this platform has not.')
  }
  const database = await openDB(databaseName, 1, { upgrade: (made) => void made.createObjectStore(storeName) })
  try {
    return await use(database)
  } finally {
    database.close()
  }
}

/** Throws `INVALID_ARGUMENT` for what cannot stand in `folder:name/`. */
export function checkFolderName(name: string): void {
  checkKey(name)
  if (name.includes('/'))
    throw new LakefrontError('INVALID_ARGUMENT', `${JSON.stringify(name)} is not the name of a folder.`)
}
