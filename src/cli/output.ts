import { createWriteStream } from 'node:fs'
import { rename, rm, stat } from 'node:fs/promises'
import process from 'node:process'
import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { LakefrontError } from '../errors.ts'

/** Where a command writes its result. */
export interface Output {
  readonly isTerminal: boolean
  /** Resolves when there is room for more: a slow reader slows the query. Rejects once the reader is gone. */
  write(chunk: string | Uint8Array): Promise<void>
  /** Resolves when all is written; a file has its name only then. */
  finish(): Promise<void>
  /** Gives an unfinished file up. */
  discard(): Promise<void>
}

/**
 * Opens the file at `path`, or standard output without one. Aborts `controller` when writing fails, with what failed: `EPIPE` when
 * the reader went away.
 */
export async function openOutput(path: string | undefined, controller: AbortController): Promise<Output> {
  if (path === undefined) {
    const { stdout } = process
    const { write, rest } = writerOf(stdout, controller)
    return { isTerminal: stdout.isTTY === true, write, finish: rest, discard: async () => {} }
  }
  // Devices and pipes are written as they are, files under another name until they are whole.
  const existing = await stat(path).catch(() => undefined)
  if (existing?.isDirectory() === true) {
    throw new LakefrontError('INVALID_ARGUMENT', `"${path}" is a directory. Name a file to write.`)
  }
  const isDevice = existing !== undefined && !existing.isFile()
  const target = isDevice ? path : `${path}.part`
  const stream = createWriteStream(target)
  const { write, rest, forsake } = writerOf(stream, controller, path)
  return {
    isTerminal: false,
    write,
    async finish() {
      await rest()
      stream.end()
      await finished(stream)
      if (!isDevice) await rename(target, path)
    },
    async discard() {
      forsake()
      stream.destroy()
      await finished(stream).catch(() => {})
      if (!isDevice) await rm(target, { force: true })
    },
  }
}

/** Writes with regard to the reader's pace. `rest` waits for what was written last; after `forsake` no failure matters. */
function writerOf(
  stream: Writable,
  controller: AbortController,
  path?: string,
): { write(chunk: string | Uint8Array): Promise<void>; rest(): Promise<void>; forsake(): void } {
  let isForsaken = false
  let failure: { readonly error: unknown } | undefined
  let last: Promise<void> = Promise.resolve()
  stream.on('error', (cause: NodeJS.ErrnoException) => {
    if (isForsaken) return
    failure ??= { error: path === undefined ? cause : unwritable(path, cause) }
    controller.abort(failure.error)
  })
  const failed = (): void => {
    if (failure !== undefined) throw failure.error
  }
  const rest = async (): Promise<void> => {
    await last
    failed()
  }
  return {
    async write(chunk) {
      failed()
      if (chunk.length === 0) return
      let hasRoom = true
      last = new Promise((resolve) => {
        // The error event tells what failed; here only that this chunk is over.
        hasRoom = stream.write(chunk, () => resolve())
      })
      if (!hasRoom) await rest()
    },
    rest,
    forsake() {
      isForsaken = true
    },
  }
}

function unwritable(path: string, cause: NodeJS.ErrnoException): LakefrontError {
  const isMissing = cause.code === 'ENOENT'
  return new LakefrontError(
    isMissing ? 'NOT_FOUND' : 'PERMISSION_DENIED',
    isMissing
      ? `"${path}" cannot be written: its folder does not exist.`
      : `"${path}" cannot be written: ${cause.code ?? cause.message}.`,
    { cause },
  )
}
