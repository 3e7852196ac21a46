import type { Database } from '../engine/engine.ts'
import { transactionOn } from './catalog-version.ts'

/** Marks that stay in the file, so that a writer that got no answer finds its own behind those of others. */
const keptMarks = 32

/** Of a row of `ducklake_metadata`; other programs pass over settings they do not know. */
const key = 'lakefront_swaps'

/** What tells a swap from all others, and the one before it. */
export interface SwapMark {
  readonly mark: string
  readonly previous: string | undefined
}

/** Writes into a copy of the catalog that it is about to be swapped in. */
export async function markSwap(database: Database): Promise<SwapMark> {
  const catalog = transactionOn(database)
  const mark = crypto.randomUUID()
  const before = await marksIn(database)
  const marks = [mark, ...before].slice(0, keptMarks).join()
  await catalog.run(
    `BEGIN; DELETE FROM {M}.ducklake_metadata WHERE key = '${key}'; INSERT INTO {M}.ducklake_metadata (key, value) VALUES ('${key}', '${marks}'); COMMIT`,
  )
  return { mark, previous: before[0] }
}

/** Whether a catalog is the one of that swap, or one that came after it; undefined when so many came since that its mark may have been let go. */
export async function isSwapped(database: Database, { mark, previous }: SwapMark): Promise<boolean | undefined> {
  const marks = await marksIn(database)
  if (marks.includes(mark)) return true
  const reachesBack = marks.length < keptMarks || (previous !== undefined && marks.includes(previous))
  return reachesBack ? false : undefined
}

async function marksIn(database: Database): Promise<readonly string[]> {
  const [row] = await transactionOn(database).read(`SELECT value FROM {M}.ducklake_metadata WHERE key = '${key}'`)
  return row === undefined
    ? []
    : String(row['value'])
        .split(',')
        .filter((text) => /^[0-9a-f-]{36}$/.test(text))
}
