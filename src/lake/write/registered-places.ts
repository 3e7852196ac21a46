import { LakefrontError } from '../../errors.ts'
import type { CatalogReader } from '../catalog/catalog.ts'
import type { LakeTarget } from '../snapshot/lake-target.ts'

/** Names that lakes give their data files, which nobody else has. */
const ownName = /ducklake-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.parquet$/i

/**
 * Refuses files that a table has already, however their places are spelled, and data files of the lake itself, which go when their own table does not need them any more.
 *
 * @throws LakefrontError `INVALID_ARGUMENT`
 */
export async function refuseKnownFiles(
  reader: CatalogReader,
  { id, name }: LakeTarget,
  files: readonly string[],
): Promise<void> {
  const rows = await reader.read(
    'SELECT path FROM {M}.ducklake_data_file WHERE table_id = $1 AND end_snapshot IS NULL AND NOT path_is_relative',
    [id],
  )
  const known = new Set(rows.map((row) => placeOf(String(row['path']))))
  for (const file of files) {
    const place = placeOf(file)
    if (known.has(place)) {
      throw new LakefrontError(
        'INVALID_ARGUMENT',
        `"${name}" has the file "${file.split(/[?#]/, 1)[0]}" already; its rows would be there twice.`,
      )
    }
    known.add(place)
    const own = ownName.exec(place)?.[0]
    if (own === undefined) continue
    const there = await reader.read('SELECT 1 FROM {M}.ducklake_data_file WHERE ends_with(path, $1) LIMIT 1', [own])
    if (there.length > 0) {
      throw new LakefrontError(
        'INVALID_ARGUMENT',
        `"${file.split(/[?#]/, 1)[0]}" is a data file of this lake. Insert its rows instead: insert(db.read.parquet(…)).`,
      )
    }
  }
}

/** A place as it is spelled shortest: of a file on disk its path. */
function placeOf(reference: string): string {
  const isOnDisk = /^file:\/\/(?=\/)/i.test(reference)
  const text = isOnDisk ? decodeURIComponent(reference.slice('file://'.length)) : reference
  const [, root = '', path = ''] = /^([a-z][a-z0-9+.-]+:\/\/[^/]*)?([^]*)$/i.exec(text)!
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return `${root}/${parts.join('/')}`
}
