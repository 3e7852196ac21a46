import { LakefrontError } from '../errors.ts'
import { directoryStorage } from './directory-storage.ts'
import { checkFolderName, keptFolder } from './kept-folders.ts'
import type { PickedFolder } from './kept-folders.ts'
import { checkKey } from './storage-key.ts'
import type { Storage } from './storage.ts'

/** A kept folder, by `folder:name/` or a folder below it. `PERMISSION_DENIED` when its user has to allow it again. */
export function keptFolderStorage(url: string): Storage {
  const [name = '', ...below] = url
    .slice('folder:'.length)
    .split('/')
    .filter((part) => part !== '')
  checkFolderName(name)
  if (below.length > 0) checkKey(below.join('/'))
  const label = `folder:${[name, ...below].join('/')}/`
  return directoryStorage(label, async () => {
    let folder: FileSystemDirectoryHandle = await allowed(name, label)
    for (const part of below) folder = await folder.getDirectoryHandle(part, { create: true })
    return folder
  })
}

async function allowed(name: string, label: string): Promise<PickedFolder> {
  const folder = await keptFolder(name)
  const state = await folder.queryPermission?.({ mode: 'readwrite' })
  if (state === undefined || state === 'granted') return folder
  throw new LakefrontError(
    'PERMISSION_DENIED',
    `"${label}" may not be used until its user allows it again. Call allowFolder(${JSON.stringify(name)}) in a click.`,
    { details: { source: label, state } },
  )
}
