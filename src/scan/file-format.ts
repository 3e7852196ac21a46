import type { FileSource } from './source.ts'

/** Formats of files that can be read. */
export type FileFormat = Exclude<FileSource['format'], 'any'>

const endings: Readonly<Record<FileFormat, RegExp>> = {
  parquet: /\.(?:parquet|pq|parq)(?:$|[?#])/i,
  avro: /\.avro(?:$|[?#])/i,
  json: /\.(?:json|ndjson|jsonl)(?:\.gz|\.zst)?(?:$|[?#])/i,
  csv: /\.(?:csv|tsv)(?:\.gz|\.zst)?(?:$|[?#])/i,
  arrow: /\.(?:arrow|arrows|feather|ipc)(?:$|[?#])/i,
}

/** The format that a name of a file ends in. */
export function formatOfName(name: string): FileFormat | undefined {
  for (const [format, ending] of Object.entries(endings)) if (ending.test(name)) return format as FileFormat
  return undefined
}

/** Whether a name is that of something to be fetched, rather than of a table: a URL, or a path with a folder. */
export function isAddress(name: string): boolean {
  return /^[a-z][a-z0-9+.-]*:|[/\\]/i.test(name)
}
