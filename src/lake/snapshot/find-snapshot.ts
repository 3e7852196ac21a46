import { LakefrontError } from '../../errors.ts'
import type { CatalogReader, CatalogRow } from '../catalog/catalog.ts'
import type { LakeMoment } from '../lake-calls.ts'
import type { SnapshotRow } from './lake-snapshot.ts'

const columns = 'snapshot_id, snapshot_time::TIMESTAMPTZ AS time, schema_version'

/**
 * The snapshot of a moment: of that number, the last that was there at that time, or the newest.
 *
 * @throws LakefrontError `SNAPSHOT_NOT_FOUND` that tells which there are, `INVALID_ARGUMENT` for what is no number or time.
 */
export async function findSnapshot(
  reader: CatalogReader,
  lake: string,
  { version, timestamp }: LakeMoment = {},
): Promise<SnapshotRow> {
  if (version !== undefined && timestamp !== undefined) {
    throw new LakefrontError('INVALID_ARGUMENT', 'Give a version or a timestamp, not both: each names a snapshot.')
  }
  if (version !== undefined) {
    if (!Number.isSafeInteger(version) || version < 0) {
      throw new LakefrontError('INVALID_ARGUMENT', `A version is a whole number from 0, not ${String(version)}.`)
    }
    const [row] = await reader.read(`SELECT ${columns} FROM {M}.ducklake_snapshot WHERE snapshot_id = $1`, [
      BigInt(version),
    ])
    return row === undefined ? notFound(reader, lake, `of version ${version}`) : snapshotOf(row)
  }
  if (timestamp !== undefined) {
    const time = instant(timestamp)
    const [row] = await reader.read(
      `SELECT ${columns} FROM {M}.ducklake_snapshot WHERE snapshot_time::TIMESTAMPTZ <= $1::TIMESTAMPTZ ORDER BY snapshot_time::TIMESTAMPTZ DESC, snapshot_id DESC LIMIT 1`,
      [time],
    )
    return row === undefined ? notFound(reader, lake, `that was there at ${time}`) : snapshotOf(row)
  }
  const [row] = await reader.read(`SELECT ${columns} FROM {M}.ducklake_snapshot ORDER BY snapshot_id DESC LIMIT 1`)
  if (row !== undefined) return snapshotOf(row)
  throw new LakefrontError('CORRUPT_FILE', `The lake "${lake}" has no snapshot at all. Its catalog is damaged.`)
}

/** The snapshots from one on, in no order. */
export async function snapshotsFrom(reader: CatalogReader, version: number): Promise<readonly SnapshotRow[]> {
  const rows = await reader.read(`SELECT ${columns} FROM {M}.ducklake_snapshot WHERE snapshot_id >= ${version}`)
  return rows.map(snapshotOf)
}

function snapshotOf(row: CatalogRow): SnapshotRow {
  return {
    id: Number(row['snapshot_id']),
    time: String(row['time']),
    schemaVersion: Number(row['schema_version']),
  }
}

/** An instant as SQL reads it; text without a zone is UTC. */
function instant(text: string): string {
  const [, day, time = '00:00:00', zone = 'Z'] =
    /^\s*(\d{4,}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?))?\s*(Z|[+-]\d\d(?::?\d\d)?)?\s*$/i.exec(text) ??
    []
  if (day !== undefined) return `${day} ${time}${zone}`
  throw new LakefrontError(
    'INVALID_ARGUMENT',
    `A timestamp is text such as '2026-11-01T00:00:00Z', not ${JSON.stringify(text.slice(0, 60))}.`,
  )
}

async function notFound(reader: CatalogReader, lake: string, which: string): Promise<never> {
  const [row] = await reader.read(
    'SELECT min(snapshot_id) AS first, max(snapshot_id) AS last, min(snapshot_time::TIMESTAMPTZ)::VARCHAR AS since FROM {M}.ducklake_snapshot',
  )
  const { first, last, since } = row!
  throw new LakefrontError(
    'SNAPSHOT_NOT_FOUND',
    `The lake "${lake}" has no snapshot ${which}. It has versions ${first} to ${last}, since ${since}; those that expired are gone.`,
    { details: { first: Number(first), last: Number(last) } },
  )
}
