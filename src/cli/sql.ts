import process from 'node:process'
import { text as textOf } from 'node:stream/consumers'
import type { ResultStream } from '../engine/engine.ts'
import { LakefrontError } from '../errors.ts'
import { spawnWorker } from '../rpc/spawn.ts'
import { supervisedEngine } from '../rpc/supervised-engine.ts'
import type { Command } from './command.ts'
import { resultEncoder } from './encode/result-encoder.ts'
import { openLake } from './lake.ts'
import { openOutput } from './output.ts'
import { pointAt } from './point-at.ts'
import { progressBar } from './progress-bar.ts'
import { bytesText, countOf } from './quantity.ts'

/**
 * Runs the statement and writes its rows as they come. The engine is in a thread, so that Ctrl-C is heard whatever a query does.
 * A file is only touched once the statement has begun to give rows.
 */
export async function runSql(command: Command & { kind: 'sql' }, controller: AbortController): Promise<void> {
  const { signal } = controller
  const sql = command.text === '-' ? await textOf(process.stdin) : command.text
  if (sql.trim() === '') throw new LakefrontError('INVALID_ARGUMENT', 'Standard input holds no statement.')
  const bar = progressBar(process.stderr)
  const engine = await supervisedEngine(() => spawnWorker(), { signal, stopWithin: 500 })
  try {
    if (command.lake !== undefined) await openLake(engine, { url: command.lake }, signal)
    const stream = await engine.execute({ sql }, { signal, onProgress: (progress) => bar.update(progress) })
    const output = await openOutput(command.output, controller)
    try {
      const rows = await writeRows(stream, command, async (chunk) => {
        // Rows and the bar would write over each other.
        if (output.isTerminal) bar.clear()
        await output.write(chunk)
      })
      bar.clear()
      await output.finish()
      if (process.stderr.isTTY) await writeSummary(stream, rows)
    } catch (error) {
      await output.discard()
      throw signal.aborted ? signal.reason : error
    } finally {
      await stream.close()
    }
  } catch (error) {
    throw pointAt(error, sql)
  } finally {
    bar.clear()
    await engine.close()
  }
}

async function writeRows(
  stream: ResultStream,
  command: Command & { kind: 'sql' },
  write: (chunk: string | Uint8Array) => Promise<void>,
): Promise<number> {
  const encoder = await resultEncoder(command, stream.schema)
  let rows = 0
  for await (const chunk of encoder.head()) await write(chunk)
  for (let batch = await stream.next(); batch !== undefined; batch = await stream.next()) {
    rows += batch.length
    for await (const chunk of encoder.batch(batch)) await write(chunk)
  }
  for await (const chunk of encoder.tail()) await write(chunk)
  return rows
}

async function writeSummary(stream: ResultStream, rows: number): Promise<void> {
  const { totalMilliseconds, scans } = await stream.metrics()
  const read = scans.reduce((bytes, scan) => bytes + scan.bytesFetched, 0)
  const warnings = scans.flatMap((scan) => scan.warnings.map((warning) => `${warning}\n`)).join('')
  process.stderr.write(
    `${warnings}${countOf(rows, 'row')} in ${(totalMilliseconds / 1000).toFixed(2)} s, ${bytesText(read)} read\n`,
  )
}
