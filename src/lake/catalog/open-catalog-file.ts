import type { Database } from '../../engine/engine.ts'
import { isLakefrontError, LakefrontError } from '../../errors.ts'
import { transactionOn } from './catalog-version.ts'
import { writtenFormat } from './catalog-schema.ts'

/** Versions of the format that are read, the newest last. */
const readFormats: readonly string[] = ['0.3', '0.4', '1.0', '1.1-dev1', '1.1']

/**
 * Opens a file that should be a catalog, and makes sure that it is one of a version that is read here.
 *
 * @throws LakefrontError `CORRUPT_FILE` for what is damaged or no DuckDB file, `UNSUPPORTED` for a newer file or format, or a database
 * without a lake.
 */
export async function openCatalogFile(label: string, open: () => Promise<Database>): Promise<Database> {
  const database = await open().catch((error: unknown) => {
    throw openFailure(label, error)
  })
  try {
    const format = await formatOf(label, database)
    if (readFormats.includes(format)) return database
    throw new LakefrontError(
      'UNSUPPORTED',
      `The lake "${label}" has format ${format.slice(0, 40)}. Formats read here: ${readFormats.join(', ')}; written: ${writtenFormat}. Update this library, or convert the lake with the program that made it.`,
      { details: { format, supported: readFormats } },
    )
  } catch (error) {
    await database.close()
    throw error
  }
}

/** The version of the format that a catalog says it has. */
async function formatOf(label: string, database: Database): Promise<string> {
  const rows = await transactionOn(database)
    .read(`SELECT value FROM {M}.ducklake_metadata WHERE key = 'version' ORDER BY ALL LIMIT 1`)
    .catch((error: unknown) => {
      if (!isLakefrontError(error, 'TABLE_NOT_FOUND')) throw openFailure(label, error)
      throw new LakefrontError(
        'UNSUPPORTED',
        `"${label}" is a DuckDB database without a lake: it has no table ducklake_metadata. Give the path of a lake, or a folder where there is nothing and { create: true } for a new one.`,
        { cause: error },
      )
    })
  const [first] = rows
  if (typeof first?.['value'] === 'string') return first['value']
  throw new LakefrontError('CORRUPT_FILE', `The catalog "${label}" does not say which version of the format it has.`)
}

/** What DuckDB says of a file it cannot open, said of the catalog. */
function openFailure(label: string, error: unknown): unknown {
  if (!isLakefrontError(error)) return error
  const { message } = error
  const versions = /version number (\d+), but we can only read version(?:s between)? ([\d and]+)/i.exec(message)
  if (versions !== null) {
    return new LakefrontError(
      'UNSUPPORTED',
      `The catalog "${label}" was written by a newer DuckDB: its storage version is ${versions[1]}, and ${versions[2]!.trim()} can be read here. Update this library.`,
      { cause: error, details: { storageVersion: Number(versions[1]) } },
    )
  }
  if (/not a valid DuckDB database file/.test(message)) {
    return new LakefrontError('CORRUPT_FILE', `"${label}" is no catalog of a lake: it is not a DuckDB file.`, {
      cause: error,
    })
  }
  if (/corrupt|checksum|serialization|could not read|failed to load metadata/i.test(message)) {
    return new LakefrontError(
      'CORRUPT_FILE',
      `The catalog "${label}" is damaged or cut off: ${message.replace(/"lakefront \d+\.db"/g, 'the file')} Restore it from a copy.`,
      { cause: error },
    )
  }
  return error
}
