import { LakefrontError } from '../../errors.ts'
import type { CatalogReader } from './catalog.ts'
import { writtenFormat } from './catalog-schema.ts'

/** @throws LakefrontError `UNSUPPORTED` unless the catalog has the format that is written. */
export async function assertWritable(reader: CatalogReader, label: string): Promise<void> {
  const [row] = await reader.read(`SELECT value FROM {M}.ducklake_metadata WHERE key = 'version' AND scope IS NULL`)
  const version = String(row?.['value'])
  if (version === writtenFormat) return
  throw new LakefrontError(
    'UNSUPPORTED',
    `The lake "${label}" has DuckLake's format ${version}; only ${writtenFormat} is written. Migrate it first.`,
    { details: { version, written: writtenFormat } },
  )
}
