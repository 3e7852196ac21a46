import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DuckDBConnection } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { lakeList, virtualFields } from './fixtures/lake-list.ts'
import { drain, nativeConnection, provider, rowsOf } from './fixtures/native.ts'

/** Lakes that the reference wrote, and what it reads of them. */
const folder = fileURLToPath(new URL('../../../shared/data/ducklake', import.meta.url))
const lakes = existsSync(folder) ? readdirSync(folder).sort() : []

interface Expected {
  readonly versions: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          { readonly count: number; readonly rows?: readonly Readonly<Record<string, string | number | null>>[] }
        >
      >
    >
  >
}

describe.skipIf(lakes.length === 0)('files of lakes that the reference extension wrote', () => {
  let native: DuckDBConnection
  const scans = provider()

  beforeAll(async () => {
    native = await nativeConnection()
  })
  afterAll(() => {
    scans.close()
    native.closeSync()
  })

  test.each(lakes)('%s: every row of a file, with its row id, in every snapshot', async (name) => {
    const expected = JSON.parse(readFileSync(join(folder, name, 'expected.json'), 'utf8')) as Expected
    await native.run(`ATTACH '${join(folder, name, 'catalog.ducklake')}' AS lake (READ_ONLY)`)
    try {
      for (const [snapshot, tables] of Object.entries(expected.versions)) {
        for (const [fullName, { rows, count }] of Object.entries(tables)) {
          if (rows === undefined) continue
          const [schema, table] = splitName(fullName)
          const where = { schema, table, snapshot: Number(snapshot) }
          const inCatalog = await inlinedIds(native, where)
          const source = await lakeList(native, join(folder, name), where)
          const found = await scans.table(source)
          const batches = await drain(found.open({ columns: found.schema.fields.map((_, index) => index) }))
          const width = source.mapping.length - virtualFields.length
          const ours = new Map(rowsOf(batches).map((row) => [Number(row[width]), row.slice(0, width)]))
          const theirs = new Map(
            rows
              .filter(({ rowid }) => !inCatalog.has(Number(rowid)))
              .map(({ rowid, ...values }) => [Number(rowid), Object.values(values).map((value) => value ?? 'NULL')]),
          )
          // Of a long table only its first and last rows are written out.
          const same = [...theirs.keys()].map((id) => [id, ours.get(id)])
          expect(same, `${fullName} ${snapshot}`).toEqual([...theirs])
          expect(ours.size, `${fullName} ${snapshot}`).toBe(count - inCatalog.size)
          const counted = await drain(found.open({ columns: [] }))
          expect(counted.reduce((sum, { length }) => sum + length, 0)).toBe(ours.size)
          if (found.rowCount !== undefined) expect(found.rowCount).toBe(ours.size)
        }
      }
    } finally {
      await native.run('DETACH lake')
    }
  })
})

function splitName(name: string): [string, string] {
  const at = name.indexOf('.')
  return [name.slice(0, at), name.slice(at + 1)]
}

/** Ids of the rows that are in the catalog itself. */
async function inlinedIds(
  native: DuckDBConnection,
  { schema, table, snapshot }: { schema: string; table: string; snapshot: number },
): Promise<ReadonlySet<number>> {
  const found = await native.runAndReadAll(
    `SELECT DISTINCT i.table_name FROM lake.ducklake_inlined_data_tables i JOIN lake.ducklake_table t USING (table_id) JOIN lake.ducklake_schema s USING (schema_id)
      WHERE t.table_name = $1 AND s.schema_name = $2`,
    [table, schema],
  )
  const ids = new Set<number>()
  for (const [name] of found.getRows()) {
    const rows = await native.runAndReadAll(
      `SELECT row_id FROM lake."${String(name)}" WHERE begin_snapshot <= ${snapshot} AND (end_snapshot IS NULL OR end_snapshot > ${snapshot})`,
    )
    for (const [id] of rows.getRows()) ids.add(Number(id))
  }
  return ids
}
