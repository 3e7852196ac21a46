import { byId } from './element.ts'

/** A file the visitor gave us, with a handle where the browser gives one out. */
export interface OpenedFile {
  readonly file: File
  readonly handle?: FileSystemFileHandle
}

/** Names of files that can be read end in one of these. */
const endings = '.parquet .parq .pq .avro .arrow .arrows .feather .ipc .csv .tsv .json .ndjson .jsonl .gz .zst'.split(
  ' ',
)

type Opened = (chosen: readonly OpenedFile[]) => Promise<void>

interface PickerWindow {
  showOpenFilePicker?(options: object): Promise<FileSystemFileHandle[]>
}

/** Lets the button of the side panel choose files: with the browser's picker, which gives handles, or a plain file input. */
export function openButton(open: Opened): void {
  const input = byId<HTMLInputElement>('file-input')
  input.accept = endings.join(',')
  input.addEventListener('change', () => {
    const chosen = [...(input.files ?? [])].map((file) => ({ file }))
    input.value = ''
    void open(chosen)
  })
  byId('open-file').addEventListener('click', () => void pick())

  async function pick(): Promise<void> {
    const { showOpenFilePicker } = window as PickerWindow
    if (showOpenFilePicker === undefined) {
      input.click()
      return
    }
    const types = [{ description: 'Tables', accept: { 'application/octet-stream': endings } }]
    let handles: FileSystemFileHandle[]
    try {
      handles = await showOpenFilePicker.call(window, { multiple: true, types })
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') return
      input.click()
      return
    }
    await open(await Promise.all(handles.map(async (handle) => ({ handle, file: await handle.getFile() }))))
  }
}

/** Takes files that are dropped anywhere on the page. */
export function dropZone(open: Opened): void {
  const veil = byId('drop')
  let depth = 0
  const carriesFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false
  window.addEventListener('dragenter', (event) => {
    if (!carriesFiles(event)) return
    event.preventDefault()
    depth++
    veil.hidden = false
  })
  window.addEventListener('dragleave', () => {
    depth = Math.max(0, depth - 1)
    if (depth === 0) veil.hidden = true
  })
  window.addEventListener('dragover', (event) => {
    if (carriesFiles(event)) event.preventDefault()
  })
  window.addEventListener(
    'drop',
    (event) => {
      if (!carriesFiles(event)) return
      event.preventDefault()
      event.stopPropagation()
      depth = 0
      veil.hidden = true
      void dropped([...event.dataTransfer!.items]).then(open)
    },
    { capture: true },
  )
}

interface HandleItem extends DataTransferItem {
  getAsFileSystemHandle?(): Promise<FileSystemHandle | null>
}

/** Handles have to be asked for in the same turn as the drop: so all are started before any is awaited. */
async function dropped(items: readonly HandleItem[]): Promise<OpenedFile[]> {
  const started = items
    .filter((item) => item.kind === 'file')
    .map((item) => ({ file: item.getAsFile(), handle: item.getAsFileSystemHandle?.().catch(() => null) }))
  const chosen: OpenedFile[] = []
  for (const { file, handle } of started) {
    if (file === null) continue
    const kept = await handle
    chosen.push(kept?.kind === 'file' ? { file, handle: kept as FileSystemFileHandle } : { file })
  }
  return chosen
}
