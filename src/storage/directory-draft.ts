/** A file that is being made. Ends with one of `finish` and `abort`. */
export interface DraftWriter {
  write(chunk: Uint8Array): Promise<void>
  /** What was written is on the disk. */
  finish(): Promise<void>
  abort(): Promise<void>
}

/** The part of a synchronous handle that is used; workers have them, pages do not. */
interface SyncHandle {
  write(bytes: Uint8Array, options: { at: number }): number
  read(bytes: Uint8Array, options: { at: number }): number
  truncate(size: number): void
  getSize(): number
  flush(): void
  close(): void
}

interface SyncCapableHandle extends FileSystemFileHandle {
  createSyncAccessHandle?(): Promise<SyncHandle>
}

/** Bytes that a page hands to its browser at a time. Chromium may call no room an `AbortError`, of its pipe, when it is handed more than fits in there. */
const writtenAtOnce = 1024 * 1024

/** Opens a file for writing: by a synchronous handle where there are such, which writes in place and can flush. */
export async function openDraft(
  file: SyncCapableHandle,
  { keepsContent = false }: { readonly keepsContent?: boolean } = {},
): Promise<DraftWriter> {
  const handle = await syncHandle(file)
  if (handle === undefined) {
    const writable = await file.createWritable({ keepExistingData: keepsContent })
    if (keepsContent) await writable.write({ type: 'write', position: 0, data: (await file.getFile()).slice(0, 1) })
    return {
      async write(chunk) {
        for (let at = 0; at < chunk.length; at += writtenAtOnce) {
          await writable.write(chunk.subarray(at, at + writtenAtOnce) as Uint8Array<ArrayBuffer>)
        }
      },
      finish: () => writable.close(),
      abort: () => writable.abort().catch(() => undefined),
    }
  }
  let at = keepsContent ? handle.getSize() : 0
  if (keepsContent) touch(handle, at)
  return {
    async write(chunk) {
      for (let rest = chunk; rest.length > 0;) {
        const written = handle.write(rest, { at })
        // No room is an error in some browsers, a write of nothing in others, and in Chromium a negative number taken for a large one.
        if (written === 0 || written > rest.length) throw new DOMException('Nothing was written.', 'QuotaExceededError')
        at += written
        rest = rest.subarray(written)
      }
    },
    async finish() {
      handle.flush()
      handle.close()
    },
    async abort() {
      handle.close()
    },
  }
}

/** Writes what is there, so that the file was modified now. */
function touch(handle: SyncHandle, size: number): void {
  handle.truncate(size + 1)
  handle.truncate(size)
}

async function syncHandle(file: SyncCapableHandle): Promise<SyncHandle | undefined> {
  if (typeof file.createSyncAccessHandle !== 'function') return undefined
  try {
    return await file.createSyncAccessHandle()
  } catch (error) {
    // Files outside of the browser's own have none.
    if (error instanceof Error && error.name === 'InvalidStateError') return undefined
    throw error
  }
}
