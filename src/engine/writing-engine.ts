import type { WriteParts } from '../write/write-rows.ts'
import { writeRows } from '../write/write-rows.ts'
import type { Engine, Progress } from './engine.ts'

/** `engine` as it is, writing files by itself. `close` runs when it has closed. */
export function writingEngine(engine: Engine, parts: WriteParts & { readonly close?: () => Promise<void> }): Engine {
  const close = async (): Promise<void> => {
    await engine.close()
    await parts.close?.()
  }
  return {
    get info() {
      return engine.info
    },
    register: (source) => engine.register(source),
    unregister: (id) => engine.unregister(id),
    ...(engine.registerFunction === undefined
      ? {}
      : { registerFunction: (definition) => engine.registerFunction!(definition) }),
    ...(engine.unregisterFunction === undefined
      ? {}
      : { unregisterFunction: (name) => engine.unregisterFunction!(name) }),
    ...(engine.lake === undefined ? {} : { lake: engine.lake }),
    describe: (statement, options) => engine.describe(statement, options),
    execute: (statement, options) => engine.execute(statement, options),
    write(statement, task, { signal, onProgress, fetchLimit } = {}) {
      let scanned: Progress = { rowsScanned: 0, bytesFetched: 0 }
      let written = { rowsWritten: 0, bytesWritten: 0 }
      const tell = (): void => onProgress?.({ ...scanned, ...written })
      const run = (): ReturnType<Engine['execute']> =>
        engine.execute(statement, {
          ...(signal === undefined ? {} : { signal }),
          ...(fetchLimit === undefined ? {} : { fetchLimit }),
          onProgress(progress) {
            scanned = progress
            tell()
          },
        })
      return writeRows(run, task, {
        ...parts,
        ...(signal === undefined ? {} : { signal }),
        onProgress({ rows, bytes }) {
          written = { rowsWritten: rows, bytesWritten: bytes }
          tell()
        },
      })
    },
    ...(engine.connection === undefined
      ? {}
      : {
          connection: async () => {
            const own = await engine.connection!()
            return own === undefined ? undefined : writingEngine(own, { ...parts, close: async () => {} })
          },
        }),
    ...(engine.openDatabase === undefined ? {} : { openDatabase: (bytes) => engine.openDatabase!(bytes) }),
    close,
    [Symbol.asyncDispose]: close,
  }
}
