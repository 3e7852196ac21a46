import { isLakefrontError } from 'lakefront'
import { button, byId, create } from './element.ts'
import { bytes, plural } from './figures.ts'
import { sampleFile } from './session.ts'
import { dropZone, openButton, type OpenedFile } from './open-files.ts'
import { keptBytes, type KeptFile, type Memory } from './memory.ts'
import { sqlName } from './sql-language.ts'

/** A file that queries can name, as the side panel lists it. */
export interface KnownFile {
  readonly name: string
  /** Bytes, where the browser tells. */
  readonly size?: number
  readonly columns: readonly { readonly name: string; readonly typeName: string }[]
  readonly problem?: string
  /** Asks the browser for a file it held before; the visitor has to press a button for it. */
  readonly allow?: () => Promise<void>
  readonly local: boolean
}

/** What the panel needs of the page. */
export interface FilesHost {
  /** Makes a local file readable under its name. */
  register(name: string, file: File): Promise<void>
  unregister(name: string): Promise<void>
  /** Columns of a file, from its footer. */
  columns(name: string): Promise<KnownFile['columns']>
  /** Puts a piece of SQL where the cursor is. */
  insert(sql: string): void
  /** A file was opened by the visitor just now. */
  opened(name: string): void
  announce(text: string): void
}

export interface FilesPanel {
  readonly known: () => readonly KnownFile[]
  /** Makes the local files readable in a session that was just opened; the first time, lists what there is. */
  attach(register: FilesHost['register']): Promise<void>
}

const sizeLimitText = bytes(keptBytes)

/** The list of files at the side, the button that opens more, and drag and drop anywhere on the page. */
export function filesPanel(memory: Memory, host: FilesHost): FilesPanel {
  const list = byId('files')
  const files = new Map<string, KnownFile>()
  const opened = new Map<string, File>()

  const put = (file: KnownFile): void => {
    files.set(file.name, file)
    list.replaceChildren(...[...files.values()].map((known) => fileEntry(known, host, () => void remove(known.name))))
  }

  const remove = async (name: string): Promise<void> => {
    files.delete(name)
    opened.delete(name)
    list.replaceChildren(...[...files.values()].map((known) => fileEntry(known, host, () => void remove(known.name))))
    await memory.forgetFile(name)
    await host.unregister(name)
    if (name === sampleFile) await addSample()
    host.announce(`${name} is no longer listed.`)
  }

  const add = async (file: File): Promise<boolean> => {
    const { name, size } = file
    try {
      await host.register(name, file)
      opened.set(name, file)
      put({ name, size, columns: await host.columns(name), local: true })
      return true
    } catch (error) {
      put({ name, size, columns: [], local: true, problem: textOf(error) })
      return false
    }
  }

  const open = async (chosen: readonly OpenedFile[]): Promise<void> => {
    for (const { file, handle } of chosen) {
      const good = await add(file)
      if (!good) {
        host.announce(`${file.name} cannot be read.`)
        continue
      }
      host.opened(file.name)
      if (handle !== undefined) await memory.saveFile({ name: file.name, handle })
      else if (file.size <= keptBytes) await memory.saveFile({ name: file.name, file })
      else host.announce(`${file.name} is larger than ${sizeLimitText}: open it again after a reload.`)
    }
  }

  const bringBack = async (kept: KeptFile): Promise<void> => {
    if (kept.file !== undefined) {
      await add(kept.file)
      return
    }
    const handle = kept.handle as PermittedHandle | undefined
    if (handle === undefined) return
    const read = async (): Promise<void> => {
      try {
        await add(await handle.getFile())
      } catch {
        await memory.forgetFile(kept.name)
        put({ name: kept.name, columns: [], local: true, problem: 'The file was moved, renamed or deleted.' })
      }
    }
    if ((await handle.queryPermission({ mode: 'read' })) === 'granted') {
      await read()
      return
    }
    put({
      name: kept.name,
      columns: [],
      local: true,
      allow: async () => {
        if ((await handle.requestPermission({ mode: 'read' })) === 'granted') await read()
      },
    })
  }

  const addSample = async (): Promise<void> => {
    try {
      put({ name: sampleFile, columns: await host.columns(sampleFile), local: false })
    } catch (error) {
      put({ name: sampleFile, columns: [], local: false, problem: textOf(error) })
    }
  }

  const listAll = async (): Promise<void> => {
    await addSample()
    for (const kept of await memory.files()) await bringBack(kept)
  }

  openButton(open)
  dropZone(open)
  return {
    known: () => [...files.values()],
    async attach(register) {
      for (const [name, file] of opened) await register(name, file)
      if (!files.has(sampleFile)) void listAll()
    },
  }
}

function fileEntry(file: KnownFile, host: FilesHost, onRemove: () => void): HTMLElement {
  const name = button(file.name, 'insert-name', () => host.insert(`'${file.name.replaceAll("'", "''")}'`))
  name.title = `Insert '${file.name}' into the query`
  const header = create('header', '', name)
  if (file.local) {
    const remove = button('×', 'quiet remove', onRemove)
    remove.setAttribute('aria-label', `Remove ${file.name} from the list`)
    header.append(remove)
  }
  const entry = create('section', 'file', header)
  const facts = [file.local ? 'on this machine' : 'sample of this page']
  if (file.size !== undefined) facts.push(bytes(file.size))
  if (file.columns.length > 0) facts.push(plural(file.columns.length, 'column'))
  entry.append(create('p', '', facts.join(' · ')))
  if (file.problem !== undefined) entry.append(create('p', 'bad', file.problem))
  if (file.allow !== undefined) {
    const { allow } = file
    entry.append(button('Allow reading it again', '', () => void allow()))
  }
  if (file.columns.length > 0) {
    const columns = create('ul', 'columns')
    columns.setAttribute('aria-label', `Columns of ${file.name}`)
    for (const column of file.columns) {
      const item = button('', '', () => host.insert(sqlName(column.name)))
      item.title = `Insert ${column.name} (${column.typeName})`
      item.append(create('span', 'name', column.name), create('span', 'type', column.typeName))
      columns.append(create('li', '', item))
    }
    entry.append(columns)
  }
  return entry
}

interface PermittedHandle extends FileSystemFileHandle {
  queryPermission(descriptor: { mode: 'read' }): Promise<PermissionState>
  requestPermission(descriptor: { mode: 'read' }): Promise<PermissionState>
}

function textOf(error: unknown): string {
  if (isLakefrontError(error)) return error.message
  return error instanceof Error ? error.message : String(error)
}
