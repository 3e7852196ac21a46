import type { FileSource } from './source.ts'

/** Formats of files that can be read. */
export type FileFormat = FileSource['format']

const endings: Readonly<Record<FileFormat, RegExp>> = {
  parquet: /\.(?:parquet|pq|parq)(?:$|[?#])/i,
  avro: /\.avro(?:$|[?#])/i,
  json: /\.(?:json|ndjson|jsonl)(?:\.gz|\.zst)?(?:$|[?#])/i,
}

/** The format that a name of a file ends in. */
export function formatOfName(name: string): FileFormat | undefined {
  for (const [format, ending] of Object.entries(endings)) if (ending.test(name)) return format as FileFormat
  return undefined
}
