import { openDB, type DBSchema, type IDBPDatabase } from 'idb'

/** The text the visitor left in the editor. */
export interface Draft {
  readonly example: string
  readonly sql: string
}

/** A local file that was opened: a handle where the browser gives them out, else the file itself when it is small. */
export interface KeptFile {
  readonly name: string
  readonly handle?: FileSystemFileHandle
  readonly file?: File
}

interface Store extends DBSchema {
  draft: { key: 'draft'; value: Draft }
  files: { key: string; value: KeptFile }
}

/** Files without a handle are kept up to this size; larger ones have to be opened again. */
export const keptBytes: number = 64 * 1024 * 1024

/** What the page remembers between visits, in this browser only. */
export interface Memory {
  draft(): Promise<Draft | undefined>
  saveDraft(draft: Draft): Promise<void>
  files(): Promise<KeptFile[]>
  saveFile(file: KeptFile): Promise<void>
  forgetFile(name: string): Promise<void>
}

/** Opens the memory. Where storage is blocked (private windows, policies), nothing is remembered and nothing fails. */
export async function openMemory(): Promise<Memory> {
  const database = await open()
  const quietly = async <T>(work: (store: IDBPDatabase<Store>) => Promise<T>, otherwise: T): Promise<T> => {
    if (database === undefined) return otherwise
    try {
      return await work(database)
    } catch {
      return otherwise
    }
  }
  return {
    draft: () => quietly((store) => store.get('draft', 'draft'), undefined),
    saveDraft: (draft) => quietly(async (store) => void (await store.put('draft', draft, 'draft')), undefined),
    files: () => quietly((store) => store.getAll('files'), []),
    saveFile: (file) => quietly(async (store) => void (await store.put('files', file, file.name)), undefined),
    forgetFile: (name) => quietly((store) => store.delete('files', name), undefined),
  }
}

async function open(): Promise<IDBPDatabase<Store> | undefined> {
  try {
    return await openDB<Store>('lakefront-page', 1, {
      upgrade(database) {
        database.createObjectStore('draft')
        database.createObjectStore('files')
      },
    })
  } catch {
    return undefined
  }
}
