import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Engine } from '../engine/engine.ts'
import { LakefrontError } from '../errors.ts'
import { spawnWorker } from '../rpc/spawn.ts'
import { supervisedEngine } from '../rpc/supervised-engine.ts'
import { rowsFromBatch } from '../types/rows.ts'
import type { ColumnBatch } from '../types/column-data.ts'
import type { Command } from './command.ts'
import type { lakeVerbs } from './lake-verbs.ts'
import { resultEncoder } from './encode/result-encoder.ts'
import { openOutput } from './output.ts'

/** Does something with the lake at a place, and writes what came of it. Fails with `CORRUPT_FILE` when a check finds errors. */
export async function runLake(command: Command & { kind: 'lake' }, controller: AbortController): Promise<void> {
  const { signal } = controller
  const engine = await supervisedEngine(() => spawnWorker(), { signal, stopWithin: 500 })
  try {
    await openLake(engine, command, signal)
    const output = await openOutput(undefined, controller)
    for await (const chunk of answer(engine, command, signal)) await output.write(chunk)
    await output.finish()
  } finally {
    await engine.close()
  }
}

/** Opens a lake of a command line as `lake`. */
export async function openLake(
  engine: Engine,
  { url, verb }: { readonly url: string; readonly verb?: (typeof lakeVerbs)[number] },
  signal: AbortSignal,
): Promise<void> {
  const readOnly = verb === undefined || verb === 'tables' || verb === 'snapshots' || verb === 'check'
  await engine.lake!('open', { url, name: 'lake', create: verb === 'init', readOnly }, { signal })
}

/** Whether a path is a lake: a folder with a catalog, or a catalog. */
export async function isLake(path: string): Promise<boolean> {
  if (path.endsWith('.ducklake')) return true
  return (await stat(join(path, 'catalog.ducklake')).catch(() => undefined)) !== undefined
}

/** The tables of a lake, as `inspect` writes them. */
export async function lakeText(url: string, format: 'table' | 'json', signal: AbortSignal): Promise<string> {
  const engine = await supervisedEngine(() => spawnWorker(), { signal, stopWithin: 500 })
  try {
    const request = { url, name: 'lake', create: false, readOnly: true }
    const info = await engine.lake!('open', request, { signal })
    const tables = await engine.lake!('tables', { lake: 'lake' }, { signal })
    if (format === 'json') {
      const rows = rowsFromBatch(tables)
      const plain = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? Number(value) : value)
      return `${JSON.stringify({ format: `DuckLake ${info.formatVersion}`, snapshot: info.snapshot, tables: rows }, plain, 2)}\n`
    }
    const texts: string[] = []
    for await (const chunk of listed(tables, 'table')) texts.push(String(chunk))
    return `DuckLake ${info.formatVersion}, snapshot ${info.snapshot}\n\n${texts.join('')}`
  } finally {
    await engine.close()
  }
}

async function* answer(
  engine: Engine,
  { verb, url, format, dryRun, olderThan }: Command & { kind: 'lake' },
  signal: AbortSignal,
): AsyncGenerator<string | Uint8Array> {
  const [lake, options] = ['lake', { signal }]
  const older = olderThan === undefined ? {} : { olderThan }
  switch (verb) {
    case 'init':
    case 'tables':
      return yield* listed(await engine.lake!('tables', { lake }, options), format)
    case 'snapshots':
      return yield* listed(await engine.lake!('snapshots', { lake }, options), format)
    case 'compact':
      return yield* told(await engine.lake!('compact', { lake, dryRun }, options))
    case 'expire':
      return yield* told(await engine.lake!('expire', { lake, dryRun, ...older }, options))
    case 'vacuum':
      return yield* told(await engine.lake!('vacuum', { lake, dryRun, ...older }, options))
    case 'recover':
      return yield* told(await engine.lake!('recover', { lake, ...older }, options))
    case 'check': {
      const report = await engine.lake!('check', { lake }, options)
      yield* told(report)
      if (!report.isSound) throw notSound(url, report.findings.length)
      return
    }
    default:
      return verb satisfies never
  }
}

async function* listed(batch: ColumnBatch, format: 'table' | 'json' | 'csv'): AsyncGenerator<string | Uint8Array> {
  const encoder = await resultEncoder({ kind: 'sql', text: '', format, rows: Infinity }, batch.schema)
  yield* encoder.head()
  yield* encoder.batch(batch)
  yield* encoder.tail()
}

function notSound(url: string, findings: number): LakefrontError {
  return new LakefrontError(
    'CORRUPT_FILE',
    `The lake "${url.replace(/[?#].*$/s, '')}" is not sound: ${findings} ${findings === 1 ? 'finding' : 'findings'}, listed above.`,
  )
}

/** A report, as JSON. */
async function* told(report: object): AsyncGenerator<string> {
  const plain = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? Number(value) : value)
  yield `${JSON.stringify(report, plain, 2)}\n`
}
