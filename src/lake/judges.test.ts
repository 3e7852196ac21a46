import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DuckDBInstance } from '@duckdb/node-api'
import { describe, expect, test } from 'vitest'
import { audited, differences, judged, lakeJudges, noLakeJudges } from './fixtures/lake-judges.ts'
import type { ExpectedLake } from './fixtures/lake-judges.ts'

const folder = fileURLToPath(new URL('../../../shared/data/ducklake', import.meta.url))
const names = readdirSync(folder)
const lakes = names.map((name) => join(folder, name))
const expected = names.map(
  (name) =>
    (JSON.parse(readFileSync(join(folder, name, 'expected.json'), 'utf8')) as { versions: ExpectedLake }).versions,
)

/** What a judge is known not to read right, and so is no judge of. */
const gaps: Readonly<Record<string, readonly string[]>> = {
  dataframe: [
    // It leaves columns that were added later empty where they have a default,
    'evolution',
    'random1',
    // does not see deletes that are kept in the catalog, and takes all of a delete file that is of several snapshots,
    'inlined',
    'random0',
    'random2',
    // and reads no maps.
    'types',
  ],
}

describe('what judges say of lakes that the reference extension wrote', { timeout: 900_000 }, () => {
  test.for(lakeJudges)('%s reads what it is known to read, and nothing else wrong', async (judge, { skip }) => {
    if (noLakeJudges !== undefined) skip(noLakeJudges)
    const found = await judged(judge, lakes)
    const wrong = names.map((name, index) => [name, differences(expected[index]!, found[index]!)] as const)
    expect(wrong.filter(([name, told]) => told.length > 0 && !(gaps[judge] ?? []).includes(name))).toEqual([])
    expect(wrong.flatMap(([name, told]) => (told.length > 0 ? [name] : []))).toEqual((gaps[judge] ?? []).toSorted())
  })

  test('the audit finds nothing wrong with their numbers', async ({ skip }) => {
    if (noLakeJudges !== undefined) skip(noLakeJudges)
    expect(await audited(lakes)).toEqual(names.map(() => []))
  })

  test.for([
    ["UPDATE ducklake_table_column_stats SET max_value = '3' WHERE column_id = 1", /"id" = CAST/],
    [
      "UPDATE ducklake_file_column_stats SET min_value = '70' WHERE column_id = 1 AND data_file_id = 0",
      /min of "id" is not 70/,
    ],
    ['UPDATE ducklake_data_file SET record_count = record_count + 1 WHERE data_file_id = 0', /has 1000 rows, not 1001/],
    ["UPDATE ducklake_snapshot_changes SET changes_made = 'did:1' WHERE snapshot_id = 3", /snapshot 3 says did:1/],
  ] as const)('the audit finds %s', async ([damage, found], { skip }) => {
    if (noLakeJudges !== undefined) skip(noLakeJudges)
    const copy = mkdtempSync(join(tmpdir(), 'lake-'))
    cpSync(join(folder, 'stats'), copy, { recursive: true })
    const database = await DuckDBInstance.create(join(copy, 'catalog.ducklake'))
    const connection = await database.connect()
    await connection.run(damage)
    connection.closeSync()
    database.closeSync()
    expect((await audited([copy]))[0]!.join('\n')).toMatch(found)
    rmSync(copy, { recursive: true })
  })
})
