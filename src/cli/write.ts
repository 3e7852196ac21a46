import process from 'node:process'
import { text as textOf } from 'node:stream/consumers'
import { LakefrontError } from '../errors.ts'
import { spawnWorker } from '../rpc/spawn.ts'
import { supervisedEngine } from '../rpc/supervised-engine.ts'
import type { Command } from './command.ts'
import { openLake } from './lake.ts'
import { pointAt } from './point-at.ts'
import { progressBar } from './progress-bar.ts'
import { bytesText, countOf } from './quantity.ts'

/** Writes the rows of a statement to files: the engine's thread encodes and stores them. Nothing is left of a write that fails or is stopped. */
export async function runWrite(command: Command & { kind: 'write' }, controller: AbortController): Promise<void> {
  const { signal } = controller
  const sql = command.text === '-' ? await textOf(process.stdin) : command.text
  if (sql.trim() === '') throw new LakefrontError('INVALID_ARGUMENT', 'Standard input holds no statement.')
  const bar = progressBar(process.stderr)
  const started = performance.now()
  const engine = await supervisedEngine(() => spawnWorker(), { signal, stopWithin: 500 })
  try {
    if (command.lake !== undefined) await openLake(engine, { url: command.lake }, signal)
    const { rows, bytes, files } = await engine.write!({ sql }, command.task, {
      signal,
      onProgress: (progress) => bar.update(progress),
    })
    bar.clear()
    if (process.stderr.isTTY) {
      const seconds = ((performance.now() - started) / 1000).toFixed(2)
      process.stderr.write(
        `${countOf(rows, 'row')} in ${seconds} s, ${bytesText(bytes)} in ${countOf(files.length, 'file')}\n`,
      )
    }
  } catch (error) {
    throw pointAt(signal.aborted ? signal.reason : error, sql)
  } finally {
    bar.clear()
    await engine.close()
  }
}
