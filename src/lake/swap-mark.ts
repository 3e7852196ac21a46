import type { Database } from '../engine/engine.ts'
import { transactionOn } from './catalog-version.ts'

/** Marks that stay in the file, so that a writer that got no answer finds its own behind those of others. */
const keptMarks = 32

/** Of a row of `ducklake_metadata`; other programs pass over settings they do not know. */
const key = 'lakefront_swaps'

/** Writes into a copy of the catalog that it is about to be swapped in; the answer tells this swap from all others. */
export async function markSwap(database: Database): Promise<string> {
  const catalog = transactionOn(database)
  const mark = crypto.randomUUID()
  const marks = [mark, ...(await marksIn(database))].slice(0, keptMarks).join()
  await catalog.run(
    `BEGIN; DELETE FROM {M}.ducklake_metadata WHERE key = '${key}'; INSERT INTO {M}.ducklake_metadata (key, value) VALUES ('${key}', '${marks}'); COMMIT`,
  )
  return mark
}

/** Whether a catalog is the one of that swap, or one that came after it. */
export async function holdsMark(database: Database, mark: string): Promise<boolean> {
  return (await marksIn(database)).includes(mark)
}

async function marksIn(database: Database): Promise<readonly string[]> {
  const [row] = await transactionOn(database).read(`SELECT value FROM {M}.ducklake_metadata WHERE key = '${key}'`)
  return row === undefined
    ? []
    : String(row['value'])
        .split(',')
        .filter((text) => /^[0-9a-f-]{36}$/.test(text))
}
