import { readFileSync, writeFileSync } from 'node:fs'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { expect, test, vi } from 'vitest'
import { Session } from '../connect/session.ts'
import { nodeHost } from '../engine/duckdb-wasm/node-host.ts'
import { openEngine } from '../engine/open-engine.ts'
import { col } from '../expr/col.ts'
import { lit } from '../expr/lit.ts'
import { sql } from '../expr/sql.ts'
import { when } from '../expr/when.ts'
import { Window } from '../expr/window.ts'
import * as F from '../functions.ts'
import { lakesBeside } from '../lake/engine-with-lakes.ts'

const root = new URL('../../', import.meta.url)
const flights = fileURLToPath(new URL('node_modules/vega-datasets/data/flights-3m.parquet', root))
const names = { connect, col, lit, sql, when, Window, F }
const program = /```ts\n([\s\S]*?)```\n(?:\n```text\n([\s\S]*?)```)?/g

async function connect(): Promise<Session> {
  return new Session(await openEngine(nodeHost(new URL('dist/wasm/', root)), {}, {}, lakesBeside))
}

/** What the programs of a document print, one after the other, as one program. */
async function printed(programs: readonly string[]): Promise<string[]> {
  const outputs = programs.map(() => '')
  let current = 0
  const print = (...values: readonly unknown[]): void => {
    outputs[current] +=
      `${values.map((value) => (typeof value === 'string' ? value : shown(value))).join(' ')}\n`.replaceAll(
        /(lf_scan\('[^'#]*)#\w+/g,
        '$1',
      )
  }
  const body = programs.map((text, at) => `at(${at})\n${text}`).join('\n')
  const code = body
    .replaceAll(/^import .*$/gm, '')
    .replaceAll('await using db', 'const db')
    .replaceAll("'flights-3m.parquet'", JSON.stringify(flights))
  // The programs are ours, from the documents of this repository.
  const AsyncFunction = (async () => {}).constructor as new (
    ...text: string[]
  ) => (...values: unknown[]) => Promise<Session>
  const run = new AsyncFunction(...Object.keys(names), 'console', 'at', `${code}\nreturn db`)
  // `show()` prints with the global console.
  const log = vi.spyOn(console, 'log').mockImplementation(print)
  try {
    const db = await run(...Object.values(names), { log: print }, (at: number) => void (current = at))
    await db.close()
  } finally {
    log.mockRestore()
  }
  return outputs
}

function shown(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'string') return `'${value}'`
  if (value instanceof Map)
    return `Map { ${[...value].map(([key, each]) => `${shown(key)} => ${shown(each)}`).join(', ')} }`
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`
  if (typeof value !== 'object' || value === null) return String(value)
  return `{ ${Object.entries(value)
    .map(([key, each]) => `${/^\w+$/.test(key) ? key : `'${key}'`}: ${shown(each)}`)
    .join(', ')} }`
}

test.each(['dataframe', 'sql', 'from-pyspark', 'json-and-time-zones', 'udf', 'lake'])(
  'every program of docs/%s.md prints what it says',
  async (name) => {
    const path = fileURLToPath(new URL(`docs/${name}.md`, root))
    const text = readFileSync(path, 'utf8')
    const blocks = [...text.matchAll(program)]
    const outputs = await printed(blocks.map(([, code]) => code!))
    if (process.env['LAKEFRONT_WRITE_DOCS'] !== undefined) {
      let at = 0
      const filled = text.replaceAll(program, (block, code: string, output?: string) => {
        const now = outputs[at++]!
        return output === undefined ? block : `\`\`\`ts\n${code}\`\`\`\n\n\`\`\`text\n${now}\`\`\``
      })
      writeFileSync(path, filled)
      return
    }
    expect(blocks.length).toBeGreaterThan(2)
    blocks.forEach(([, , output], at) => {
      expect(outputs[at]).toBe(output ?? '')
    })
  },
  120_000,
)
