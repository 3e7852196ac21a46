import { LakefrontError } from '../errors.ts'
import type { Partition } from './partition-rows.ts'

/** What stands for null, in Hive and all who followed. */
const nullPartition = '__HIVE_DEFAULT_PARTITION__'

/**
 * The folders of a partition, such as `year=2024/city=Z%C3%BCrich/`: everything but letters of ASCII, digits and `_.-~` is encoded as in URLs, as DuckDB
 * does it.
 */
export function hivePath(names: readonly string[], { texts }: Partition): string {
  return names.map((name, index) => `${encoded(name)}=${valueText(name, texts[index]!)}/`).join('')
}

function valueText(name: string, value: string | null): string {
  if (value === null) return nullPartition
  if (value !== nullPartition) return encoded(value)
  throw new LakefrontError(
    'INVALID_VALUE',
    `Column "${name}" has the value "${nullPartition}", which as the name of a folder means NULL. Replace it, or do not partition by this column.`,
    { details: { column: name } },
  )
}

function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
