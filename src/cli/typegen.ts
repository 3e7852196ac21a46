import { LakefrontError } from '../errors.ts'
import type { Engine } from '../engine/engine.ts'
import { spawnWorker } from '../rpc/spawn.ts'
import { supervisedEngine } from '../rpc/supervised-engine.ts'
import type { Schema } from '../types/logical-type.ts'
import { rowsFromBatch } from '../types/rows.ts'
import { property } from '../types/typescript-type.ts'
import type { Command } from './command.ts'
import { openOutput } from './output.ts'

/** Writes the declaration that gives `db.table('name')` its rows: one property for each table, view and file. */
export async function typegen(command: Command & { kind: 'typegen' }, controller: AbortController): Promise<void> {
  const { signal } = controller
  const engine = await supervisedEngine(() => spawnWorker(), { signal, stopWithin: 500 })
  try {
    const schemas: [name: string, schema: Schema][] = []
    if (command.sql !== undefined) {
      await rows(engine, command.sql, signal)
      for (const name of await tableNames(engine, signal)) schemas.push([name, await columns(engine, name, signal)])
    }
    for (const { name, file } of command.files) {
      schemas.push([name, await engine.describe({ sql: `SELECT * FROM '${file.replaceAll("'", "''")}'` }, { signal })])
    }
    if (schemas.length === 0)
      throw new LakefrontError('INVALID_ARGUMENT', 'After --sql there are no tables to write down.')
    const output = await openOutput(command.output, controller)
    await output.write(declaration(schemas))
    await output.finish()
  } finally {
    await engine.close()
  }
}

function declaration(schemas: readonly (readonly [name: string, schema: Schema])[]): string {
  const tables = schemas.map(([name, { fields }]) => {
    const properties = fields.map((field) => `      ${property(field)}\n`).join('')
    return `    ${JSON.stringify(name)}: {\n${properties}    }\n`
  })
  return `// Written by "lakefront typegen": run it again when the tables change.
import 'lakefront'

declare module 'lakefront' {
  interface Tables {
${tables.join('')}  }
}
`
}

/** `name`, or `schema.name` outside of the main one, as `db.table()` takes it. */
async function tableNames(engine: Engine, signal: AbortSignal): Promise<string[]> {
  const found = await rows(
    engine,
    "SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema NOT IN ('information_schema', 'pg_catalog') ORDER BY ALL",
    signal,
  )
  return found.map((row) => {
    const [schema, name] = [String(row['table_schema']), String(row['table_name'])]
    return schema === 'main' ? quoted(name) : `${quoted(schema)}.${quoted(name)}`
  })
}

function quoted(name: string): string {
  return /^[\p{L}_][\p{L}\p{N}_$]*$/u.test(name) ? name : `"${name.replaceAll('"', '""')}"`
}

function columns(engine: Engine, name: string, signal: AbortSignal): Promise<Schema> {
  return engine.describe({ sql: `SELECT * FROM ${name.replaceAll(/^[^".]+|(?<=\.)[^".]+/g, '"$&"')}` }, { signal })
}

async function rows(engine: Engine, sql: string, signal: AbortSignal): Promise<Record<string, unknown>[]> {
  const stream = await engine.execute({ sql }, { signal })
  try {
    const found: Record<string, unknown>[] = []
    for (let batch = await stream.next(); batch !== undefined; batch = await stream.next())
      found.push(...rowsFromBatch(batch))
    return found
  } finally {
    await stream.close()
  }
}
