import type { Database } from '../../engine/engine.ts'
import { transactionOn } from './catalog-version.ts'

/** Marks that stay in the file, so that a writer that got no answer finds its own behind those of others. */
const keptMarks = 32

/** Characters of a mark and the comma behind it. */
const markLength = 37

/** Of a row of `ducklake_metadata`; other programs pass over settings they do not know. */
const key = 'lakefront_swaps'

/** Writes into a copy of the catalog that it is about to be swapped in; answers what tells this swap from all others. */
export async function markSwap(database: Database): Promise<string> {
  const catalog = transactionOn(database)
  const mark = crypto.randomUUID()
  const kept = await catalog.read(
    `UPDATE {M}.ducklake_metadata SET value = left('${mark},' || value, ${keptMarks * markLength - 1}) WHERE key = '${key}' RETURNING true`,
  )
  if (kept.length === 0)
    await catalog.run(`INSERT INTO {M}.ducklake_metadata (key, value) VALUES ('${key}', '${mark}')`)
  return mark
}

/**
 * Whether a catalog is the one of that swap of `base`, or one that came after it; undefined when so many came since that its mark may have been let
 * go.
 */
export async function isSwapped(
  database: Database,
  { mark, base }: { readonly mark: string; readonly base: Database },
): Promise<boolean | undefined> {
  const marks = await marksIn(database)
  if (marks.includes(mark)) return true
  const [previous] = await marksIn(base)
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
